"""Support: a ticket with a clock: answered in time; or reminded of, and passed to the chief; until it is solved."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from operations.errors import Refusal
from tests.desk.auto import staffed
from tests.touch.owners import AT, auto, owners
from tests.waiting import PATIENCE, pace
from workflows.desk import Desk
from workflows.launch import Launcher
from workflows.steps import POKE

pytestmark = pytest.mark.servers

PROBLEM = {"problem": "the charger does not fit", "kind": "parts"}


@pytest.fixture(scope="module")
def spec(memory: Any) -> Any:
    community = auto(memory)
    staffed(memory, community, coordinator=["lin"], supporter=["mei"], director=["dong"])
    owners(memory, community, ["li", "wang"])
    return community


@pytest.fixture(scope="module")
def working(room: Any, spec: Any) -> Iterator[None]:
    from cli import wiring

    with room.gateway.working(wiring.crew(room.memory, room.gateway)):
        yield


@pytest.fixture
def desk(room: Any) -> Desk:
    return Desk(room.memory.house, poke=lambda run, what="": room.gateway.signal(run, POKE, what))


def told(memory: Any, spec: Any, *people: str) -> list[tuple[str, str]]:
    found = [one for who in people for one in memory.outbox.of(spec.id, who) if one.what.startswith("work:")]
    return [(one.what, one.member) for one in sorted(found, key=lambda one: (one.at, one.key))]


def test_a_question_is_answered_by_the_first_contact_and_closed_by_the_member(
    room: Any, spec: Any, working: None, desk: Desk, eventually: Any
) -> None:
    memory = room.memory
    run = Launcher(memory.house, room.gateway).start("help-desk", subject="li", starter="li")
    eventually(lambda: memory.runs.visit(run.id, "question"))
    desk.submit(run.id, "question", member="li", fields=PROBLEM)
    ticket = eventually(lambda: memory.inbox.find(spec.id, role="coordinator", run=run.id))[0]

    assert ticket.due is not None
    assert (len(ticket.remind_at), len(ticket.escalate), ticket.claim_due is not None) == (1, 1, True)
    assert ticket.escalate[0][1] == "role:director"
    with pytest.raises(Refusal, match="is not asked of mei"):
        desk.claim(spec.id, ticket.id, by="mei")
    desk.claim(spec.id, ticket.id, by="lin")
    desk.complete(spec.id, ticket.id, outcome="done", fields={}, by="lin")
    mine = eventually(lambda: memory.inbox.find(spec.id, member="li", run=run.id))[0]
    desk.complete(spec.id, mine.id, outcome="solved", fields={}, by="li")

    assert room.gateway.result(run.id, PATIENCE)["end"] == "end"
    assert told(memory, spec, "lin", "dong") == []
    assert memory.audit.entries(spec.id, what=run.id, verb="complete")[0].actor == "lin"


def test_a_question_nobody_answers_is_reminded_of_and_goes_to_the_chief_in_time(
    room: Any, spec: Any, working: None, desk: Desk, eventually: Any
) -> None:
    memory = room.memory
    run = Launcher(memory.house, room.gateway).start(
        "help-desk", subject="wang", starter="wang", at=AT, scale=pace("1d=6s")
    )
    eventually(lambda: memory.runs.visit(run.id, "question"))
    desk.submit(run.id, "question", member="wang", fields=PROBLEM)

    chief = eventually(lambda: memory.inbox.find(spec.id, role="director", run=run.id))[0]
    desk.complete(spec.id, chief.id, outcome="done", fields={}, by="dong")
    ticket = memory.runs.visit(run.id, "answer")
    assert ticket.outcome == "silent"
    mine = eventually(lambda: memory.inbox.find(spec.id, member="wang", run=run.id))[0]
    desk.complete(spec.id, mine.id, outcome="solved", fields={}, by="wang")
    assert room.gateway.result(run.id, PATIENCE)["end"] == "end"

    steps = told(memory, spec, "lin", "mei", "dong")
    assert steps == [(what, who) for what in ("work:untaken", "work:due") for who in ("lin", "mei")]
    assert not [one for one in memory.inbox.find(spec.id, role="director") if one.id.startswith(f"{run.id}/answer")]
    waited = ticket.closed_at - ticket.opened_at
    assert waited.total_seconds() >= 9 * 3600


def test_members_ask_for_help_and_only_members(room: Any, spec: Any) -> None:
    with pytest.raises(Refusal, match="stranger may not start help-desk"):
        Launcher(room.memory.house, room.gateway).start("help-desk", subject="li", starter="stranger")
