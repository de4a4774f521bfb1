"""Reminders and escalation: told once, in order, to whoever is there; on the wall's clock and on a scaled one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from operations.ports.inbox import Item
from operations.reminding import Reminders, steps_of, wall
from tests.workflows.made_up import AT, village

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def spec(memory: Any) -> Any:
    files, community = village()
    memory.specs.publish(files, community, message="founded", author="test", at=AT)
    memory.effects.staff("village", "elder", ["eve"])
    return community


@pytest.fixture
def reminders(memory: Any, spec: Any) -> Reminders:
    return Reminders(inbox=memory.inbox, outbox=memory.outbox, effects=memory.effects, community=spec)


def item(id_: str, **values: Any) -> Item:
    given: dict[str, Any] = {
        "community": "village",
        "id": id_,
        "asked": ("role:clerk",),
        "title": {"en": "Look at it", "zh": "看一看"},
        "opened_at": AT,
        "due": AT + timedelta(hours=10),
        "claim_due": AT + timedelta(hours=2),
        "remind_at": (AT + timedelta(hours=6), AT + timedelta(hours=9)),
        "escalate": ((AT + timedelta(hours=12), "role:elder"),),
    }
    return Item(**{**given, **values})


def told(memory: Any, id_: str) -> list[tuple[str, str]]:
    """What was written about an item and to whom, in the order of its steps."""
    people = ("ann", "bob", "eve", "role:clerk", "role:elder")
    found = [one for who in people for one in memory.outbox.of("village", who) if one.key.startswith(f"{id_}#")]
    return [(one.what, one.member) for one in sorted(found, key=lambda one: (one.at, one.key))]


def sweep(memory: Any, reminders: Reminders, at: datetime) -> int:
    with memory.together():
        return reminders.sweep(at)


def test_each_step_is_taken_once_however_often_and_late_one_looks(memory: Any, reminders: Reminders) -> None:
    memory.effects.staff("village", "clerk", ["ann", "bob"])
    memory.inbox.open([item("once")])

    for hours in (1, 3, 3, 6, 6, 9, 11, 13, 13, 40):
        sweep(memory, reminders, AT + timedelta(hours=hours))

    assert told(memory, "once") == [
        ("work:untaken", "ann"),
        ("work:untaken", "bob"),
        ("work:due", "ann"),
        ("work:due", "bob"),
        ("work:due", "ann"),
        ("work:due", "bob"),
        ("work:overdue", "eve"),
    ]
    found = memory.inbox.item("village", "once")
    assert found.asked == ("role:clerk", "role:elder")
    assert [one.id for one in memory.inbox.find("village", role="elder")] == ["once"]


def test_what_was_slept_through_is_made_up_for_in_order(memory: Any, reminders: Reminders) -> None:
    memory.effects.staff("village", "clerk", ["ann"])
    memory.inbox.open([item("late")])

    assert sweep(memory, reminders, AT + timedelta(days=3)) == 1

    assert [what for what, _ in told(memory, "late")] == ["work:untaken", "work:due", "work:due", "work:overdue"]
    assert sweep(memory, reminders, AT + timedelta(days=9)) == 0


def test_whoever_has_taken_it_is_reminded_and_loses_it_when_it_is_overdue(memory: Any, reminders: Reminders) -> None:
    memory.effects.staff("village", "clerk", ["ann", "bob"])
    memory.inbox.open([item("taken")])
    memory.inbox.claim("village", "taken", by="bob", at=AT)

    sweep(memory, reminders, AT + timedelta(hours=13))

    assert told(memory, "taken") == [
        ("work:due", "bob"),
        ("work:due", "bob"),
        ("work:overdue", "bob"),
        ("work:overdue", "eve"),
    ]
    assert memory.inbox.item("village", "taken").claimed_by is None


def test_what_was_done_in_time_costs_and_says_nothing(memory: Any, reminders: Reminders) -> None:
    memory.inbox.open([item("done")])
    memory.inbox.complete("village", "done", outcome="done", fields={}, by="ann", at=AT)

    assert sweep(memory, reminders, AT + timedelta(days=30)) == 0
    assert told(memory, "done") == []


def test_a_role_in_which_nobody_is_stands_for_itself(memory: Any, reminders: Reminders) -> None:
    memory.effects.staff("village", "clerk", [])
    memory.inbox.open([item("nobody", claim_due=None, remind_at=(AT + timedelta(hours=6),))])

    sweep(memory, reminders, AT + timedelta(hours=7))

    assert told(memory, "nobody") == [("work:due", "role:clerk")]


def test_on_a_scaled_clock_an_hour_of_work_is_a_moment_of_the_wall(memory: Any, reminders: Reminders) -> None:
    memory.effects.staff("village", "clerk", ["ann"])
    now = datetime(2026, 11, 22, tzinfo=UTC)
    scaled = item("scaled", scale="1d=24s", began_at=now)
    memory.inbox.open([scaled])

    assert wall(scaled, AT + timedelta(hours=6)) == now + timedelta(seconds=6)
    assert sweep(memory, reminders, now + timedelta(seconds=1)) == 0
    assert sweep(memory, reminders, now + timedelta(seconds=7)) == 1
    assert [what for what, _ in told(memory, "scaled")] == ["work:untaken", "work:due"]
    sweep(memory, reminders, now + timedelta(seconds=13))
    assert [what for what, _ in told(memory, "scaled")][2:] == ["work:due", "work:overdue"]


def test_what_was_missed_is_somebody_elses_to_look_after(memory: Any, reminders: Reminders) -> None:
    missed = item("missed", state="missed")
    memory.inbox.open([missed])

    sweep(memory, reminders, AT + timedelta(hours=13))

    handed = memory.inbox.item("village", "missed#missed/1")
    assert (handed.asked, handed.state, handed.title["en"]) == (("role:elder",), "open", "Missed: Look at it")
    assert told(memory, "missed") == [("work:overdue", "eve")]
    assert memory.inbox.item("village", "missed").state == "gone"


def test_what_a_phase_asks_is_handed_on_when_its_run_has_closed_it_however_late_that_is(
    memory: Any, reminders: Reminders
) -> None:
    asked = item("unclosed", run="village/best-dish/9", phase="best", visit=1, claim_due=None)
    memory.inbox.open([asked])

    for minutes in (0, 1, 5):
        sweep(memory, reminders, AT + timedelta(hours=13, minutes=minutes))
    assert memory.inbox.item("village", "unclosed").asked == ("role:clerk",)
    assert ("work:overdue", "eve") not in told(memory, "unclosed")
    with memory.together():
        assert memory.inbox.missed("village/best-dish/9", "best", 1) == 1
    for minutes in (7, 8, 60):
        sweep(memory, reminders, AT + timedelta(hours=13, minutes=minutes))

    assert memory.inbox.item("village", "unclosed#missed/1").asked == ("role:elder",)
    assert told(memory, "unclosed")[-1] == ("work:overdue", "eve")
    assert memory.inbox.item("village", "unclosed").state == "gone"


def test_steps_are_taken_in_the_order_of_their_times() -> None:
    mixed = replace(item("mixed"), claim_due=AT + timedelta(hours=7))

    assert [step.kind for step in steps_of(mixed)] == ["remind", "claim", "remind", "escalate"]


def test_staff_are_told_beyond_what_a_member_may_be_told_in_a_day(memory: Any, spec: Any) -> None:
    from operations.notify import deliver

    memory.effects.staff("village", "clerk", ["cleo"])
    memory.inbox.open([item(f"many-{n}", escalate=(), remind_at=()) for n in range(9)])
    reminders = Reminders(inbox=memory.inbox, outbox=memory.outbox, effects=memory.effects, community=spec)
    sweep(memory, reminders, AT + timedelta(hours=3))

    deliver(memory.outbox, [], spec, at=AT + timedelta(hours=4))

    of_today = [one for one in memory.outbox.of("village", "cleo") if one.key.startswith("many-")]
    assert len(of_today) == 9
    assert memory.outbox.pending("village") == 0
