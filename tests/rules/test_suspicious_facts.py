"""Suspicion: what is reciprocal, what is a burst, and how specs say it."""

from datetime import UTC, datetime, timedelta

import pytest

from rules.counted import fact_kinds
from rules.fact import Fact
from rules.spec import load
from rules.suspicion import Burst, GivenBack, Suspicion, marked, suspects
from tests.store.small_spec import METRICS, small_community, small_files
from workflows.phases import discover

T = datetime(2026, 11, 1, 12, tzinfo=UTC)
BACK = Suspicion(GivenBack(3600))


def liked(id_: str, member: str | None, by: str | None, minute: float) -> Fact:
    fields = {} if by is None else {"by": by}
    return Fact(id_, "made", member, T + timedelta(minutes=minute), None, fields)


def found(suspicion: Suspicion, *facts: Fact) -> set[str]:
    keys = suspects(suspicion, facts)
    assert keys == suspects(suspicion, reversed(facts))
    return {fact.id for fact in facts if fact.key.hex in keys}


def test_a_like_given_back_within_the_time_is_suspect_and_the_first_one_is_not() -> None:
    assert found(BACK, liked("a", "ann", "bob", 0), liked("b", "bob", "ann", 60)) == {"b"}
    assert found(BACK, liked("a", "ann", "bob", 0), liked("b", "bob", "ann", 61)) == set()
    assert found(BACK, liked("a", "ann", "bob", 0), liked("b", "bob", "cai", 1)) == set()


def test_mirror_images_of_one_moment_are_both_suspect() -> None:
    assert found(BACK, liked("a", "ann", "bob", 0), liked("b", "bob", "ann", 0)) == {"a", "b"}


def test_nobody_mirrors_themselves_or_nobody() -> None:
    assert found(BACK, liked("a", "ann", "ann", 0), liked("b", "ann", "ann", 1), liked("c", "ann", None, 2)) == set()


def test_the_like_that_closes_a_ring_of_three_is_suspect_and_those_before_it_are_not() -> None:
    ring = Suspicion(ring=GivenBack(3600))
    first, second = liked("a", "ann", "bob", 0), liked("b", "cai", "ann", 30)
    assert found(ring, first, second, liked("c", "bob", "cai", 60)) == {"c"}
    assert found(ring, first, second, liked("c", "bob", "cai", 61)) == set()
    assert found(ring, first, second, liked("c", "cai", "bob", 40)) == set(), "that is no way round"
    assert found(ring, first, liked("b", "bob", "ann", 30)) == set(), "two are no ring of three"


def test_of_a_whole_exchange_ring_or_burst_nothing_counts_and_what_lies_beside_it_does() -> None:
    back = Suspicion(GivenBack(3600, whole=True))
    first, answer = liked("a", "ann", "bob", 0), liked("b", "bob", "ann", 60)
    assert found(back, first, answer, liked("c", "ann", "cai", 5)) == {"a", "b"}
    assert found(back, liked("far", "ann", "bob", -1), first, answer) == {"a", "b"}, "not longer ago than within"
    ring = Suspicion(ring=GivenBack(3600, whole=True))
    second, third = liked("b", "cai", "ann", 30), liked("c", "bob", "cai", 60)
    assert found(ring, first, second, third) == {"a", "b", "c"}
    assert found(ring, first, second, third, liked("d", "cai", "dan", 40)) == {"a", "b", "c"}
    assert found(ring, first, second) == set()
    burst = Suspicion(bursts=(Burst(2, 600, whole=True),))
    likes = [liked(str(n), "ann", f"m{n}", n) for n in (-20, 0, 4, 9, 10, 30)]
    assert found(burst, *likes) == {"0", "4", "9", "10"}


def test_nobody_is_two_of_a_ring() -> None:
    ring = Suspicion(ring=GivenBack(3600))
    assert found(ring, liked("a", "ann", "bob", 0), liked("b", "bob", "bob", 1), liked("c", "bob", "ann", 2)) == set()
    assert found(ring, liked("a", "ann", "ann", 0), liked("b", "ann", "bob", 1), liked("c", "bob", "ann", 2)) == set()


def test_the_first_of_a_burst_count_and_those_after_it_do_not() -> None:
    burst = Suspicion(bursts=(Burst(2, 600),))
    likes = [liked(str(n), "ann", f"m{n}", n) for n in (0, 4, 9, 10, 30)]
    assert found(burst, *likes) == {"9", "10"}


def test_a_burst_may_be_of_one_person() -> None:
    burst = Suspicion(bursts=(Burst(1, 600, "by"),))
    assert found(
        burst, liked("a", "ann", "bob", 0), liked("b", "ann", "cai", 1), liked("c", "ann", "bob", 2),
        liked("d", "ann", None, 3),
    ) == {"c"}  # fmt: skip


def test_marked_facts_keep_their_fields_and_their_order() -> None:
    kinds = fact_kinds(small_community(small_files(metrics=with_suspect("reciprocal: { within: 1h }"))))
    facts = [liked("b", "bob", "ann", 5), liked("a", "ann", "bob", 0)]
    assert [fact.fields for fact in marked(kinds, facts)] == [{"by": "ann", "suspect": True}, {"by": "bob"}]


def with_suspect(words: str) -> str:
    return METRICS.replace(
        "    title: { en: Made, zh: 制作 }\n", f"    title: {{ en: Made, zh: 制作 }}\n    suspect: {{ {words} }}\n"
    )


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("reciprocal: { within: 2bd }", "TRL206"),
        ("reciprocal: { within: 1h, field: size }", "TRL360"),
        ("ring: { within: 2bd }", "TRL206"),
        ("ring: { within: 1h, field: size }", "TRL360"),
        ("burst: [{ count: 3, within: 1h, from: nothing }]", "TRL301"),
        ("burst: [{ count: 0, within: 1h }]", "TRL207"),
        ("burst: [{ count: 3 }]", "TRL203"),
    ],
)
def test_what_cannot_be_meant_is_told_at_its_line(words: str, code: str) -> None:
    loaded = load(small_files(metrics=with_suspect(words)), discover())
    (problem,) = loaded.diagnostics
    assert (problem.code, problem.file) == (code, "metrics.yaml")
