"""By hand: pins hold against real reviews, end when they say, and are explained; wrong input is one sentence."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cli.console import INVALID, complain
from cli.main import build
from cli.memory import Memory
from operations import by_hand
from operations.errors import Refusal
from operations.explain import explain
from operations.ports.standings import Place
from rules.spec import Community
from tests.moves.club import AT, facts, people, publish, reviewed

pytestmark = pytest.mark.servers

Run = Callable[..., str]
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def club(memory: Memory) -> Community:
    community = publish(memory)
    memory.effects.staff("club", "keeper", ["kim"])
    return community


@pytest.fixture
def trellis(database_url: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("DATABASE_URL", database_url)

    def run(*arguments: str, code: int = 0) -> str:
        found: Any = 0
        try:
            found = build()(args=list(arguments), prog_name="trellis", standalone_mode=False) or 0
        except Refusal as refusal:
            found = INVALID
            complain(refusal.message, refusal.hint)
        out, err = capfd.readouterr()
        assert found == code, out + err
        return out if code == 0 else err

    return run


def tier_of(memory: Memory, member: str) -> str:
    held = memory.standings.one("club", Place(member=member, ladder="tier"))
    return "guest" if held is None or held.at is None else held.at


def place_of(memory: Memory, club: Community, member: str) -> Place:
    return by_hand.place_of(memory.desk, club, member, None)


def test_a_pin_is_a_move_with_its_effects_and_holds_until_it_ends(memory: Memory, club: Community) -> None:
    people(memory, club, "ann")
    place = place_of(memory, club, "ann")

    act = by_hand.pin(memory.desk, club, place, "regular", by="kim", reason="a founder", at=AT, until=AT + 20 * DAY)

    assert (act.what, act.from_, act.to, act.by, act.reason) == ("pin", "guest", "regular", "kim", "a founder")
    moved = memory.facts(club).find(member="ann", kinds=["moved_tier"])
    assert [(one.fields["from"], one.fields["to"], one.at) for one in moved] == [("guest", "regular", AT)]
    assert memory.effects.assigned("club", "ann") == {"contact": "kim"}
    for days in (1, 9, 19):  # without a single post she would be in grace at once and a guest a week later
        reviewed(memory, AT + days * DAY)
    assert tier_of(memory, "ann") == "regular"
    assert {d.decision.because for d in memory.decisions.of("club", "ann") if d.decision.rule == "tier"} <= {"pinned"}

    reviewed(memory, AT + 20 * DAY)
    reviewed(memory, AT + 28 * DAY)

    assert tier_of(memory, "ann") == "guest"
    assert memory.decisions.verify("club").ok
    assert memory.effects.audit("club") == []


def test_whoever_is_unpinned_is_judged_again(memory: Memory, club: Community) -> None:
    people(memory, club, "bob")
    facts(memory, club, "posted", "bob", [1, 2, 3])
    place = place_of(memory, club, "bob")
    by_hand.pin(memory.desk, club, place, "guest", by="kim", reason="a talk is under way", at=AT)
    reviewed(memory, AT + DAY)
    assert tier_of(memory, "bob") == "guest"

    by_hand.unpin(memory.desk, club, place, by="kit", at=AT + DAY, reason="the talk is over")
    reviewed(memory, AT + 2 * DAY)

    assert tier_of(memory, "bob") == "regular"
    told = explain(memory.desk, club, "bob", AT + 3 * DAY).standings[0]
    acts = [(one.what, one.because) for one in told.story if one.digest is None and one.what != "moved"]
    assert acts == [("pin", "kim: a talk is under way"), ("unpin", "kit: the talk is over")]
    assert [one.what for one in memory.standings.by_hand("club", "bob")] == ["pin", "unpin"]


def test_a_pin_of_the_past_is_seen_in_the_past_and_gone_after_it(memory: Memory, club: Community) -> None:
    people(memory, club, "joy")
    facts(memory, club, "posted", "joy", [1, 2, 3])
    place = place_of(memory, club, "joy")
    by_hand.pin(memory.desk, club, place, "guest", by="kim", reason="a talk is under way", at=AT)
    by_hand.unpin(memory.desk, club, place, by="kit", at=AT + DAY)
    by_hand.move(memory.desk, club, place, "regular", by="kim", reason="came from elsewhere", at=AT + 2 * DAY)
    by_hand.pin(memory.desk, club, place, "regular", by="kim", reason="a promise", at=AT + 4 * DAY, until=AT + 6 * DAY)

    def because(at: datetime) -> str:
        return explain(memory.desk, club, "joy", at, then=True).standings[0].decision.because

    hour = DAY / 24
    assert because(AT + hour) == "pinned"
    assert because(AT + DAY + hour) != "pinned"
    assert because(AT + 5 * DAY) == "pinned"
    assert because(AT + 7 * DAY) != "pinned"  # it had ended
    frame = memory.standings.frame(club, AT + 3 * DAY, ladder="tier", subjects=["joy"], then=True)
    assert frame["last_move"].to_list() == ["by_hand"]


def test_a_move_by_hand_is_judged_at_the_next_review(memory: Memory, club: Community) -> None:
    people(memory, club, "cai")
    place = place_of(memory, club, "cai")
    by_hand.move(memory.desk, club, place, "regular", by="kim", reason="came from elsewhere", at=AT)

    reviewed(memory, AT + DAY)
    below = memory.standings.one("club", place)
    assert below is not None
    assert (below.at, below.last_move, below.below_since) == ("regular", "by_hand", AT + DAY)
    reviewed(memory, AT + 9 * DAY)

    assert tier_of(memory, "cai") == "guest"
    with pytest.raises(Refusal, match="stands in guest already"):
        by_hand.move(memory.desk, club, place, "guest", by="kim", reason="again", at=AT + 9 * DAY)


def test_the_commands_hold_explain_and_let_go(memory: Memory, club: Community, trellis: Run) -> None:
    people(memory, club, "dee", joined=datetime.now(UTC) - timedelta(days=3))

    done = json.loads(
        trellis("pin", "dee", "trusted", "--reason", "a founder", "--by", "kim", "--until", "2199-01-01", "--json")
    )
    assert (done["act"], done["from"], done["to"], done["by"]) == ("pin", "guest", "trusted", "kim")
    assert "2198-12-31T16:00" in done["until"]
    shown = trellis("explain", "dee")
    assert "Pinned by kim until 2199-01-01: a founder." in shown
    assert "kim: a founder" in shown
    assert "is pinned in trusted by kim" in trellis("move", "dee", "regular", "--reason", "x", code=INVALID)
    assert "free to move" in trellis("unpin", "dee", "--reason", "done")
    assert "dee went from trusted to regular" in trellis("move", "dee", "regular", "--reason", "a slip")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("pin", "nobody", "regular", "--reason", "x"), "There is no member 'nobody' in club."),
        (("pin", "eva", "regulr", "--reason", "x"), "There is no tier 'regulr' in club."),
        (("pin", "eva", "regular", "--reason", " "), "It takes a reason."),
        (("pin", "eva", "regular", "--reason", "x", "--until", "2020-01-01"), "which has passed."),
        (("pin", "eva", "regular", "--reason", "x", "--until", "soon"), "--until 'soon' is not a time."),
        (("pin", "eva", "regular", "--reason", "x", "--ladder", "rank"), "There is no ladder 'rank' in club."),
        (("pin", "eva", "regular", "--reason", "x", "--ladder", "tier@a"), "The ladder tier has no value 'a'."),
        (("unpin", "eva"), "eva is not pinned on tier."),
        (("move", "eva", "guest", "--reason", "x"), "eva stands in guest already."),
    ],
)
def test_wrong_input_is_one_sentence(
    memory: Memory, club: Community, trellis: Run, arguments: tuple[str, ...], sentence: str
) -> None:
    people(memory, club, "eva")
    assert sentence in trellis(*arguments, code=INVALID)
    assert memory.standings.by_hand("club", "eva") == []
