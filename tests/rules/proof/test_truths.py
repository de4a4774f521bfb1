"""The solver reads conditions as the reference evaluator does: pinned to any evidence, and searched on small worlds."""

from fractions import Fraction
from itertools import product

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from rules.condition import (
    AllOf,
    AnyOf,
    AtLeastOf,
    Attribute,
    Condition,
    ExactlyOne,
    Leaf,
    Measured,
    Not,
    Part,
    Ratio,
    Score,
    Share,
    Source,
)
from rules.evaluate import truth
from rules.proof.prover import _blind
from rules.proof.solver import Solver
from rules.proof.subject import Domain, Subject
from rules.proof.terms import both, no
from rules.proof.world import Var, World
from rules.reading import Reading
from rules.values import BOOLEAN, INTEGER, TEXT, Evidence, Value, ValueType
from tests.rules.deciding.trees import ATTRIBUTES, READINGS, condition, evidence, numeric_leaf

relaxed = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def pinned(world: World, person: Evidence) -> Subject:
    """A subject that is exactly what is known of somebody."""
    subject = Subject(world, Domain())
    for name, type_ in {**ATTRIBUTES, "grade": ATTRIBUTES["tier"]}.items():
        subject.attributes[name] = world.fixed(name, type_, person.attributes.get(name))
    for reading, type_ in READINGS.items():
        subject.readings[reading] = world.fixed(reading.key, type_, person.readings.get(reading))
    return subject


def known(person: Evidence) -> Evidence:
    """Without derived metrics that somebody computed: the proof computes them itself."""
    return Evidence(person.attributes, {r: v for r, v in person.readings.items() if r in READINGS})


def outcome(solver: Solver, subject: Subject, asked: Condition) -> bool | None:
    true, false = subject.truths(asked)
    answers = solver.check([true]), solver.check([false])
    assert answers != ("sat", "sat")
    assert "unknown" not in answers
    return True if answers[0] == "sat" else False if answers[1] == "sat" else None


def agree(asked: list[Condition], people: list[Evidence]) -> None:
    asked = [one for one in asked if not _blind(one)]
    assume(asked)
    solver = Solver()
    world = World(solver)
    for person in map(known, people):
        subject = pinned(world, person)
        assert [outcome(solver, subject, one) for one in asked] == [truth(one, person) for one in asked]


@relaxed
@given(st.lists(condition(), min_size=1, max_size=3), st.lists(evidence(), min_size=1, max_size=2))
def test_the_solver_says_what_the_reference_says(asked: list[Condition], people: list[Evidence]) -> None:
    agree(asked, people)


@relaxed
@given(st.lists(numeric_leaf(), min_size=1, max_size=3), st.lists(evidence(), min_size=1, max_size=2))
def test_the_solver_reckons_as_exactly_as_the_reference(asked: list[Condition], people: list[Evidence]) -> None:
    agree(asked, people)


@pytest.mark.slow
@settings(relaxed, max_examples=1500)
@given(st.lists(st.one_of(condition(), numeric_leaf()), min_size=1, max_size=4), st.lists(evidence(), max_size=3))
def test_a_long_look_finds_no_difference(asked: list[Condition], people: list[Evidence]) -> None:
    agree(asked, people)


# ------------------------------------------------------------------------------------------------------- small worlds
TENTHS = ValueType("decimal", 1)
LADDER = ValueType("tier", listed=("low", "mid", "high"))
POSTS, LIKES, MEAN = Measured(Reading("posts", "30d"), INTEGER), Measured(Reading("likes"), INTEGER), "mean"
CITY = Attribute(("city",), TEXT)
VALUES: dict[str | Reading, tuple[ValueType, list[Value | None]]] = {
    POSTS.reading: (INTEGER, [0, 1, 2, 3]),
    LIKES.reading: (INTEGER, [None, 0, 2, 5]),
    MEAN: (TENTHS, [None, 0, 5, 10]),
    "tier": (LADDER, [None, "low", "mid", "high"]),
    "city": (TEXT, [None, "Bonn", "Berlin", "Kiel"]),
    "bot": (BOOLEAN, [None, True, False]),
}


