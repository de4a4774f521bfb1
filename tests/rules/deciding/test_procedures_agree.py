"""Ladders, lifecycle and rules decide the same for one member as over a whole community at once."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.columns import judge, verdicts
from rules.condition import Attribute, Condition, Fixed
from rules.firing import Rule
from rules.ladder import Floor, Ladder, Rung
from rules.lasting import Waiting
from rules.lifecycle import Transition
from rules.rulebook import Rulebook, decide_member
from rules.time import Duration
from rules.values import BOOLEAN, INTEGER, TEXT, Evidence, ValueType
from tests.rules.deciding.trees import condition, evidence, frame

ZONE = ZoneInfo("Asia/Shanghai")
TIERS = ("base", "active", "core", "ambassador")
TIER = ValueType("tier", listed=TIERS)
STAGES = ("emerging", "active", "mature")
AT = datetime(2027, 3, 31, 22, 0, tzinfo=UTC)

simple = st.one_of(st.sampled_from([Fixed(True), Fixed(False), Fixed(None)]), condition(1))
maybe: st.SearchStrategy[Condition | None] = st.one_of(st.none(), simple)
waits = st.one_of(
    st.none(),
    st.builds(
        lambda count, unit: Waiting(Duration(count, unit), ZONE),
        st.integers(1, 40),
        st.sampled_from(["d", "w", "mo", "h"]),
    ),
)


@st.composite
def ladder(draw: st.DrawFn, name: str) -> Ladder:
    rungs = []
    for rank, tier in enumerate(TIERS):
        falls_to = draw(st.integers(0, max(rank - 1, 0)))
        rungs.append(Rung(tier, draw(maybe), draw(maybe), draw(waits), draw(waits), falls_to))
    floors = draw(st.lists(st.builds(Floor, simple, st.integers(0, 3)), max_size=2))
    bare = name.partition("@")[0]
    return Ladder(
        name,
        bare,
        name.partition("@")[2] or None,
        Attribute(tuple(dict.fromkeys((name, bare))), TIER),
        Attribute(tuple(dict.fromkeys((f"days_in_{name}", f"days_in_{bare}"))), INTEGER),
        draw(waits),
        draw(st.integers(1, 3)),
        draw(maybe),
        tuple(floors),
        tuple(rungs),
        "sha256:0",
    )


@st.composite
def rulebook(draw: st.DrawFn) -> Rulebook:
    ladders = tuple(draw(ladder(name)) for name in ("standing", "care@one"))
    transitions = tuple(
        Transition(
            f"way{n}",
            tuple(draw(st.lists(st.sampled_from([*STAGES, "none"]), min_size=1, max_size=3, unique=True))),
            draw(st.sampled_from(STAGES)),
            draw(simple),
            draw(waits),
            "sha256:0",
        )
        for n in range(draw(st.integers(0, 4)))
    )
    rules = tuple(
        Rule(f"rule{n}", f"rule{n}", None, "member", draw(simple), "spell", 100, "sha256:0") for n in range(2)
    )
    return Rulebook("sha256:0", ladders, transitions, rules, {}, ZONE)


STANDING: dict[str, tuple[ValueType, st.SearchStrategy]] = {
    "standing": (TIER, st.sampled_from(TIERS)),
    "care@one": (TIER, st.sampled_from(TIERS)),
    "care": (TIER, st.sampled_from(TIERS)),
    "stage": (TEXT, st.sampled_from(STAGES)),
    "pinned": (BOOLEAN, st.sampled_from([True, False, False])),
    "days_in_standing": (INTEGER, st.integers(0, 60)),
    "days_in_care@one": (INTEGER, st.integers(0, 60)),
    "below_for": (INTEGER, st.integers(0, 60)),
    "below_for@care": (INTEGER, st.integers(0, 60)),
    "met_for": (INTEGER, st.integers(0, 60)),
    "met_for@standing": (INTEGER, st.integers(0, 60)),
    "met_for@way1": (INTEGER, st.integers(0, 60)),
}
standings = st.fixed_dictionaries({name: st.one_of(st.none(), one, one) for name, (_, one) in STANDING.items()})
people = st.lists(st.tuples(evidence(), standings), min_size=1, max_size=8)


def members(given: list[tuple[Evidence, dict]]) -> dict[str, Evidence]:
    return {
        f"m{place}": Evidence({**row.attributes, **standing, "subject": f"m{place}"}, row.readings)
        for place, (row, standing) in enumerate(given)
    }


def table(rows: list[Evidence]) -> pl.DataFrame:
    extra = {
        name: pl.Series(
            [row.attributes.get(name) for row in rows],
            dtype=pl.Int64 if type_ is INTEGER else pl.Boolean if type_ is BOOLEAN else pl.String,
        )
        for name, (type_, _) in STANDING.items()
    }
    return frame(rows).with_columns(**extra)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(rulebook(), people)
def test_a_community_judged_at_once_comes_out_as_each_member_alone(
    book: Rulebook, given_rows: list[tuple[Evidence, dict]]
) -> None:
    rows = members(given_rows)
    judged = verdicts(judge(book, table(list(rows.values())), AT))

    alone = [
        (decision.member, decision.rule, decision.outcome, decision.from_, decision.to, decision.because)
        for member, row in rows.items()
        for decision in decide_member(book, member, row, AT)
    ]
    assert judged.rows() == alone


def test_nobody_is_judged_where_there_is_nobody() -> None:
    book = Rulebook("sha256:0", (), (), (), {}, ZONE)
    assert verdicts(judge(book, frame([]), AT)).is_empty()
