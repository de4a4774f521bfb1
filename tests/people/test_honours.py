"""Honours: the adviser of the year is nominated by rule and named by the director; what is for life outlasts a tier."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cli.memory import Memory
from operations.by_hand import pin
from operations.errors import Refusal
from operations.granting import grant, take_back
from operations.ports.facts import Fact
from operations.ports.standings import LIFECYCLE, Place
from rules.spec import Community
from tests.people.owners import AT, did, enlist, owners, reviewed, stage, tier

pytestmark = pytest.mark.servers
DAY = timedelta(days=1)
FOR_LIFE = {"lifelong-honorary", "brand-friend", "honorary-advisor"}


@pytest.fixture(scope="module")
def spec(memory: Memory) -> Community:
    """Two who speak in public and one who does so at home, each with a dozen works in the last months."""
    auto = owners(memory)
    for who, origin in (("voice", "public_domain"), ("tired", "public_domain"), ("quiet", "private_domain")):
        enlist(memory, auto, who, origin=origin, consent=True, tier="core", stage="mature", since=300)
        place = Place(member=who, ladder=LIFECYCLE)
        memory.standings.pin(auto.id, place, to="mature", by="kim", reason="test", at=AT - 9 * DAY)
        posted(memory, auto, who, 12, 20)
    return auto


def posted(memory: Memory, spec: Community, who: str, works: int, days_ago: float) -> None:
    for n in range(works):
        fields = {"work": f"{who}-{days_ago}-{n}", "nature": "talk", "public": True}
        did(memory, spec, who, "posted", days_ago + n, key=str(n), **fields)


def held(memory: Memory, spec: Community, who: str) -> dict[str, object]:
    """Titles that somebody holds, with when each ends."""
    found = memory.effects.holdings(spec.id, who)
    return {one.item: one.until for one in found if one.kind == "title" and one.ended_at is None}


def test_the_adviser_of_the_year_is_nominated_by_rule_and_named_by_the_director_for_a_year(
    memory: Memory, spec: Community
) -> None:
    reviewed(memory, spec)
    nominees = {one.member for one in memory.effects.candidates(spec.id, "title", "special-adviser")}
    assert nominees == {"voice", "tired"}, "the public track's honour"
    assert "special-adviser" not in held(memory, spec, "voice"), "a nomination is no title"

    def give(who: str, by: str, reason: str = "a year of honest pieces", title: str = "special-adviser") -> None:
        grant(memory.desk, memory.audit, spec, member=who, title=title, by=by, reason=reason, at=AT)

    with pytest.raises(Refusal, match="special-adviser is not planner-1's to give"):
        give("voice", "planner-1")
    with pytest.raises(Refusal, match="It takes a reason"):
        give("voice", "director-1", " ")
    with pytest.raises(Refusal, match="lifelong-honorary is not director-1's to give"):
        give("voice", "director-1", title="lifelong-honorary")
    with pytest.raises(Refusal, match="familiar-face is held by whomever it is true of"):
        give("voice", "director-1", title="familiar-face")
    for who in ("voice", "tired"):
        give(who, "director-1")
    with pytest.raises(Refusal, match="holds special-adviser already"):
        give("voice", "director-2")

    ends = AT.astimezone(spec.zone).replace(year=AT.astimezone(spec.zone).year + 1)
    assert held(memory, spec, "voice")["special-adviser"] == ends, "for a year, as its term says"
    log = memory.audit.entries(spec.id, what="voice", verb="grant")
    assert [(one.actor, one.details["title"], one.details["reason"]) for one in log] == [
        ("director-1", "special-adviser", "a year of honest pieces")
    ]
    posted(memory, spec, "voice", 12, -200)  # who goes on speaking is asked to go on
    reviewed(memory, spec, days=364)
    assert {held(memory, spec, who).get("special-adviser") for who in ("voice", "tired")} == {ends}
    reviewed(memory, spec, days=367)
    again = held(memory, spec, "voice").get("special-adviser")
    assert again is not None
    assert again > ends
    assert "special-adviser" not in held(memory, spec, "tired")

    take_back(
        memory.desk, memory.audit, spec, member="voice", title="special-adviser", by="director-2", reason="moved away",
        at=AT + 368 * DAY,
    )  # fmt: skip
    assert "special-adviser" not in held(memory, spec, "voice")
    assert memory.effects.audit(spec.id) == []


def test_a_title_for_life_has_no_end_and_outlasts_the_tier(memory: Memory, spec: Community) -> None:
    enlist(memory, spec, "elder", origin="both", consent=True, tier="core", stage="evolving", since=300)
    chosen = {"choice": "honorary", "mode": "farewell", "phase": "choice", "silent": False}
    memory.facts(spec).record([Fact("chose/elder", "answered", "elder", AT + 400 * DAY, None, chosen)])

    reviewed(memory, spec, days=401)
    assert stage(memory, spec, "elder") == "honorary"
    place = Place(member="elder", ladder="tier")
    pin(memory.desk, spec, place, "base", by="kim", reason="the tier is given back", at=AT + 402 * DAY)
    reviewed(memory, spec, days=3000)

    assert tier(memory, spec, "elder") == "base"
    assert {item: until for item, until in held(memory, spec, "elder").items() if item in FOR_LIFE} == dict.fromkeys(
        FOR_LIFE
    )
