"""At the inbox: who may take, give back, hand over and complete what; who leads a run; what of it is in the log."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from operations.errors import Refusal
from operations.ports.inbox import Item
from tests.waiting import pace
from tests.workflows.made_up import AT, village, villagers
from workflows.desk import Desk
from workflows.launch import Launcher
from workflows.steps import POKE

pytestmark = pytest.mark.servers

Trellis = Callable[..., Any]


@pytest.fixture(scope="module")
def founded(room: Any, database_url: str, temporal_address: str) -> Iterator[Any]:
    """A room with the made-up community, its staff and a worker."""
    from cli import wiring

    files, community = village()
    room.memory.specs.publish(files, community, message="founded", author="test", at=AT)
    room.memory.members(community).enlist(villagers(9), at=AT - timedelta(days=300))
    room.memory.effects.staff("village", "elder", ["eve", "eli"])
    room.memory.effects.staff("village", "clerk", ["ann", "bob"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_URL", database_url)
        patch.setenv("TEMPORAL_ADDRESS", temporal_address)
        with room.gateway.working(wiring.crew(room.memory, room.gateway)):
            yield room


@pytest.fixture
def desk(founded: Any) -> Desk:
    return Desk(founded.memory.house, poke=lambda run, what="": founded.gateway.signal(run, POKE, what))


@pytest.fixture
def trellis(founded: Any) -> Trellis:
    from cli.main import build

    def run(*given: str) -> Any:
        found = CliRunner().invoke(build(), [*given, "--json"])
        if found.exception is not None and not isinstance(found.exception, SystemExit):
            raise found.exception
        assert found.exit_code == 0, found.output
        return json.loads(found.stdout)

    return run


def item(id_: str, **values: Any) -> Item:
    given: dict[str, Any] = {
        "community": "village",
        "id": id_,
        "asked": ("role:clerk",),
        "title": {"en": "Look", "zh": "看"},
        "opened_at": AT,
    }
    return Item(**{**given, **values})


def test_only_who_is_asked_takes_it_and_only_who_has_it_gives_it_back(founded: Any, desk: Desk) -> None:
    founded.memory.inbox.open([item("desk/1")])

    with pytest.raises(Refusal, match=r"not asked of eve: it is asked of role:clerk \(ann, bob\)"):
        desk.claim("village", "desk/1", by="eve")
    desk.claim("village", "desk/1", by="ann")
    with pytest.raises(Refusal, match="is with ann"):
        desk.claim("village", "desk/1", by="bob")
    with pytest.raises(Refusal, match="is with ann, not with bob"):
        desk.unclaim("village", "desk/1", by="bob")
    desk.unclaim("village", "desk/1", by="ann")
    desk.claim("village", "desk/1", by="bob")
    with pytest.raises(Refusal, match="is with bob"):
        desk.complete("village", "desk/1", outcome="done", fields={}, by="eve")
    desk.complete("village", "desk/1", outcome="done", fields={})

    did = [(one.actor, one.verb) for one in reversed(founded.memory.audit.entries("village", what="desk/1"))]
    assert did == [("ann", "claim"), ("ann", "unclaim"), ("bob", "claim"), ("bob", "complete")]


def test_an_item_is_handed_over_by_who_has_it_to_somebody_who_is_asked(founded: Any, desk: Desk) -> None:
    founded.memory.inbox.open([item("desk/2")])
    desk.claim("village", "desk/2", by="ann")

    with pytest.raises(Refusal, match="is with ann, and not bob's to give away"):
        desk.hand_over("village", "desk/2", to="bob", by="bob")
    with pytest.raises(Refusal, match="is not asked of eve"):
        desk.hand_over("village", "desk/2", to="eve", by="ann")
    given = desk.hand_over("village", "desk/2", to="bob", by="ann")

    assert given.claimed_by == "bob"
    assert founded.memory.inbox.loads("village")["bob"] == 1
    entry = founded.memory.audit.entries("village", what="desk/2", verb="hand-over")[0]
    assert (entry.actor, entry.details) == ("ann", {"to": "bob", "had": "ann"})


def test_nobody_decides_about_themselves(founded: Any, desk: Desk) -> None:
    approval = item("approval/1", about="ann", choices=("agree", "refuse"), details={"ladder": "tier"})
    founded.memory.inbox.open([approval])

    with pytest.raises(Refusal, match="nobody decides about themselves"):
        desk.complete("village", "approval/1", outcome="agree", fields={}, by="ann")
    assert desk.complete("village", "approval/1", outcome="agree", fields={}, by="bob").outcome == "agree"


def test_nobody_decides_about_their_own_work_by_whatever_door(founded: Any, desk: Desk, eventually: Any) -> None:
    founded.memory.effects.staff("village", "elder", ["eve", "m01"])
    run = Launcher(founded.memory.house, founded.gateway).start("harvest", scale=pace("1d=3s"))
    runs = founded.memory.runs
    eventually(lambda: runs.visit(run.id, "guests"))
    for who in ("m01", "m02"):
        desk.enrol(run.id, member=who, fields={})
    eventually(lambda: runs.visit(run.id, "dishes"))
    mine = desk.submit(run.id, "dishes", member="m01", fields={"name": "soup"})
    desk.submit(run.id, "dishes", member="m02", fields={"name": "bread"})
    eventually(lambda: runs.visit(run.id, "tasting"))
    found = eventually(
        lambda: [one for one in founded.memory.inbox.find("village", run=run.id) if one.about == mine.id]
    )

    for act in (
        lambda: desk.claim("village", found[0].id, by="m01"),
        lambda: desk.hand_over("village", found[0].id, to="m01", by="eve"),
        lambda: desk.answer(run.id, "tasting", by="m01", choice="approve", about=mine.id, fields={"reason": "mine"}),
    ):
        with pytest.raises(Refusal, match="nobody decides about their own work"):
            act()
    founded.gateway.cancel(run.id)
    founded.memory.effects.staff("village", "elder", ["eve", "eli"])


def test_the_form_of_an_item_nobody_waits_for_becomes_a_fact_about_whom_it_was(founded: Any, desk: Desk) -> None:
    founded.memory.inbox.open([item("desk/4", about="m03", form="greeted"), item("desk/5", about="m03", form="note")])

    desk.complete("village", "desk/4", outcome="done", fields={}, by="ann")
    with pytest.raises(Refusal, match="text is missing"):
        desk.complete("village", "desk/5", outcome="done", fields={}, by="ann")

    greeted = founded.memory.facts("village").find(member="m03", kinds=["greeted"], limit=5)
    assert len(greeted) == 1
    assert greeted[0].fields["by"] == "ann"


def test_members_start_only_what_is_open_to_them(founded: Any) -> None:
    launcher = Launcher(founded.memory.house, founded.gateway)

    with pytest.raises(Refusal, match="m01 may not start harvest: staff, rules and schedules do"):
        launcher.start("harvest", starter="m01")


def test_the_terminal_says_who_acts_and_the_log_has_every_write(trellis: Trellis, founded: Any) -> None:
    founded.memory.inbox.open([item("desk/6")])

    trellis("claim", "desk/6", "--as", "ann")
    trellis("hand-over", "desk/6", "--to", "bob", "--as", "ann")
    trellis("unclaim", "desk/6", "--as", "bob")
    trellis("staff", "appoint", "clerk", "cleo", "--as", "eve")
    trellis("fill", "greeted", "--about", "m04", "--as", "cleo")
    trellis("pin", "m05", "cook", "--reason", "a guest", "--by", "eve")
    trellis("inbox")
    trellis("filled", "greeted", "--about", "m04")

    log = trellis("audit", "--limit", "6")["entries"]
    assert [(one["actor"], one["verb"], one["what"]) for one in reversed(log)] == [
        ("ann", "claim", "desk/6"),
        ("ann", "hand-over", "desk/6"),
        ("bob", "unclaim", "desk/6"),
        ("eve", "appoint", "cleo"),
        ("cleo", "fill", "m04"),
        ("eve", "pin", "m05"),
    ]
    people = trellis("staff", "list")["staff"]
    assert {one["person"] for one in people if one["role"] == "clerk"} == {"ann", "bob", "cleo"}
    trellis("staff", "leave", "clerk", "cleo")
    assert trellis("audit", "--limit", "1")["entries"][0]["actor"] == "operator"


def test_who_does_not_lead_a_run_does_not_call_it_off(trellis: Trellis, founded: Any, eventually: Any) -> None:
    run = Launcher(founded.memory.house, founded.gateway).start("best-dish", scale="1d=30s")
    eventually(lambda: founded.memory.runs.visit(run.id, "pieces"))

    with pytest.raises(Refusal, match=r"m02 does not lead .* and may not call it off"):
        trellis("cancel", run.id, "--as", "m02")
    trellis("cancel", run.id, "--as", "ann")

    assert founded.memory.runs.run(run.id).status == "cancelled"
    assert trellis("audit", "--about", run.id)["entries"][0]["actor"] == "ann"
