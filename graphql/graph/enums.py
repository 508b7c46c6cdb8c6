"""The choices of the models as enums of the schema, registered before any type refers to one."""

from __future__ import annotations

import strawberry

from apps.instrument.models import CounterpartyKind, FacilityKind, ProductType
from apps.portfolio.dimensions import Dimension
from apps.portfolio.models import NodeType
from apps.run.models import Phase, RunBreak, RunStatus, TaskStatus

BreakStatus = RunBreak.Status

strawberry.enum(NodeType, description="The levels of the tree, from the top.")
strawberry.enum(ProductType, description="The product types of the platform.")
strawberry.enum(CounterpartyKind, description="What a counterparty is to credit and capital rules.")
strawberry.enum(FacilityKind, description="What may be drawn under a facility.")
strawberry.enum(Dimension, description="What totals are split by; PORTFOLIO is the children.")
strawberry.enum(RunStatus, description="The life of a run.")
strawberry.enum(Phase, description="The phases of a run, in order, with a barrier between them.")
strawberry.enum(TaskStatus, description="The life of a task; SPLIT is replaced by its halves.")
strawberry.enum(BreakStatus, name="BreakStatus", description="Who has the break now.")

__all__ = [
    "BreakStatus",
    "CounterpartyKind",
    "Dimension",
    "FacilityKind",
    "NodeType",
    "Phase",
    "ProductType",
    "RunStatus",
    "TaskStatus",
]
