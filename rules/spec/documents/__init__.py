"""Documents: one module per kind of file that a community is written in."""

from __future__ import annotations

from rules.spec.documents.calendar import Calendar
from rules.spec.documents.cases import Cases
from rules.spec.documents.community import CommunityDocument
from rules.spec.documents.lifecycle import Lifecycle
from rules.spec.documents.metrics import Metrics
from rules.spec.documents.mode import Mode
from rules.spec.documents.resources import Resources
from rules.spec.documents.rules import Rules
from rules.spec.documents.sla import Slas
from rules.spec.documents.task import Task
from rules.spec.documents.tiers import Tiers
from rules.spec.node import Node

# schema: → model, in the order in which a community is best read.
DOCUMENTS: dict[str, type[Node]] = {
    "community/v1": CommunityDocument,
    "metrics/v1": Metrics,
    "tiers/v1": Tiers,
    "lifecycle/v1": Lifecycle,
    "rules/v1": Rules,
    "sla/v1": Slas,
    "resources/v1": Resources,
    "calendar/v1": Calendar,
    "mode/v1": Mode,
    "task/v1": Task,
    "cases/v1": Cases,
}

__all__ = [
    "DOCUMENTS",
    "Calendar",
    "Cases",
    "CommunityDocument",
    "Lifecycle",
    "Metrics",
    "Mode",
    "Resources",
    "Rules",
    "Slas",
    "Task",
    "Tiers",
]
