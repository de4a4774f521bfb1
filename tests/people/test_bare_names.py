"""Members whose ids are numbers, as in many forums, can be forgotten: what merely counts is nobody's name."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from operations import consent
from operations.books import check_books
from operations.ports.effects import Deed
from operations.ports.members import Member
from tests.scarce.depot import AT, Walk, found

pytestmark = pytest.mark.servers
DAY = timedelta(days=1)


@pytest.mark.parametrize("who", ["1", "null", "guests"])
def test_whoever_is_called_like_a_number_or_a_phase_is_forgotten_and_nothing_else_is(remembered: Any, who: str) -> None:
    village, walk = found(remembered), Walk(remembered)
    remembered.members(village).enlist([Member(who, AT - 99 * DAY, {"consent": True})], at=AT)
    run = walk.start("supper")
    walk.open(run, "guests")
    for one in ("m02", who):
        walk.desk.enrol(run.id, member=one, fields={})
    walk.check(run, "guests", AT + 5 * DAY, due=True)
    points = Deed(key=f"x/points:{who}", kind="points", at=AT, source="x", member=who, details={"amount": 1})
    remembered.effects.do("village", [points])
    told = consent.export(remembered.desk, remembered.persons, village, who, at=AT, by="olga")["held"]
    assert {"member", "part", "act", "deed", "fact"} <= set(told)
    assert "visit_thing" not in told

    done, _ = consent.erase(remembered.desk, remembered.persons, village, who, at=AT + DAY, by="olga", reason="asked")

    gone = str(done["pseudonym"])
    after = remembered.runs.run(run.id)
    assert after is not None
    assert (after.task, after.status) == ("supper", "running")
    (visit,) = remembered.runs.visits(run.id)
    assert (visit.phase, visit.visit, visit.results["members"]) == ("guests", 1, ["m02", gone])
    assert [act.by for act in remembered.runs.acts(run.id, "guests")] == ["m02", gone]
    assert remembered.members(village).find([who]) == []
    assert {one.account: one.amount for one in remembered.effects.balances("village", "points")} == {gone: 1}
    assert remembered.facts(village).find(member=who) == []
    assert check_books(remembered.desk, village).findings == []
