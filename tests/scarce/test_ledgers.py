"""Ledgers under random claims, cancels, repetitions and crashes, from several threads at once: they always balance."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from operations.allocation import Allocation
from operations.known import Known
from operations.ports.resources import Demand
from operations.ports.runs import Visit
from tests.scarce.depot import AT, Walk, found, promise

pytestmark = pytest.mark.servers

MEMBERS = [f"m{number:02d}" for number in range(12)]
DEMANDS = {
    "purse": Demand(kind="budget", resource="purse", each="170.00 EUR", spend=True),
    "lent": Demand(kind="budget", resource="purse", each="230.00 EUR"),
    "mug": Demand(kind="stock", resource="mug", each=1),
    "mugs": Demand(kind="stock", resource="mug", each=2, spend=True),
    "bikes": Demand(kind="fleet", resource="bikes", book="1d"),
    "early": Demand(kind="benefit", resource="early"),
    "oven": Demand(kind="benefit", resource="oven"),
}


class Crash(Exception):
    """The process died in the middle."""


class Depot:
    """A community whose runs are only claims."""

    def __init__(self, memory: Any) -> None:
        self.memory, self.community, self.walk = memory, found(memory), Walk(memory)
        for who in MEMBERS[:6]:
            promise(memory, who)
        self.number = 0

    def run(self, subject: str) -> Any:
        return self.walk.start("lend", subject)

    def allocation(self, at: datetime) -> Allocation:
        return Allocation(self.memory.house, self.community, Known(self.memory.house, self.community, at))

    def claim(self, run: Any, what: str, at: datetime, *, waits: bool, crash: bool) -> None:
        """Claim something for the run's subject; what a crash leaves undone is tried again."""
        visit = Visit(
            community="village",
            run=run.id,
            phase=what,
            visit=1,
            kind="allocate",
            opened_at=at,
            began_at=at,
            deadline=at + timedelta(days=9) if waits else at,
            things=(run.subject,),
        )
        for last in (False, True) if crash else (True,):
            try:
                with self.memory.together():
                    self.allocation(at).ask(DEMANDS[what], run, visit, works={})
                    if not last:
                        raise Crash
            except Crash:
                continue

    def settle(self, what: str, at: datetime) -> None:
        with self.memory.together():
            self.allocation(at).settle(DEMANDS[what].resource, at)

    def finish(self, run: Any, at: datetime, end: str) -> None:
        self.walk.conduct.house.runs.finish(run.id, end=end, at=at)
        self.memory.resources.release(run.id, at=at)


@pytest.fixture(scope="module")
def depot(memory: Any) -> Depot:
    return Depot(memory)


MOVES = st.lists(
    st.tuples(
        st.sampled_from(MEMBERS),
        st.sampled_from(sorted(DEMANDS)),
        st.integers(0, 5),  # days after the beginning
        st.booleans(),  # whether it waits
        st.booleans(),  # whether the process dies in the middle of it
        st.sampled_from(["live", "end", "cancel"]),
    ),
    min_size=1,
    max_size=14,
)


@given(moves=MOVES, filled=st.integers(0, 4))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_ledgers_balance_whatever_is_claimed_settled_cancelled_and_repeated_at_once(
    depot: Depot, moves: list[Any], filled: int
) -> None:
    depot.number += 1
    memory = depot.memory
    memory.effects.stocked("village", "mug", filled, by="ann", at=AT, key=f"filled {depot.number}")
    runs = [depot.run(who) for who, *_ in moves]

    def play(turn: int) -> None:
        _, what, day, waits, crash, end = moves[turn]
        at = AT + timedelta(days=7 * depot.number + day)
        depot.claim(runs[turn], what, at, waits=waits, crash=crash)
        depot.settle(what, at + timedelta(days=1))
        if end != "live":
            depot.finish(runs[turn], at + timedelta(days=2), end)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(play, range(len(moves))))

    assert memory.effects.audit("village") == []
    for account in memory.resources.accounts("village"):
        assert account.left >= 0
        assert account.granted + account.carried - account.spent - account.lapsed == account.left
    holders = [one for one in memory.effects.holdings("village") if one.item == "early" and one.ended_at is None]
    assert len(holders) <= 2
    for run in runs:
        depot.finish(run, AT + timedelta(days=7 * depot.number + 8), "end")
    assert memory.effects.audit("village") == []
    assert [one.state for one in memory.resources.bookings("village") if one.state == "booked"] == []


def test_of_many_who_want_the_last_at_once_exactly_so_many_get_it(depot: Depot) -> None:
    memory, at = depot.memory, AT + timedelta(days=700)
    runs = [depot.run(who) for who in MEMBERS * 2]
    left = {one.account: one.amount for one in memory.effects.balances("village", "stock")}["mug"]
    memory.effects.stocked("village", "mug", 5 - left, by="ann", at=at, key="exactly five")
    before = {one.period: one.spent for one in memory.resources.accounts("village", "purse")}.get("2029", 0)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda run: depot.claim(run, "mug", at, waits=False, crash=False), runs))
        list(pool.map(lambda run: depot.claim(run, "purse", at, waits=False, crash=False), runs))

    served = [one for one in memory.resources.claims("village", "mug", state="served") if one.asked_at == at]
    assert len(served) == 5
    spent = {one.period: one.spent for one in memory.resources.accounts("village", "purse")}["2029"]
    assert spent - before == 5 * 17_000  # 1,000.00 is enough for five times 170.00
    assert memory.effects.audit("village") == []
    for run in runs:
        depot.finish(run, at, "end")


def test_what_runs_out_while_it_is_given_is_refused_by_the_table_too(memory: Any) -> None:
    from sqlalchemy import text
    from sqlalchemy.exc import IntegrityError

    with memory.engine.connect() as connection:
        for broken in (
            "UPDATE balance SET amount = -1 WHERE kind = 'stock'",
            "INSERT INTO benefit_use (community, key, benefit, member, period, number, most, at)"
            " VALUES ('village', 'x', 'oven', 'm02', '2027-Q1', 3, 2, now())",
            "INSERT INTO booking (community, key, fleet, unit, run, during, ends_at)"
            " SELECT 'village', k, 'bikes', 'red', 'r', tstzrange('2040-01-01', '2040-01-03'), '2040-01-02'"
            " FROM unnest(ARRAY['y', 'z']) AS k",
        ):
            with pytest.raises(IntegrityError), connection.begin():
                connection.execute(text(broken))
