"""Scarce goods and gatherings from the terminal."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from operations.errors import Refusal
from tests.scarce.depot import AT, Walk, found
from tests.waiting import PATIENCE, pace

pytestmark = pytest.mark.servers

Trellis = Callable[..., Any]


@pytest.fixture(scope="module")
def founded(room: Any, database_url: str, temporal_address: str) -> Iterator[Any]:
    from cli import wiring

    found(room.memory)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_URL", database_url)
        patch.setenv("TEMPORAL_ADDRESS", temporal_address)
        with room.gateway.working(wiring.crew(room.memory, room.gateway)):
            yield room


def run(*given: str) -> str:
    from cli.main import build

    answer = CliRunner().invoke(build(), list(given))
    if answer.exception is not None and not isinstance(answer.exception, SystemExit):
        raise answer.exception
    assert answer.exit_code == 0, answer.output
    return answer.stdout


@pytest.fixture
def trellis(founded: Any) -> Trellis:
    return lambda *given: json.loads(run(*given, "--json"))


def test_what_there_is_and_why_who_got_it_is_shown(founded: Any, trellis: Trellis) -> None:
    walk, ten = Walk(founded.memory), AT + timedelta(hours=2)
    for who in ("m02", "m01", "m03"):
        walk.open(walk.start("lend", who), "ask-for", AT)
    bikes = walk.start("lend", "m04")
    walk.open(bikes, "ask-for", AT)
    walk.check(bikes, "ask-for", ten)
    walk.open(walk.start("thanks", "m02"), "mug", AT)

    told = trellis("resources", "--at", "2027-03-08T10:30:00+01:00")
    assert told["stock"] == [{"id": "mug", "left": 2, "lent": 0, "low": True, "reorder_at": 2}]
    purse = next(one for one in told["budgets"] if one["id"] == "purse")
    assert (purse["granted"], purse["spent"]) == (100_000, 500)
    assert purse["lines"][0] == {"planned": 70_000, "spent": 500, "tier": "newcomer"}
    assert [one["member"] for one in told["parcels"]] == ["m02"]
    one = trellis("resources", "show", "bikes")
    assert [(claim["receiver"], claim["why"]["place"]) for claim in one["claims"]] == [
        ("m04", 4),
        ("m03", 3),
        ("m01", 1),
        ("m02", 2),
    ]
    text = run("resources", "show", "bikes")
    assert "highest tier: cook" in text
    assert "1 of 4" in text


def test_stock_comes_in_once_by_its_note_and_never_goes_below_zero(trellis: Trellis) -> None:
    first = trellis("resources", "stock", "mug", "10", "--key", "note 17")
    assert trellis("resources", "stock", "mug", "10", "--key", "note 17") == first
    with pytest.raises(Refusal, match="500 cannot be taken out"):
        trellis("resources", "stock", "mug", "500", "--out")
    with pytest.raises(Refusal, match="has no stock 'mugs'"):
        trellis("resources", "stock", "mugs", "1")


def test_parcels_are_posted_and_their_items_are_done(founded: Any, trellis: Trellis) -> None:
    parcel = trellis("resources")["parcels"][0]["key"]

    assert trellis("resources", "post", parcel, "--as", "ann") == {"posted": 1}

    assert trellis("resources", "post", parcel) == {"posted": 0}
    assert founded.memory.inbox.item("village", parcel).state == "done"
    assert trellis("resources")["parcels"] == []


def test_a_benefit_that_is_not_held_is_not_used_and_a_period_that_runs_is_not_closed(trellis: Trellis) -> None:
    with pytest.raises(Refusal, match="m05 does not hold oven"):
        trellis("resources", "use", "oven", "m05")
    with pytest.raises(Refusal, match="has no period '2001'"):
        trellis("resources", "close", "purse", "2001")


def test_a_supper_is_held_with_its_quorum_its_elder_and_its_minutes(
    founded: Any, trellis: Trellis, eventually: Any
) -> None:
    from workflows.desk import Desk
    from workflows.launch import Launcher
    from workflows.steps import RunResult

    memory = founded.memory
    desk = Desk(memory.house, poke=founded.gateway.poke)
    supper = Launcher(memory.house, founded.gateway).start("supper", scale=pace("1d=600ms"))
    eventually(lambda: memory.runs.visit(supper.id, "guests"))
    for who in ("m05", "m06", "m07"):
        desk.enrol(supper.id, member=who, fields={})
    eventually(lambda: memory.runs.visit(supper.id, "table"))

    def refused(*given: str) -> str:
        with pytest.raises(Refusal) as caught:
            trellis("meet", supper.id, *given)
        return str(caught.value)

    assert "It must be said who" in refused("--day", "1d")
    assert "nothing was written down" in refused("--as", "ann", "--day", "1h", "--attended", "m05")
    assert trellis("meet", supper.id)["state"]["day"] is None
    assert "is not the host" in refused("--as", "m05", "--day", "1d")
    assert "after the time" in refused("--as", "ann", "--day", "60d")
    trellis("meet", supper.id, "--as", "ann", "--day", "1h")
    assert trellis("meet", supper.id)["state"]["invited"] == ["m05", "m06", "m07"]
    eventually(lambda: "was there" in run("meet", supper.id, "--as", "m05", "--i-was-there"))
    assert "is not in role:elder" in refused("--as", "ann", "--with-role", "elder=ann")
    assert "m09 is not invited" in refused("--as", "ann", "--attended", "m07,m09")
    assert trellis("meet", supper.id)["state"]["attended"] == ["m05"]
    trellis("meet", supper.id, "--as", "ann", "--attended", "m06", "--with-role", "elder=eve")
    trellis("meet", supper.id, "--as", "ann", "--minutes", "--form", "text=soup and songs")

    assert founded.gateway.result(supper.id, PATIENCE, RunResult).end == "end"
    results = memory.runs.visit(supper.id, "table").results
    assert (results["attended"], results["absent"]) == (["m05", "m06"], ["m07"])
    facts = memory.facts("village")
    assert {fact.member for fact in facts.find(kinds=["attended"], limit=20)} == {"m05", "m06"}
    assert [fact.member for fact in facts.find(kinds=["absent"], limit=20)] == ["m07"]
    assert facts.find(kinds=["note"], limit=5)[0].fields["text"] == "soup and songs"
