"""The community document and what stands beside it: roles, lists, titles, goals, service levels, resources."""

from __future__ import annotations

import zoneinfo
from collections.abc import Mapping
from typing import Any

from rules.spec.checks.at import At, meant
from rules.spec.checks.conditions import condition, order
from rules.spec.checks.effects import known, money, within
from rules.spec.checks.names import Names
from rules.spec.checks.people import who
from rules.spec.checks.scene import PEOPLE, Scene, refer
from rules.spec.documents.calendar import Calendar
from rules.spec.documents.community import CommunityDocument, Title
from rules.spec.documents.resources import Budget, Resources
from rules.spec.documents.sla import Slas


def community(at: At, written: CommunityDocument, names: Names) -> None:
    """Check the names of a community."""
    scene = Scene(names, subject="community", apart=True)
    try:
        zoneinfo.ZoneInfo(written.zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        (at / "zone").say(
            "TRL350", f"there is no time zone '{written.zone}'", meant(written.zone, zoneinfo.available_timezones())
        )
    known(at / "calendar", "calendar", written.calendar, scene)
    for n, role in enumerate(written.roles):
        here = at / "roles" / n
        known(here / "backup", "role", role.backup, scene)
        within(here / "handover", role.handover, scene)
        money(here / "cost", role.cost, scene)
        if role.backup == role.id:
            (here / "backup").say("TRL351", f"role '{role.id}' is its own backup", "name another role")
    for n, listed in enumerate(written.lists):
        seen: set[str] = set()
        for m, item in enumerate(listed.items):
            if item.id in seen:
                (at / "lists" / n / "items" / m / "id").say(
                    "TRL312", f"'{item.id}' is there twice", "values of a list are unique"
                )
            seen.add(item.id)
    for n, attribute in enumerate(written.attributes):
        one_of(at / "attributes" / n / "one_of", attribute.one_of, scene)
    for n, space in enumerate(written.spaces):
        if "seen_by" in space.model_fields_set:
            who(at / "spaces" / n / "seen_by", space.seen_by, scene)
    for n, cohort in enumerate(written.cohorts):
        here = at / "cohorts" / n
        who(here / "of", cohort.of, scene)
        refer(here / "host", cohort.host, scene, PEOPLE)
        for m, by in enumerate(cohort.by):
            if by not in names.member:
                (here / "by" / m).unknown("TRL301", "attribute", by, names.member)
    for n, title in enumerate(written.titles):
        _title(at / "titles" / n, title, scene)
    _goals(at, written, names)
    for n, moved in enumerate(written.moved):
        if ":" in moved.to:
            refer(
                at / "moved" / n / "to",
                moved.to,
                scene,
                {"people", "places", "text", "budget", "stock", "fleet", "benefit", "task"},
            )


def one_of(at: At, written: Any, scene: Scene) -> None:
    """Check the list that a field takes its values from."""
    if isinstance(written, str) and scene.names.values_of(written) is None:
        known(at, "list", written, scene)


def _title(at: At, title: Title, scene: Scene) -> None:
    known(at / "layer", "space", title.layer, scene)
    known(at / "per", "list", title.per, scene)
    if title.held_by is not None:
        who(at / "held_by", title.held_by, scene)
    if title.granted_by is not None:
        who(at / "granted_by", title.granted_by, scene)
    condition(at / "renew", title.renew, Scene(scene.names))
    condition(at / "while", title.while_, Scene(scene.names))


def _goals(at: At, written: CommunityDocument, names: Names) -> None:
    scene = Scene(names, about="community", subject="community", apart=True)
    parents = {goal.id: goal.of for goal in written.goals}
    for n, goal in enumerate(written.goals):
        here = at / "goals" / n
        condition(here / "reached", goal.reached, scene)
        if refer(here / "set_by", goal.set_by, scene, PEOPLE) and not goal.set_by.startswith("role:"):
            message = f"a goal is set by a role, and '{goal.set_by}' is none"
            (here / "set_by").say("TRL305", message, "write role: and the role whose people may change it")
        if known(here / "of", "goal", goal.of, scene) and goal.of is not None and _circle(goal.id, parents):
            (here / "of").say("TRL351", f"goal '{goal.id}' is part of itself", "goals form a tree")


def _circle(start: str, parents: Mapping[str, str | None]) -> bool:
    seen: set[str] = set()
    at = parents.get(start)
    while at is not None and at not in seen:
        if at == start:
            return True
        seen.add(at)
        at = parents.get(at)
    return False


# ----------------------------------------------------------------------------------------------- beside the community
def slas(at: At, written: Slas, names: Names) -> None:
    """Check service levels."""
    scene = Scene(names)
    for n, sla in enumerate(written.slas):
        here = at / "slas" / n
        known(here / "calendar", "calendar", sla.calendar, scene)
        for m, escalation in enumerate(sla.escalate):
            refer(here / "escalate" / m / "to", escalation.to, scene, PEOPLE)


def calendar(at: At, written: Calendar) -> None:
    """Check that a calendar is about days it is valid for."""
    for n, day in enumerate(written.worked):
        if day > written.valid_through:
            (at / "worked" / n).say(
                "TRL352", f"{day} lies after valid_through", f"the calendar ends on {written.valid_through}"
            )
    for n, holiday in enumerate(written.holidays):
        if holiday.from_ > written.valid_through:
            message = f"the holiday begins after valid_through, {written.valid_through}"
            (at / "holidays" / n / "from").say("TRL352", message, "extend valid_through")


def resources(at: At, written: Resources, names: Names) -> None:
    """Check budgets, stock, fleets and benefits."""
    scene = Scene(names, about="any")
    for n, resource in enumerate(written.resources):
        here = at / "resources" / n
        about = (
            "work" if any(str(b.highest or b.lowest).startswith("work.") for b in resource.order or ()) else "member"
        )
        order(here / "order", resource.order, Scene(names, about=about))
        for key in ("holder", "keeper"):
            if getattr(resource, key, None) is not None:
                refer(here / key, getattr(resource, key), scene, PEOPLE)
        if isinstance(resource, Budget):
            _budget(here, resource, scene)
        money(here / "cost", getattr(resource, "cost", None), scene)
        within(here / "post", getattr(resource, "post", None), scene)
        if resource.kind == "benefit":
            condition(here / "while", resource.while_, Scene(names))
            known(here / "needs", "fact", resource.needs, scene, "form")


def _budget(at: At, budget: Budget, scene: Scene) -> None:
    money(at / "amount", budget.amount, scene)
    for n, line in enumerate(budget.lines):
        refer(at / "lines" / n / "for", line.for_, scene, PEOPLE)
        money(at / "lines" / n / "amount", line.amount, scene)
    total = sum(_cents(line.amount) for line in budget.lines)
    if budget.lines and total != _cents(budget.amount):
        shown = f"{total // 100}.{total % 100:02d}"
        (at / "lines").say(
            "TRL341", f"the lines make {shown}, the budget is {budget.amount}", "lines add up to the amount", on="key"
        )


def _cents(amount: str) -> int:
    return int(amount.split()[0].replace(".", ""))
