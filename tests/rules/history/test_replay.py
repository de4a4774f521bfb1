"""Replay: what a ladder would have done, compared with reviews stepped one by one."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.condition import base_readings
from rules.counted import counted
from rules.history.past import Past, growing
from rules.history.replay import Replay
from rules.history.stepper import Move
from rules.metric import measure
from rules.reading import Reading, parse_reading
from rules.rulebook import compile_ladder
from tests.rules.history.made_up import BEGINS, Deed, community, every_review, facts_of, history_of, stepped

MEMBERS = ("ann", "bob")
WINDOWS = ("all", "1d", "7d", "30d", "2w", "1mo", "12h", "90min", "this_month", "last_week", "7d, 3d ago", "this_year")
METRICS = (
    "posts", "acts", "score", "mean_score", "best", "worst", "newest", "topics", "days", "run", "weeks", "quiet",
    "first", "few", "warnings",
)  # fmt: skip

deeds = st.lists(
    st.builds(
        Deed,
        member=st.sampled_from(MEMBERS),
        kind=st.sampled_from(("posted", "posted", "posted", "warned")),
        hour=st.integers(0, 24 * 75),
        score=st.none() | st.integers(-40, 60),
        topic=st.none() | st.sampled_from("ab"),
    ),
    min_size=1,
    max_size=24,
).map(lambda found: [one if one.kind == "posted" else Deed(one.member, "warned", one.hour) for one in found])
joined = st.fixed_dictionaries({member: st.integers(0, 24 * 30) for member in MEMBERS})

LEAVES = (
    "{ posts: { at_least: 2, over: 7d } }",
    "{ posts: { between: [1, 3], over: 30d } }",
    '{ score: { more_than: "1.5", over: 2w } }',
    '{ rate: { at_least: "0.50", over: 30d } }',
    '{ mean_score: { at_least: "0.75", over: all } }',
    "{ topics: { at_least: 2, over: 30d } }",
    "{ run: { at_least: 2, over: 30d } }",
    "{ quiet: { at_most: 3d, over: all } }",
    "{ not: { quiet: { at_least: 100h, over: all } } }",
    "{ warnings: { is: 0, over: 30d } }",
    "{ days_member: { at_least: 9 } }",
    "{ days_in_tier: { at_least: 4 } }",
    "{ days_in_tier: { more_than: 6 } }",
    "{ in_grace: { is: false } }",
    "{ any: [{ days_in_tier: { at_least: 20 } }, { few: { at_least: 2, over: 7d } }] }",
    "{ posts: { at_least: { percent: 30, of: community.all_posts }, over: 30d } }",
    "{ first: { at_least: 5d, over: all } }",
    "{ posts: { at_least: 2, over: in_tier } }",
    "{ topics: { at_least: 1, over: in_tier, until: 2d ago } }",
    "{ all: [{ quiet: { at_most: 5d, over: in_tier } }, { posts: { at_least: 1, over: 30d } }] }",
    '{ rate: { at_least: "0.60", over: in_tier } }',
)  # fmt: skip
leaf = st.sampled_from(LEAVES)
condition = st.one_of(
    leaf,
    st.builds("{{ all: [{}, {}] }}".format, leaf, leaf),
    st.builds("{{ any: [{}, {}] }}".format, leaf, leaf),
    st.builds("{{ exactly_one: [{}, {}] }}".format, leaf, leaf),
)
wait = st.sampled_from((None, "1d", "3d", "1w", "30h", "1mo", "2bd"))


@st.composite
def ladders(draw: st.DrawFn) -> str:
    """A ladder of three tiers with any conditions and any waits."""
    lines = [
        "schema: tiers/v1",
        "title: { en: Ladder, zh: 阶梯 }",
        draw(st.sampled_from(('review: { every: day, at: "06:00" }', "review: { every: week, day: wed }"))),
        f"max_step: {draw(st.integers(1, 2))}",
    ]
    cooldown = draw(wait)
    if cooldown:
        lines.append(f"cooldown: {cooldown}")
    if draw(st.booleans()):
        lines.append(f"exempt: {draw(condition)}")
    if draw(st.integers(0, 3)) == 0:
        lines.append(f"floors: [{{ when: {draw(condition)}, tier: middle }}]")
    lines += ["tiers:", "  - { id: low, title: { en: Low, zh: 低 } }"]
    for id_ in ("middle", "high"):
        lines += [f"  - id: {id_}", "    title: { en: Tier, zh: 级 }", f"    earn: {draw(condition)}"]
        if draw(st.booleans()):
            lines.append(f"    keep: {draw(condition)}")
            grace = draw(wait)
            if grace:
                lines.append(f"    grace: {grace}")
        observe = draw(wait)
        if observe:
            lines.append(f"    observe: {observe}")
    return "\n".join(lines) + "\n"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ladders(), joined, deeds, st.sampled_from(("Asia/Shanghai", "America/New_York")))
def test_a_replay_moves_everybody_as_reviews_stepped_one_by_one_do(
    tiers: str, since: dict[str, int], done: list[Deed], zone: str
) -> None:
    spec = community(tiers, zone)
    ladder = compile_ladder(spec, "tier")[0]
    metrics = {reading.metric for one in ladder.conditions() for reading in base_readings(one)}
    history = history_of(spec, since, done, sorted(metrics))
    reviews = every_review(spec, history, days=40)

    moves = Replay(ladder, history, reviews).moves()

    assert moves == stepped(spec, ladder, since, done, reviews)


@settings(max_examples=60, deadline=None)
@given(
    joined,
    deeds,
    st.sets(st.tuples(st.sampled_from(METRICS), st.sampled_from(WINDOWS)), min_size=1, max_size=4),
    st.sampled_from(("Asia/Shanghai", "America/New_York")),
)
def test_a_reading_is_at_every_review_what_its_metric_means(
    since: dict[str, int], done: list[Deed], asked: set[tuple[str, str]], zone: str
) -> None:
    spec = community(zone=zone)
    history = history_of(spec, since, done, sorted({name for name, _ in asked}))
    reviews = every_review(spec, history, days=20)
    readings = [parse_reading(name, window) for name, window in sorted(asked)]

    frames = Past(history, reviews, readings, {}, everywhere=True).frames()

    seen = {(row["m"], row["i"]): row for rows in frames for row in rows.iter_rows(named=True)}
    facts, metrics = facts_of(done), counted(spec)
    for i, at in enumerate(reviews.moments):
        for reading in readings:
            values = measure(metrics[reading.metric], facts, reading, at, spec.zone)
            for number, member in enumerate(sorted(since)):
                if BEGINS + timedelta(hours=since[member]) <= at:
                    expected = values.get(member, metrics[reading.metric].nothing)
                    assert seen[number, i][reading.key] == expected, (reading.key, at)


def test_only_reviews_at_which_something_changes_are_rows() -> None:
    spec = community()
    history = history_of(spec, {"ann": 0}, [Deed("ann", "posted", 5), Deed("ann", "posted", 24 * 50)], ["posts"])
    ladder = compile_ladder(spec, "tier")[0]
    reviews = every_review(spec, history, days=100)
    bounds, everywhere = growing(list(ladder.conditions()), history.metrics)

    (rows,) = Past(history, reviews, [Reading("posts", "30d")], bounds, everywhere).frames()

    assert rows["posts[30d]"].to_list() == [1, 0, 1, 0]


def test_a_look_says_what_a_review_saw_and_what_was_missing() -> None:
    spec = community()
    done = [Deed("ann", "posted", 5), Deed("ann", "posted", 24 * 10)]
    history = history_of(spec, {"ann": 0}, done, ["posts"])
    ladder = compile_ladder(spec, "tier")[0]
    reviews = every_review(spec, history)
    replay = Replay(ladder, history, reviews)
    moves = replay.moves()

    looks = replay.looks([(0, moves[0].review), (0, moves[0].review - 1)])

    assert [(move.from_, move.to) for move in moves] == [(0, 1)]
    assert looks[0, moves[0].review].decision.outcome == "promote"
    before = looks[0, moves[0].review - 1]
    assert before.decision.outcome == "none"
    assert before.earn is not None
    assert [(one.metric, one.value, one.threshold) for one in before.earn.reasons()] == [("posts", 1, 2)]


@pytest.mark.parametrize("every", ["posts", "quiet"])
def test_whoever_joins_later_is_not_there_before(every: str) -> None:
    spec = community()
    history = history_of(spec, {"ann": 24 * 20}, [Deed("ann", "posted", 1), Deed("ann", "posted", 2)], [every])
    reviews = every_review(spec, history, days=40)
    ladder = compile_ladder(spec, "tier")[0]

    moves = Replay(ladder, history, reviews).moves()

    joins = BEGINS + timedelta(hours=24 * 20)
    assert moves == [] if every == "quiet" else moves == [Move(0, reviews.first_at(joins), 0, 1)]
