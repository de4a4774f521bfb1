"""One owner of the sample accompanied for long: through a restart and a new version, until they want no more of it."""

from __future__ import annotations

import gc
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from operations import consent
from operations.books import check_books
from operations.errors import Refusal
from operations.keep_touch import keep_touch
from operations.known import Known
from operations.ports.decisions import Wanted
from operations.ports.effects import Deed
from operations.ports.notices import Notice
from operations.ports.runs import RUNNING
from operations.publish import publish
from operations.replay import replay as taken_again
from rules.spec import Community
from store.folder import read_folder
from tests.desk.auto import open_items, reviewed, staffed
from tests.people.test_consent import named_in
from tests.touch.owners import AT, SPECS, auto, happened, owners
from tests.waiting import PATIENCE, pace
from tests.workflows.test_moving import replay
from workflows import turns
from workflows.launch import Launcher
from workflows.phases import discover
from workflows.steps import RunResult

pytestmark = [pytest.mark.servers, pytest.mark.slow]  # a season of company

Worker = Callable[..., AbstractContextManager[None]]
DAY = timedelta(days=1)
ANN, BO = "juniper-7", "rowan-8"
NOTE = {"life": "a new child", "ideas": "a film about seats", "next_step": "lend her the camera"}
LOOKS = ["lifecycle", "tier", "rules:member"]


@pytest.fixture(scope="module")
def spec(room: Any) -> Community:
    """Two core owners, each with a contact."""
    community = auto(room.memory)
    staffed(room.memory, community)
    owners(room.memory, community, [ANN, BO], tier="core", stage="mature")
    keep_touch(room.memory.desk, community, at=AT - DAY, start=False)
    return community


def talks(room: Any, run: str) -> list[Any]:
    return [visit for visit in room.memory.runs.visits(run) if visit.phase == "talk"]


def test_the_company_of_an_owner_goes_on_through_a_restart_and_a_new_version_of_the_specs(
    room: Any, spec: Community, worker: Worker, eventually: Any
) -> None:
    memory, scale = room.memory, pace("1d=250ms")
    launcher = Launcher(memory.house, room.gateway)
    with worker():
        run = launcher.start("core-care", subject=ANN, at=AT, scale=scale)
        eventually(lambda: talks(room, run.id))
    gc.collect()  # a client knows a worker that has ended until nobody holds it any more

    files = dict(read_folder(SPECS))
    task = files["tasks/core-care.yaml"]
    assert b"14d" in task
    files["tasks/core-care.yaml"] = task.replace(b"14d", b"7d")
    publish(memory.specs, files, discover(), message="a talk each week", author="test", at=AT)
    second = memory.specs.current("auto")
    assert second.digest != spec.digest

    with worker():
        seen = len(talks(room, run.id))
        eventually(lambda: len(talks(room, run.id)) >= seen + 3)
        assert memory.runs.run(run.id).digest == spec.digest, "what has begun goes on as it began"
        with pytest.raises(Refusal, match=f"core-care runs already for {ANN}"):
            launcher.start("core-care", subject=ANN)
        other = launcher.start("core-care", subject=BO, at=AT, scale=scale)
        assert other.digest == second.digest
        eventually(lambda: len(talks(room, other.id)) >= 3)
        mine, others = talks(room, run.id), talks(room, other.id)

    assert [one.visit for one in mine] == list(range(1, len(mine) + 1)), "every check-in once, none left out"
    assert (mine[-1].opened_at - mine[-2].opened_at).days == 14
    assert (others[-1].opened_at - others[-2].opened_at).days == 7
    assert [one.subject for one in memory.runs.runs("auto", task="core-care", status=RUNNING)] in (
        [ANN, BO], [BO, ANN],
    )  # fmt: skip
    assert replay(room, run) >= 1
    gc.collect()


def asked_for(memory: Any, spec: Community, member: str) -> list[str]:
    """Everything that is open for a member, or that others are asked to do with them."""
    items = [*memory.inbox.find("auto", member=member, limit=500)]
    items += [item for role in spec.roles for item in open_items(memory, spec, role, about=member)]
    return [item.id for item in items]


def unsent(memory: Any, member: str) -> int:
    query = "SELECT count(*) FROM notice WHERE member = :member AND dropped_at IS NULL AND sent_at IS NULL"
    with memory.engine.connect() as connection:
        return int(connection.execute(text(query), {"member": member}).scalar_one())


