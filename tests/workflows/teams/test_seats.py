"""Seats that are given away while somebody else comes into them by another way."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.scarce.depot import AT, Walk
from tests.workflows.teams.kitchen import PEOPLE, kitchen
from workflows.teamwork import Teamwork

pytestmark = pytest.mark.servers


def test_a_part_that_is_taken_while_it_is_offered_to_somebody_else_does_not_end_the_run(
    remembered: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, community = kitchen()
    remembered.specs.publish(files, community, message="founded", author="test", at=AT)
    remembered.members(community).enlist(PEOPLE, at=AT - timedelta(days=300))
    walk = Walk(remembered)
    run = walk.start("supper")
    walk.open(run, "crew")
    for item in remembered.inbox.find("village", run=run.id):
        Teamwork(walk.desk, run.id).confirm(item.asked[0])
    assert walk.check(run, "crew", AT + timedelta(hours=1)).outcome == "done"
    (team,) = remembered.teams.of_run(run.id)
    Teamwork(walk.desk, run.id).leave(team.inside("guest")[0])  # it is offered to the next for two days

    monkeypatch.setattr(remembered.teams, "seat", lambda seat: False)  # it was full just then
    opened = walk.open(run, "parts", AT + timedelta(days=3))

    assert opened.outcome is None
    (team,) = remembered.teams.of_run(run.id)
    assert [seat.left for seat in team.seats if seat.slot == "guest"] == ["withdrew", "silent"]
