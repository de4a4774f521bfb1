"""Cross-document checks: what no document shows alone. `load` calls `run` once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rules.spec.checks.at import At
from rules.spec.checks.cases import Desk, cases
from rules.spec.checks.community import calendar, community, resources, slas
from rules.spec.checks.index import index
from rules.spec.checks.metrics import metrics
from rules.spec.checks.modes import mode, parameters
from rules.spec.checks.names import Names
from rules.spec.checks.standings import ladder, lifecycle, rules
from rules.spec.checks.tasks import made_up, task
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

if TYPE_CHECKING:
    from rules.spec.community import Community
    from rules.spec.diagnostics import Problems

__all__ = ["run"]


def run(spec: Community, problems: Problems) -> None:
    """Add every cross-document problem of a community to `problems`: one for each mistake, where it is written."""
    places = [(At(problems, d.source), d.model) for d in spec.documents]
    names = index(places, spec.document, spec.lost)
    modes = {model.id: at for at, model in reversed(places) if isinstance(model, Mode)}
    for at, model in sorted(places, key=lambda place: not isinstance(place[1], Metrics)):
        _document(at, model, names)
    for at, model in places:
        if isinstance(model, Mode):
            made_up(at, model, names, spec.kinds)
    bound: dict[str, Mode] = {}
    for at, model in places:
        if isinstance(model, Task):
            whole = task(at, model, names, modes.get(model.mode), spec.kinds)
            if whole is not None:
                bound[model.id] = whole
    desk = Desk(names, [model for _, model in places], bound)
    for at, model in places:
        if isinstance(model, Cases):
            cases(at, model, desk)


def _document(at: At, model: Any, names: Names) -> None:
    match model:
        case CommunityDocument():
            community(at, model, names)
        case Metrics():
            metrics(at, model, names)
        case Tiers():
            ladder(at, model, names)
        case Lifecycle():
            lifecycle(at, model, names)
        case Rules():
            rules(at, model, names)
        case Slas():
            slas(at, model, names)
        case Resources():
            resources(at, model, names)
        case Calendar():
            calendar(at, model)
        case Mode():
            mode(at, model, names)
            parameters(at, model, names)