def test_who_wants_no_more_is_left_alone_by_everybody_and_then_forgotten_while_the_books_still_balance(
    room: Any, spec: Community, worker: Worker, eventually: Any
) -> None:
    memory, current = room.memory, room.memory.specs.current("auto")
    (run,) = [one for one in memory.runs.runs("auto", task="core-care", status=RUNNING) if one.subject == ANN]
    happened(memory, current, "missed", ANN, [1, 2, 3], mode="circle", phase="cases", run="auto/circle/1")
    happened(memory, current, "check_in_note", ANN, [6], **NOTE, by=memory.effects.assigned("auto", ANN)["contact"])
    happened(memory, current, "posted", ANN, [4, 5], work="w", nature="talk", public=True)
    happened(memory, current, "liked", BO, [2], by=ANN, work="w2")
    title = {"item": "circle-leader", "value": "photography"}
    given = [("title", ANN, title), ("points", ANN, {"amount": 40}), ("points", BO, {"amount": 2})]
    memory.effects.do(
        "auto",
        [Deed(key=f"given/{kind}/{who}", kind=kind, at=AT - DAY, source="given", member=who, details=details)
         for kind, who, details in given],
    )  # fmt: skip
    reviewed(memory, current, AT, ["tier", "rules:member"])
    assert [one.title["en"] for one in open_items(memory, current, "connector", about=ANN)] == ["Talk with the leader"]
    memory.outbox.put("auto", [Notice(key="n1", member=ANN, what="message:thanks", at=AT)])
    assert unsent(memory, ANN) >= 1

    with worker():
        ended = consent.withdraw(
            memory.desk, memory.persons, current, ANN, at=AT + DAY, by=ANN, reason="no time for it any more"
        )
        for flow in ended.workflows:
            room.gateway.signal(flow, turns.POKE)
        result: RunResult = room.gateway.result(run.id, PATIENCE, RunResult)
        assert result.end == "end:stopped"
        assert (asked_for(memory, current, ANN), unsent(memory, ANN)) == ([], 0)
        for days in (3, 34, 66):  # the grace of the tier runs out meanwhile, and with it begins what a talk would
            reviewed(memory, current, AT + days * DAY, LOOKS)
            keep_touch(memory.desk, current, at=AT + days * DAY)
        room.gateway.start(turns.OUTBOX, turns.OutboxInput(community="auto"), id="auto/outbox", again=True)
        eventually(lambda: not [one for one in memory.effects.to_start("auto", limit=500) if _of(one, ANN)])
        eventually(lambda: not [one for one in memory.runs.runs("auto", status=RUNNING) if one.subject == ANN])
        assert (asked_for(memory, current, ANN), unsent(memory, ANN)) == ([], 0)
        assert memory.memberships.invitations("auto", ANN) == []
        later = [one for one in memory.runs.runs("auto", limit=500) if one.subject == ANN and one.id != run.id]
        assert [visit.phase for one in later for visit in memory.runs.visits(one.id) if visit.asked] == []
        assert [one.what for one in memory.persons.log("auto", ANN)] == ["withdrew"]

    held = consent.export(memory.desk, memory.persons, current, ANN, at=AT + 70 * DAY, by="olga")["held"]
    assert {"member", "fact", "ledger", "holding", "decision", "deed", "run"} <= set(held)
    assert "a new child" in str(held["fact"])
    decisions = memory.decisions.count("auto", Wanted(member=ANN))
    points = sum(one.amount for one in memory.effects.balances("auto", "points"))
    assert decisions > 0

    done, _ = consent.erase(
        memory.desk, memory.persons, current, ANN, at=AT + 70 * DAY, by="olga", reason="asked for it"
    )

    pseudonym = str(done["pseudonym"])
    assert named_in(memory, ANN) == []
    assert [*memory.facts(current).find(member=ANN), *memory.facts(current).find(member=pseudonym)] == []
    assert memory.decisions.count("auto", Wanted(member=pseudonym)) == decisions + 1, "and the erasure itself"
    assert memory.decisions.verify("auto").ok
    assert check_books(memory.desk, current).findings == []
    assert sum(one.amount for one in memory.effects.balances("auto", "points")) == points
    likes = Known(memory.house, current, AT).figures([("likes_received", "90d")], members=[BO])
    assert likes["likes_received", "90d"][BO] == 1, "what they did for others stays, without their name"
    assert list(taken_again(memory.desk, "auto", Wanted(member=pseudonym))) == []
    with pytest.raises(Refusal, match=f"no member {ANN}"):
        consent.export(memory.desk, memory.persons, current, ANN, at=AT + 71 * DAY, by="olga")


def _of(deed: Deed, member: str) -> bool:
    return member in (deed.member, deed.details.get("subject"))
