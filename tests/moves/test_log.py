"""The log of decisions: appended fast, read back as it was, and whoever changes the past is found out."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from cli.memory import Memory
from rules.decision import FIRST, Decision, Reason, chained
from store import decisions
from store.decisions import SqlDecisions
from tests.moves.club import AT

pytestmark = pytest.mark.servers

shown = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**53), 2**53),
    st.text(max_size=8),
    st.lists(st.text(max_size=4), max_size=3),
)
reasons = st.builds(
    Reason,
    metric=st.sampled_from(["posts", "mean_quality", "community.posts", "发帖"]),
    over=st.sampled_from(["all", "30d", "90d, 7d ago"]),
    value=shown,
    comparison=st.sampled_from(["at_least", "is", "one_of"]),
    threshold=shown,
    truth=st.sampled_from([True, False, None]),
)


numbers = count()


def decision(member: str, rule: str = "tier", *, value: int = 3, days: int = 0) -> Decision:
    reason = Reason("posts", "30d", value, "at_least", 3, True)
    at = AT + timedelta(days=days)
    return Decision(member, rule, "promote", "guest", "regular", (reason,) * 8, "sha256:" + "ab" * 32, at)


@pytest.fixture
def log(memory: Memory) -> Iterator[SqlDecisions]:
    yield SqlDecisions(memory.engine)
    with memory.engine.begin() as connection:
        for table in ("decision", "decision_head", "decision_form"):
            connection.execute(text(f"DELETE FROM {table}"))


def test_a_decision_comes_back_as_it_was_and_only_once(log: SqlDecisions) -> None:
    one = decision("ann")

    assert log.append("club", "r1", [one, one]) == 1
    assert log.append("club", "r1", [one]) == 0
    assert log.append("club", "r2", [one]) == 1

    assert [found.decision for found in log.of("club", "ann")] == [one, one]
    verified = log.verify("club")
    assert (verified.ok, verified.decisions) == (True, 2)
    assert verified.head == chained(chained(FIRST, one), one)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(found=st.lists(reasons, max_size=5), because=st.text(max_size=5))
def test_any_reasons_come_back_and_verify(log: SqlDecisions, found: list[Reason], because: str) -> None:
    if "\x00" in because or any("\x00" in str(r.value) + str(r.threshold) for r in found):
        return
    number = next(numbers)
    one = Decision(f"m{number}", "lifecycle", "move", None, "alive", tuple(found), "sha256:00", AT, because)
    log.append("club", f"r{number}", [one])

    assert log.of("club", f"m{number}", limit=1)[0].decision == one
    assert log.verify("club").ok


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE decision SET outcome = 'demote' WHERE seq = 3",
        "UPDATE decision SET read = replace(read, '3', '4') WHERE seq = 3",
        "UPDATE decision_form SET reasons = replace(reasons, '30d', '90d')",
        "DELETE FROM decision WHERE seq = 3",
        "DELETE FROM decision WHERE seq = 5",
        "UPDATE decision SET subject = 'eva' WHERE seq = 1",
        "UPDATE decision SET seq = seq + 100 WHERE seq = 2",
    ],
)
def test_whoever_changes_the_past_is_found_out(memory: Memory, log: SqlDecisions, tampering: str) -> None:
    log.append("club", "r1", [decision(f"m{n}") for n in range(5)])
    assert log.verify("club").ok

    with memory.engine.begin() as connection:
        connection.execute(text(tampering))

    assert not log.verify("club").ok


def test_twenty_thousand_decisions_make_one_chain(log: SqlDecisions) -> None:
    many = [decision(f"m{n:05d}", value=n) for n in range(20_000)]

    assert log.append("club", "r1", many) == 20_000
    assert log.verify("club").ok


def test_what_is_decided_while_the_log_is_checked_is_no_fault_of_it(
    log: SqlDecisions, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.append("club", "r1", [decision("ann")])

    def while_somebody_decides(connection: Connection, community: str) -> Iterator[Any]:
        with ThreadPoolExecutor(1) as elsewhere:
            assert elsewhere.submit(log.append, community, "r2", [decision("bob")]).result() == 1
        return read(connection, community)

    read = decisions._all
    monkeypatch.setattr(decisions, "_all", while_somebody_decides)

    assert log.verify("club").ok
