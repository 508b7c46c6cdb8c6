"""The canary proves every product, and fast enough to be asked at each start of a worker."""

from __future__ import annotations

import time

import numpy as np
import pytest

from pricing import canary, canary_batch, profile
from pricing.products import derivative
from pricing.products.registry import PRODUCTS


def test_the_canary_values_every_product_and_every_kind_of_derivative() -> None:
    found, _ = canary.valued()
    assert set(found) == set(PRODUCTS)
    for product_type, valued in found.items():
        assert valued.failures, product_type
        assert valued.failures == [None] * len(valued.failures), product_type
        assert np.isfinite(valued.values).all(), product_type
        assert (valued.values != 0.0).any(axis=1).all(), product_type
    kinds = {p.terms["kind"] for p in canary_batch.positions() if p.product_type == "DERIVATIVE"}
    assert kinds == set(derivative.KINDS)


def test_the_canary_takes_less_than_a_second() -> None:
    # Seconds of this process, so that a busy machine does not count; the first one reads calendars.
    canary.values()
    began = time.process_time()
    canary.values()
    assert time.process_time() - began < 1.0


@pytest.mark.parametrize("product_type", sorted(PRODUCTS))
def test_one_bit_of_one_product_changes_the_hash(
    product_type: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrays = canary.values()
    monkeypatch.setattr(canary, "values", lambda: arrays)
    before = profile.canary()
    place = sorted(PRODUCTS).index(product_type)
    arrays[place] = arrays[place].copy()
    arrays[place][0, 0] = np.nextafter(arrays[place][0, 0], np.inf)
    assert profile.canary() != before
