"""Parcels on the real servers: one for each gift whatever is lost on the way, and word when one is late."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from operations.books import check_books
from operations.housekeeping import keep_house
from tests.scarce.depot import found
from tests.workflows.test_stuck import crew
from workflows.conduct import Conduct
from workflows.launch import Launcher
from workflows.steps import Opened, OpenPhase

pytestmark = pytest.mark.servers
RECEIVERS = ("m02", "m03")


class Lost(Conduct):
    """A conduct that is lost before a gift is given, then after it was given, and only then can say so."""

    tries: dict[str, int]

    def open(self, asked: OpenPhase) -> Opened:
        if asked.phase != "mug":
            return super().open(asked)
        self.tries[asked.run] = self.tries.get(asked.run, 0) + 1
        if self.tries[asked.run] == 1:
            raise RuntimeError("lost on the way there")
        opened = super().open(asked)
        if self.tries[asked.run] == 2:
            raise RuntimeError("lost on the way back")
        return opened


def test_every_member_gets_one_parcel_whatever_is_lost_and_a_late_one_is_told_of(
    room: Any, worker: Callable[..., AbstractContextManager[None]], eventually: Any
) -> None:
    memory = room.memory
    community = found(memory)
    lost = Lost(memory.house)
    lost.tries = {}
    began = datetime.now(UTC)
    with worker(crew(room, lost)):
        launcher = Launcher(memory.house, room.gateway)
        runs = [launcher.start("thanks", community="village", subject=who).id for who in RECEIVERS]
        for run in runs:
            eventually(lambda run=run: memory.runs.open_visits(run, phase="pause"))

    assert set(lost.tries.values()) == {3}
    parcels = memory.resources.parcels("village")
    assert sorted(one.member for one in parcels) == [*RECEIVERS]
    assert {one.item for one in parcels} == {"mug"}
    assert {one.account: one.amount for one in memory.effects.balances("village", "stock")} == {"mug": 1}
    assert memory.resources.accounts("village", "purse")[0].spent == 1_000
    items = [one for one in memory.inbox.find("village", role="clerk") if one.id in {p.key for p in parcels}]
    assert sorted(str(one.about) for one in items) == [*RECEIVERS]
    for one in items:
        assert began < one.due
        assert one.remind_at
        assert one.escalate

    posted = next(one for one in parcels if one.member == "m02")
    memory.inbox.complete("village", posted.key, outcome="done", fields={}, by="ann", at=datetime.now(UTC))
    keep_house(memory.desk, community, at=datetime.now(UTC) + timedelta(days=30))
    keep_house(memory.desk, community, at=datetime.now(UTC) + timedelta(days=31))
    told = [one for one in memory.inbox.find("village", role="clerk", limit=99) if one.id.endswith("#late")]
    assert [one.about for one in told] == ["m03"]
    assert check_books(memory.desk, community).findings == []
