"""Search: a planted threshold is found, on its own, the same each time; and what is tuned is what is written."""

from datetime import timedelta
from fractions import Fraction

from rules.history.knobs import knobs_of, turned
from rules.history.replay import Replay
from rules.history.score import Holding, score
from rules.history.search import Found, Search, Trials, front
from rules.rulebook import compile_ladder
from tests.rules.history.made_up import BEGINS, Deed, community, every_review, history_of

LADDER = """schema: tiers/v1
title: { en: Ladder, zh: 阶梯 }
review: { every: day, at: "06:00" }
tiers:
  - { id: low, title: { en: Low, zh: 低 } }
  - id: middle
    title: { en: Middle, zh: 中 }
    earn:
      all:
        - posts: { at_least: 12, over: 30d }         # to be found: 6
        - any: [{ topics: { at_least: 1, over: 30d } }, { run: { at_least: 1, over: 30d } }]
        - score: { at_most: "9.00", over: 30d }
    keep: { posts: { at_least: 1, over: 90d } }
"""
PLANTED = 6


def planted() -> tuple[dict[str, int], list[Deed], list[Holding]]:
    """Forty members who post 1 to 13 times in a month; people promote whoever comes to six."""
    joined, deeds, people = {}, [], []
    for number in range(40):
        name, begins = f"m{number:02}", 24 * 8 * number
        joined[name] = begins
        posts = 1 + number * 7 % 13
        hours = [begins + 24 * place for place in range(posts)]
        deeds += [Deed(name, "posted", hour, 1, "a") for hour in hours]
        if posts >= PLANTED:
            people.append(Holding(name, 1, BEGINS + timedelta(hours=hours[PLANTED - 1] + 12)))
    return joined, deeds, people


def searched(seed: int, budget: int = 80) -> tuple[Trials, Found]:
    spec = community(LADDER)
    joined, deeds, people = planted()
    ladder = compile_ladder(spec, "tier")[0]
    history = history_of(spec, joined, deeds, ["posts", "topics", "score", "run"])
    reviews = every_review(spec, history, days=100)
    knobs = knobs_of(ladder, spec.ladders["tier"], ["middle"])
    trials = Trials(ladder, knobs, history, reviews)
    span = (history.first, reviews.moments[-1])
    found = Search(
        trials,
        lambda moves: score(people, moves, reviews, sorted(joined), 1, span),
        start=trials.start,
        mine=range(len(knobs)),
        budget=budget,
        seed=seed,
    ).run()
    return trials, found


def test_a_planted_threshold_is_found() -> None:
    trials, found = searched(seed=1)

    chosen = {knob.label: knob.shown(value) for knob, value in trials.values(found.chosen.setting).items()}
    assert chosen["middle: posts over 30d at_least"] == PLANTED
    assert found.chosen.place == (1, 1)
    assert found.start.place[0] == 1
    assert found.start.place[1] < Fraction(1, 3)
    assert found.trials <= 80


def test_the_same_seed_finds_the_same() -> None:
    (_, one), (_, other) = searched(seed=7, budget=40), searched(seed=7, budget=40)

    assert (one.chosen, one.front, one.trials) == (other.chosen, other.front, other.trials)


def test_no_setting_of_the_front_beats_another() -> None:
    _, found = searched(seed=3, budget=60)

    places = [trial.place for trial in found.front]
    assert places == sorted(places, key=lambda place: (-place[0], place[1]))
    assert len({place[0] for place in places}) == len({place[1] for place in places}) == len(places)
    assert front(found.front) == found.front


def test_replaying_a_setting_is_replaying_the_ladder_with_these_thresholds() -> None:
    trials, found = searched(seed=5, budget=40)
    joined, deeds, _ = planted()
    spec = community(LADDER)
    history = history_of(spec, joined, deeds, ["posts", "topics", "score", "run"])
    reviews = every_review(spec, history, days=100)

    for trial in found.front:
        whole = Replay(trials.ladder(trial.setting), history, reviews).moves()
        assert trials.moves(trial.setting) == whole


def test_a_knob_is_one_threshold_of_the_file_and_turns_nothing_else() -> None:
    spec = community(LADDER)
    ladder = compile_ladder(spec, "tier")[0]
    knobs = knobs_of(ladder, spec.ladders["tier"], ["middle"], about=("earn", "keep"))

    assert [(knob.label, knob.path[2:]) for knob in knobs] == [
        ("middle: posts over 30d at_least", ("earn", "all", 0, "posts", "at_least")),
        ("middle: topics over 30d at_least", ("earn", "all", 1, "any", 0, "topics", "at_least")),
        ("middle: run over 30d at_least", ("earn", "all", 1, "any", 1, "run", "at_least")),
        ("middle: score over 30d at_most", ("earn", "all", 2, "score", "at_most")),
        ("middle keep: posts over 90d at_least", ("keep", "posts", "at_least")),
    ]
    for knob in knobs:
        for value in knob.values:
            again = turned(ladder, {knob: value})
            assert (again == ladder) == (value == knob.present)
            present = [k.present for k in knobs_of(again, spec.ladders["tier"], ["middle"], about=("earn", "keep"))]
            assert present == [value if one is knob else one.present for one in knobs]
