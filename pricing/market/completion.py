"""What is to be calibrated in a market document, calibrated: once, before it is stored or read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pricing.market import bootstrap, model_documents, reading


def completed(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document with the nodes its quotes make and the parameters its models ask for.

    A document that asks for nothing is returned as it is. MarketError names the place of what
    cannot be met.
    """
    done = bootstrap.calibrated(reading.mapping(document, "market"))
    if "models" in done:
        done["models"] = model_documents.calibrated(done)
    return done
