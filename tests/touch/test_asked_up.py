"""The way into a mode of touch is an invitation: yes moves, no and silence do not, and it is not repeated too soon."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from operations import membership
from operations.ports.standings import Place
from tests.desk.auto import asked, reviewed, staffed
from tests.touch.owners import AT, auto, happened, owners

pytestmark = pytest.mark.servers
DAY = timedelta(days=1)
RISING = ("yes", "no", "quiet")


@pytest.fixture(scope="module")
def spec(memory: Any) -> Any:
    """Three owners who are there every other day, for half a year, and make good pieces."""
    community = auto(memory)
    staffed(memory, community)
    owners(memory, community, [*RISING, "idle"], tier="base", stage="active")
    for who in RISING:
        happened(memory, community, "visited", who, range(-150, 30, 2), minutes=5)
        for day in range(-150, 80, 20):
            happened(memory, community, "rated", who, [day], work=f"{who}/{day}", score=80)
    return community


def tier(memory: Any, who: str) -> str | None:
    held = memory.standings.one("auto", Place(member=who, ladder="tier"))
    return held.at if held else None


def test_an_invitation_is_accepted_declined_or_lapses_and_rests_for_the_cool_down(memory: Any, spec: Any) -> None:
    assert reviewed(memory, spec, AT, ["tier"])["tier"]["asked"] == 3
    asked(memory, spec, AT)
    pending = {who: memory.memberships.invitations("auto", who) for who in (*RISING, "idle")}
    assert {who: len(found) for who, found in pending.items()} == {"yes": 1, "no": 1, "quiet": 1, "idle": 0}
    assert {tier(memory, who) for who in RISING} == {"base"}, "nobody moves who has not said yes"

    for who, answer in (("yes", "accept"), ("no", "decline")):
        memory.memberships.answer("auto", pending[who][0].id, answer=answer, at=AT + DAY)
        membership.advance(memory.desk, "auto", pending[who][0].id, AT + DAY)
    assert reviewed(memory, spec, AT + 5 * DAY, ["tier"])["tier"].get("asked", 0) == 0
    membership.advance(memory.desk, "auto", pending["quiet"][0].id, AT + 14 * DAY)

    assert {who: tier(memory, who) for who in RISING} == {"yes": "active", "no": "base", "quiet": "base"}
    ended = {who: memory.memberships.get("auto", pending[who][0].id) for who in RISING}
    assert {who: one.outcome for who, one in ended.items()} == {"yes": "moved", "no": "declined", "quiet": "lapsed"}
    assert ended["no"].again_from == AT + 61 * DAY
    assert ended["quiet"].again_from == AT + 74 * DAY

    # the rule is met all the time; it is asked again when the cool-down is over, and not before
    for day in (20, 40, 60):
        counts = reviewed(memory, spec, AT + day * DAY, ["tier"])["tier"]
        assert (counts.get("asked", 0), counts["resting"]) == (0, 2)
    assert reviewed(memory, spec, AT + 62 * DAY, ["tier"])["tier"]["asked"] == 1
    asked(memory, spec, AT + 62 * DAY)
    assert [len(memory.memberships.invitations("auto", who)) for who in ("no", "quiet")] == [1, 0]
    assert reviewed(memory, spec, AT + 75 * DAY, ["tier"])["tier"]["asked"] == 1
