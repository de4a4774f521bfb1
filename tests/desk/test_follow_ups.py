"""Follow-ups: advice stays open until somebody answers, is reminded of, and keeps its answer with the reason."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from operations.errors import Refusal
from operations.follow_ups import answer, follow_ups_in, keep
from operations.reminding import Reminders
from tests.desk.auto import staffed
from tests.touch.owners import AT, auto
from workflows.desk import Desk

pytestmark = pytest.mark.servers

DAY = timedelta(days=1)
ADVICE = "Ask owners before the next update @role:product-owner; 续航显示更诚实一些 @service-owner\nA quieter car wash"


@pytest.fixture(scope="module")
def spec(memory: Any) -> Any:
    community = auto(memory)
    staffed(memory, community, product_owner=["pan"], service_owner=["shen"], management=["guo"], planner=["ping"])
    return community


@pytest.fixture(scope="module")
def advice(memory: Any, spec: Any) -> list[Any]:
    """What a council advised, as its minutes say."""
    minutes = {"summary": "a good session", "advice": ADVICE}
    found = follow_ups_in(
        spec, "minutes", minutes, id="auto/owners-council/1/session/minutes/1", owner="role:planner", at=AT, by="m1",
        run="auto/owners-council/1",
    )  # fmt: skip
    with memory.together():
        assert keep(memory.house, spec, found) == 3
    with memory.together():
        assert keep(memory.house, spec, found) == 0
    return found


def states(memory: Any, spec: Any) -> dict[str, tuple[str, str | None]]:
    return {one.owner: (one.state, one.reason) for one in memory.follow_ups.find(spec.id)}


def test_each_piece_of_advice_has_an_owner_and_a_date_by_which_it_is_answered(
    memory: Any, spec: Any, advice: list[Any]
) -> None:
    assert [(one.text, one.owner) for one in advice] == [
        ("Ask owners before the next update", "role:product-owner"),
        ("续航显示更诚实一些", "role:service-owner"),
        ("A quieter car wash", "role:planner"),
    ]
    assert {one.due for one in advice} == {AT + 28 * DAY}  # twenty working days
    items = memory.inbox.find(spec.id, role="product-owner")
    assert [item.choices for item in items] == [("in-work", "done", "declined")]


def test_unanswered_advice_is_reminded_of_and_escalated_and_answered_advice_is_not(
    memory: Any, spec: Any, advice: list[Any]
) -> None:
    answer(memory.house, spec, advice[2].id, state="in-work", by="ping", at=AT + DAY, until=AT + 9 * DAY)
    reminders = Reminders(inbox=memory.inbox, outbox=memory.outbox, effects=memory.effects, community=spec)

    with memory.together():
        reminders.sweep(AT + 23 * DAY)
    assert [one.what for one in memory.outbox.of(spec.id, "pan")] == ["work:due"]
    with memory.together():
        reminders.sweep(AT + 40 * DAY)

    assert [one.what for one in memory.outbox.of(spec.id, "guo")] == ["work:overdue", "work:overdue"]
    assert memory.outbox.of(spec.id, "ping") == []
    again = [item for item in memory.inbox.find(spec.id, role="planner") if "#until" in item.id]
    assert [(item.due, item.choices) for item in again] == [(AT + 9 * DAY, ("done", "declined"))]


def test_an_answer_keeps_who_gave_it_when_and_why(memory: Any, spec: Any, advice: list[Any]) -> None:
    desk = Desk(memory.house, now=lambda: AT + 2 * DAY)
    first, second, third = advice

    with pytest.raises(Refusal, match="Declining takes a reason"):
        answer(memory.house, spec, first.id, state="declined", by="pan", at=AT + 2 * DAY)
    with pytest.raises(Refusal, match="shen is not in the role product-owner"):
        answer(memory.house, spec, first.id, state="done", by="shen", at=AT + 2 * DAY)
    answer(memory.house, spec, first.id, state="declined", reason="the law says otherwise", by="pan", at=AT + 2 * DAY)
    desk.complete(spec.id, f"{second.id}#answer", outcome="done", fields={}, by="shen")
    answer(memory.house, spec, third.id, state="done", by="ping", at=AT + 9 * DAY)
    with pytest.raises(Refusal, match="is over: declined, said by pan"):
        answer(memory.house, spec, first.id, state="done", by="pan", at=AT + 3 * DAY)

    assert states(memory, spec) == {
        "role:product-owner": ("declined", "the law says otherwise"),
        "role:service-owner": ("done", None),
        "role:planner": ("done", None),
    }
    kept = memory.follow_ups.get(spec.id, first.id)
    assert (kept.told_by, kept.told_at) == ("pan", AT + 2 * DAY)
    trail = [(one.actor, one.details["state"]) for one in memory.audit.entries(spec.id, what=third.id)]
    assert trail == [("ping", "done"), ("ping", "in-work")]