class Small(Domain):
    """Only the values above."""

    def attribute(self, subject: Subject, name: str, type_: ValueType) -> Var:
        return self._made(subject.world, name, type_)

    def reading(self, subject: Subject, source: Measured) -> Var:
        return self._made(subject.world, source.reading, source.type)

    def _made(self, world: World, key: str | Reading, type_: ValueType) -> Var:
        type_, values = VALUES[key]
        var = world.variable(str(key), type_, always=None not in values)
        if type_.numeric:
            world.law(f"(or {' '.join(f'(= {var.value} {v})' for v in values if v is not None)} false)", "small")
        elif type_.kind == "text":
            world.only(var, tuple(str(v) for v in values if v is not None), "small")
        return var


WORLDS = [
    Evidence(
        {key: v for key, v in zip(VALUES, row, strict=True) if isinstance(key, str)},
        {key: v for key, v in zip(VALUES, row, strict=True) if isinstance(key, Reading)},
    )
    for row in product(*(values for _, values in VALUES.values()))
]


def _leaf(source: Source, word: str, *bounds: object) -> Condition:
    return Leaf("leaf", "all", source, word, bounds)  # type: ignore[arg-type]


ratio = Ratio(Reading("share"), TENTHS, LIKES, POSTS)
score = Score(
    Reading("score"), INTEGER, (Part(POSTS, Fraction(3, 2), None), Part(LIKES, Fraction(-1), Fraction(3))), None, None
)
numbers = st.sampled_from([POSTS, LIKES, Attribute((MEAN,), TENTHS), ratio, score])
bounds = st.builds(Fraction, st.integers(-2, 8), st.sampled_from([1, 2]))
shares = st.builds(
    Share, st.sampled_from([POSTS, LIKES]), st.sampled_from([Fraction(50), Fraction(150)]),
    st.sampled_from(["exact", "up", "down", "half_even", "half_up"]), st.sampled_from([None, Fraction(2)]),
    st.sampled_from([None, Fraction(1)]),
)  # fmt: skip
single = st.one_of(
    st.builds(
        _leaf, numbers, st.sampled_from(["at_least", "at_most", "more_than", "less_than", "is", "is_not"]), bounds,
    ),
    st.builds(_leaf, st.sampled_from([POSTS, LIKES]), st.sampled_from(["at_least", "less_than"]), shares),
    st.builds(_leaf, numbers, st.just("is_known"), st.booleans()),
    st.builds(
        _leaf, st.just(Attribute(("tier",), LADDER)), st.sampled_from(["at_least", "is", "is_not"]),
        st.sampled_from(["low", "mid", "high"]),
    ),
    st.builds(_leaf, st.just(CITY), st.sampled_from(["starts_with", "contains"]), st.sampled_from(["B", "in"])),
    st.builds(_leaf, st.just(CITY), st.just("none_of"), st.just("Bonn"), st.just("Kiel")),
    st.builds(_leaf, st.just(Attribute(("bot",), BOOLEAN)), st.just("is"), st.booleans()),
)  # fmt: skip


def tree(depth: int) -> st.SearchStrategy[Condition]:
    if depth == 0:
        return single
    several = st.lists(tree(depth - 1), min_size=2, max_size=3).map(tuple)
    return st.one_of(
        single,
        st.builds(AllOf, several),
        st.builds(AnyOf, several),
        st.builds(Not, tree(depth - 1)),
        st.builds(ExactlyOne, several),
        st.builds(lambda nodes: AtLeastOf(2, nodes), several),
    )


def search(one: Condition, other: Condition) -> None:
    solver = Solver()
    subject = Subject(World(solver), Small())
    first, second = subject.truths(one), subject.truths(other)
    rows = [(truth(one, world), truth(other, world)) for world in WORLDS]
    questions = {
        "first can hold": (first.true, any(a is True for a, _ in rows)),
        "first can fail": (first.false, any(a is False for a, _ in rows)),
        "first can be unknown": (both((no(first.true), no(first.false))), any(a is None for a, _ in rows)),
        "first without second": (
            both((first.true, no(second.true))), any(a is True and b is not True for a, b in rows),
        ),
        "first against second": (both((first.true, second.false)), any(a is True and b is False for a, b in rows)),
    }  # fmt: skip
    for question, (term, possible) in questions.items():
        assert (question, solver.check([term])) == (question, "sat" if possible else "unsat")


@settings(relaxed, max_examples=30)
@given(tree(2), tree(2))
def test_what_can_hold_and_what_implies_what_is_what_a_search_of_every_world_finds(
    one: Condition, other: Condition
) -> None:
    search(one, other)


@pytest.mark.slow
@settings(relaxed, max_examples=1000)
@given(tree(2), tree(2))
def test_a_long_search_finds_no_difference(one: Condition, other: Condition) -> None:
    search(one, other)
