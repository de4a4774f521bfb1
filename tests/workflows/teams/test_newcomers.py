"""Somebody who could take a seat only since the council began is offered one that is free, until the run ends."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from operations.ports.members import Member
from rules.spec import load
from tests.workflows.made_up import AT, FILES
from workflows.desk import Desk
from workflows.launch import Launcher
from workflows.phases import discover
from workflows.teamwork import Teamwork

pytestmark = pytest.mark.servers

COUNCIL = """
schema: mode/v1
id: council
title: { en: Council, zh: 理事会 }
owner: role:elder
phases:
  - id: seats
    kind: form_teams
    from: { where: { tags: { contains: wise } } }
    slots: [{ id: seat, needs: 1, limit: 2 }]
    limit: 1
    fill: invite
    within: 10d
    go: { short: cancel }
  - { id: year, kind: wait, within: 300d }
"""
TASK = "schema: task/v1\nid: elders\ntitle: { en: Elders, zh: 长老 }\nmode: council\n"


def test_who_becomes_eligible_in_the_middle_of_a_term_is_offered_a_free_seat(
    room: Any, worker: Any, eventually: Any
) -> None:
    texts = {**FILES, "modes/council.yaml": COUNCIL, "tasks/elders.yaml": TASK}
    files = {name: text.strip().encode() + b"\n" for name, text in texts.items()}
    community = load(files, discover()).community
    assert community is not None
    memory = room.memory
    memory.specs.publish(files, community, message="founded", author="test", at=AT)

    def wise(*ids: str) -> None:
        joined = AT - timedelta(days=400)
        people = [Member(one, joined, {"consent": True, "tags": frozenset({"wise"})}) for one in ids]
        memory.members(community).enlist(people, at=AT - timedelta(days=300))

    def asked(run: str) -> list[str]:
        return sorted(one.asked[0] for one in memory.inbox.find("village", run=run))

    wise("ada", "nay")
    with worker():
        run = Launcher(memory.house, room.gateway).start("elders").id
        eventually(lambda: asked(run) == ["ada", "nay"])
        council = Teamwork(Desk(memory.house, poke=room.gateway.poke), run, "seats")
        council.decline("nay")
        council.confirm("ada")
        eventually(lambda: memory.runs.visit(run, "year"))
        assert asked(run) == []

        wise("eve", "fay")
        room.gateway.poke(run, "")

        eventually(lambda: asked(run) == ["eve"])  # one seat is free; who said no is not asked again
        Teamwork(Desk(memory.house, poke=room.gateway.poke), run, "seats").confirm("eve")
        [team] = memory.teams.of_run(run, live=True)
        assert sorted(team.inside("seat")) == ["ada", "eve"]
        room.gateway.cancel(run)
        eventually(lambda: memory.runs.run(run).status != "running")
