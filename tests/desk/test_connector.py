"""The connector: contacts before an invitation, an invitation in the voice of a club, and an answer or its end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from operations import membership
from operations.by_form import fill_in
from operations.errors import Refusal
from operations.notify import write
from operations.ports.decisions import Wanted
from operations.ports.standings import LIFECYCLE, Place
from tests.desk.auto import asked, open_items, reviewed, staffed
from tests.touch.owners import AT, auto, happened, owners
from workflows.desk import Desk

pytestmark = pytest.mark.servers

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def spec(memory: Any) -> Any:
    community = auto(memory)
    staffed(memory, community, connector=["lin", "mei"])
    owners(memory, community, ["li", "wang"], stage="emerging", since=AT - 30 * DAY, origin="public_domain")
    return community


def invited(memory: Any, spec: Any) -> set[str]:
    return {move.member for move in memory.memberships.invitations(spec.id)}


def touch(memory: Any, spec: Any, whom: str, by: str, at: Any, how: str = "discussed") -> None:
    fill_in(memory.house, spec, "touched", {"how": how}, about=whom, by=by, at=at)


def test_nobody_is_invited_before_there_were_real_contacts(memory: Any, spec: Any) -> None:
    desk = Desk(memory.house, now=lambda: AT)
    reviewed(memory, spec, AT, ["lifecycle", "rules"])
    to_meet = open_items(memory, spec, "connector", about="li", form="touched")

    desk.claim(spec.id, to_meet[0].id, by="lin")
    with pytest.raises(Refusal, match="how is missing"):
        desk.complete(spec.id, to_meet[0].id, outcome="done", fields={}, by="lin")
    desk.complete(spec.id, to_meet[0].id, outcome="done", fields={"how": "liked"}, by="lin")
    touch(memory, spec, "li", "lin", AT + DAY)
    reviewed(memory, spec, AT + 2 * DAY, ["lifecycle"])
    asked(memory, spec, AT + 2 * DAY)
    assert invited(memory, spec) == set()

    touch(memory, spec, "li", "mei", AT + 3 * DAY, how="met")
    reviewed(memory, spec, AT + 4 * DAY, ["lifecycle"])
    asked(memory, spec, AT + 4 * DAY)

    assert invited(memory, spec) == {"li"}
    log = memory.facts(spec).find(member="li", kinds=["touched"], limit=9)
    assert sorted((fact.fields["how"], fact.fields["by"]) for fact in log) == [
        ("discussed", "lin"),
        ("liked", "lin"),
        ("met", "mei"),
    ]
    decisions = memory.decisions.find(spec.id, Wanted(member="li"), limit=50)
    reasons = {(reason.metric, reason.value) for one in decisions for reason in one.decision.reasons}
    assert ("touches", 3) in reasons


def test_the_invitation_has_the_voice_of_a_club_and_comes_from_a_person_in_a_role(memory: Any, spec: Any) -> None:
    letter = write(spec, memory.outbox.of(spec.id, "li")[0])

    assert spec.messages["club-invitation"].tone == "club"
    assert letter.title["en"] == "Join our club"
    assert "li，一直很喜欢你的分享" in letter.text["zh"]
    assert "job" not in letter.text["en"]
    assert memory.outbox.of(spec.id, "li")[0].values["from"] == "role:connector"


def test_a_yes_is_kept_and_moves_the_member_on(memory: Any, spec: Any) -> None:
    move = memory.memberships.invitations(spec.id, "li")[0]
    memory.memberships.answer(spec.id, move.id, answer="accept", at=AT + 6 * DAY)

    stand = membership.advance(memory.desk, spec.id, move.id, AT + 6 * DAY)

    assert stand.outcome == "moved"
    kept = memory.memberships.get(spec.id, move.id)
    assert (kept.answer, kept.answered_at) == ("accept", AT + 6 * DAY)
    assert memory.standings.one(spec.id, Place(member="li", ladder=LIFECYCLE)).at == "active"
    assert ("welcome-public", "li") in {(one.details["task"], one.member) for one in memory.effects.to_start(spec.id)}


def test_an_invitation_nobody_answers_expires_and_is_not_sent_again_for_a_season(memory: Any, spec: Any) -> None:
    happened(memory, spec, "touched", "wang", [1, 2, 3], how="discussed", by="lin")
    reviewed(memory, spec, AT + DAY, ["lifecycle"])
    due = asked(memory, spec, AT + DAY)["wang"].due
    assert due is not None
    assert (due - (AT + DAY)).days == 21

    assert asked(memory, spec, due + DAY)["wang"].outcome == "lapsed"

    reviewed(memory, spec, due + 2 * DAY, ["lifecycle"])
    assert not [move for move in memory.memberships.unstarted(spec.id) if move.member == "wang"]
    assert memory.standings.one(spec.id, Place(member="wang", ladder=LIFECYCLE)).at == "emerging"
