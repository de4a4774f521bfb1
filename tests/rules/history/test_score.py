"""Score: what counts as right, found, too early, and how long rules and people differ."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from rules.history.reviews import Reviews
from rules.history.score import Holding, Span, apart, first_promotions, score
from rules.history.stepper import Move

BEGINS = datetime(2024, 1, 1, tzinfo=UTC)
REVIEWS = Reviews(tuple(BEGINS + timedelta(days=day) for day in range(400)), ZoneInfo("UTC"))
SUBJECTS = ("ann", "bob", "cid", "dan")
WHOLE: Span = (BEGINS, BEGINS + timedelta(days=400))


def day(number: int) -> datetime:
    return BEGINS + timedelta(days=number)


def test_precision_asks_of_the_rules_and_recall_of_people() -> None:
    people = [Holding("ann", 1, day(100)), Holding("bob", 1, day(50)), Holding("stranger", 1, day(1))]
    rules = [Move(0, 90, 0, 1), Move(2, 10, 0, 1), Move(3, 10, 0, 1)]

    found = score(people, rules, REVIEWS, SUBJECTS, 1, WHOLE)

    assert (found.precision, found.recall) == (Fraction(1, 3), Fraction(1, 2))
    assert (found.false, found.missed, found.leads) == (["cid", "dan"], ["bob"], [10])
    assert found.before == {"ann"}


def test_a_higher_tier_counts_for_the_lower_ones() -> None:
    people = [Holding("ann", 2, day(100))]
    rules = [Move(0, 90, 0, 1), Move(0, 120, 1, 2)]

    lower, upper = (score(people, rules, REVIEWS, SUBJECTS, rank, WHOLE) for rank in (1, 2))

    assert (lower.leads, upper.leads) == ([10], [-20])


def test_what_was_there_when_the_record_begins_is_not_scored_for_or_against() -> None:
    people = [Holding("ann", 1, day(0), scored=False), Holding("ann", 1, day(50)), Holding("bob", 1, day(60))]
    rules = [Move(0, 70, 0, 1), Move(1, 70, 0, 1)]

    found = score(people, rules, REVIEWS, SUBJECTS, 1, WHOLE)

    assert first_promotions(people, 1) == ({"bob": day(60)}, {"ann"})
    assert (set(found.rules), set(found.people), found.already) == ({"bob"}, {"bob"}, {"ann"})


def test_a_span_looks_at_nothing_after_its_end() -> None:
    people = [Holding("ann", 1, day(150)), Holding("bob", 1, day(20))]
    rules = [Move(0, 50, 0, 1), Move(1, 180, 0, 1)]
    first, second = ((day(0), day(100)), (day(100), day(400)))

    early, late = (score(people, rules, REVIEWS, SUBJECTS, 1, span) for span in (first, second))

    assert (early.false, early.missed) == (["ann"], ["bob"])  # what comes later is not known then
    assert (late.right, late.found) == ({"bob"}, {"ann"})  # late, but right; and found long before


def test_nobody_is_no_share_at_all() -> None:
    found = score([], [], REVIEWS, SUBJECTS, 1, WHOLE)

    assert (found.precision, found.recall, found.quartiles) == (None, None, None)


def test_those_on_whom_rules_and_people_differ_longest_come_first() -> None:
    people = [Holding("ann", 1, day(100), day(200)), Holding("bob", 1, day(50)), Holding("ann", 1, day(150), day(250))]
    rules = [Move(0, 120, 0, 1), Move(0, 260, 1, 0), Move(2, 10, 0, 1), Move(2, 20, 1, 0)]
    scored = score(people, rules, REVIEWS, SUBJECTS, 1, WHOLE)

    found = apart(scored, people, rules, REVIEWS, SUBJECTS)

    assert [(one.member, one.kind, one.days) for one in found] == [
        ("bob", "only people", 350),
        ("ann", "rules later", 30),
        ("cid", "only rules", 10),
    ]
