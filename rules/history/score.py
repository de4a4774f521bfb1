"""Score: where a ladder and people agree on who rises, who was first, and on whom they differ most."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from functools import cached_property
from statistics import quantiles

from rules.history.reviews import Reviews
from rules.history.stepper import Move

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Holding:
    """A standing that people really gave.

    Args:
        member: id.
        rank: of the tier.
        from_: since when.
        to: until when; None is still.
        scored: false for what is no promotion to be foretold: it was there when the record begins, or is left out.
    """

    member: str
    rank: int
    from_: datetime
    to: datetime | None = None
    scored: bool = True


Span = tuple[datetime, datetime]
"""From when (included) until when (excluded)."""


@dataclass(frozen=True)
class TierScore:
    """How the ladder did for one tier, all higher ones included, in one span.

    A member is right who rose by the rules in the span and was promoted by people before its end; found who was
    promoted by people in the span and rose by the rules before its end. Nothing after the span is looked at.

    Args:
        rank: of the tier.
        span: which.
        people: first promotions by people in the span, by member.
        rules: first rises by the rules in the span.
        people_ever, rules_ever: those before the end of the span, earlier ones too.
        already: members whose promotion is not scored.
    """

    rank: int
    span: Span
    people: Mapping[str, datetime]
    rules: Mapping[str, datetime]
    people_ever: Mapping[str, datetime]
    rules_ever: Mapping[str, datetime]
    already: frozenset[str]

    @cached_property
    def right(self) -> frozenset[str]:
        """Whom the rules raised, and people did as well, sooner or later."""
        return frozenset(self.rules).intersection(self.people_ever)

    @cached_property
    def found(self) -> frozenset[str]:
        """Whom people promoted, and the rules raised as well."""
        return frozenset(self.people).intersection(self.rules_ever)

    @cached_property
    def before(self) -> frozenset[str]:
        """Those found before people promoted them, or on the same day."""
        return frozenset(m for m in self.found if self.rules_ever[m] <= self.people[m])

    @property
    def false(self) -> list[str]:
        """Whom the rules raised and people did not."""
        return sorted(set(self.rules) - self.right)

    @property
    def missed(self) -> list[str]:
        """Whom people promoted and the rules did not."""
        return sorted(set(self.people) - self.found)

    @property
    def precision(self) -> Fraction | None:
        """Of those the rules raised, the share that people promoted; None for nobody."""
        return Fraction(len(self.right), len(self.rules)) if self.rules else None

    @property
    def recall(self) -> Fraction | None:
        """Of those people promoted, the share that the rules raised; None for nobody."""
        return Fraction(len(self.found), len(self.people)) if self.people else None

    @cached_property
    def leads(self) -> list[int]:
        """For each one found, how many days the rules were earlier (later: negative); sorted."""
        return sorted((self.people[m] - self.rules_ever[m]) // _DAY for m in self.found)

    @property
    def quartiles(self) -> tuple[int, int, int] | None:
        """Lower quartile, median and upper quartile of the leads, in days; None for nobody."""
        if not self.leads:
            return None
        if len(self.leads) == 1:
            return (self.leads[0],) * 3
        low, middle, high = quantiles(self.leads, n=4, method="inclusive")
        return round(low), round(middle), round(high)


def score(
    holdings: Iterable[Holding],
    moves: Sequence[Move],
    reviews: Reviews,
    subjects: Sequence[str],
    rank: int,
    span: Span,
) -> TierScore:
    """Compare one tier, all higher ones included.

    Args:
        holdings: what people gave; of members who are not among the subjects, nothing is taken.
        moves: what the rules did.
        subjects: ids by number.
    """
    here = set(subjects)
    people, already = first_promotions((one for one in holdings if one.member in here), rank)
    rises: dict[str, datetime] = {}
    for move in moves:
        if move.to >= rank > move.from_:
            rises.setdefault(subjects[move.member], reviews.moments[move.review])
    scored = {member: at for member, at in rises.items() if member not in already}
    start, end = span
    return TierScore(
        rank,
        span,
        {member: at for member, at in people.items() if start <= at < end},
        {member: at for member, at in scored.items() if start <= at < end},
        {member: at for member, at in people.items() if at < end},
        {member: at for member, at in scored.items() if at < end},
        frozenset(already),
    )


def first_promotions(holdings: Iterable[Holding], rank: int) -> tuple[dict[str, datetime], set[str]]:
    """When each member was first promoted to a rank or higher; and whose first such standing is not scored."""
    firsts: dict[str, Holding] = {}
    for one in holdings:
        if one.rank >= rank:
            known = firsts.get(one.member)
            if known is None or (one.from_, one.scored) < (known.from_, known.scored):
                firsts[one.member] = one
    return (
        {member: one.from_ for member, one in firsts.items() if one.scored},
        {member for member, one in firsts.items() if not one.scored},
    )


# ------------------------------------------------------------------------------------------------------ disagreement
@dataclass(frozen=True, slots=True)
class Apart:
    """One member on whom rules and people differ about a tier.

    Args:
        kind: `only people`, `only rules`, `rules later`, `rules earlier`.
        days: on how many days one of them saw the member in the tier or higher, and the other did not.
        people, rules: when each first promoted the member.
    """

    member: str
    rank: int
    kind: str
    days: int
    people: datetime | None
    rules: datetime | None

    @property
    def rules_first(self) -> bool:
        """Whether the rules raised the member before people did, or alone."""
        return self.kind in ("only rules", "rules earlier")


def apart(
    scored: TierScore, holdings: Iterable[Holding], moves: Sequence[Move], reviews: Reviews, subjects: Sequence[str]
) -> list[Apart]:
    """On whom rules and people differ, those first on whom they differ longest; then by member."""
    whom = set(scored.people) | set(scored.rules)
    given: dict[str, list[Span]] = {member: [] for member in whom}
    for one in holdings:
        if one.member in whom and one.rank >= scored.rank:
            given[one.member].append((one.from_, one.to or scored.span[1]))
    seen = {member: list[Span]() for member in whom}
    begun: dict[str, datetime] = {}
    for move in moves:
        member, at = subjects[move.member], reviews.moments[move.review]
        if member not in whom:
            continue
        if move.to >= scored.rank > move.from_:
            begun[member] = at
        elif move.from_ >= scored.rank > move.to:
            seen[member].append((begun.pop(member), at))
    for member, at in begun.items():
        seen[member].append((at, scored.span[1]))
    found = []
    for member in whom:
        people, rules = scored.people_ever.get(member), scored.rules_ever.get(member)
        kind = (
            "only people" if rules is None else "only rules" if people is None
            else "rules later" if rules > people else "rules earlier"
        )  # fmt: skip
        days = _difference(_within(given[member], scored.span), _within(seen[member], scored.span))
        found.append(Apart(member, scored.rank, kind, days // _DAY, people, rules))
    return sorted((one for one in found if one.days), key=lambda one: (-one.days, one.member))


def _within(spans: Iterable[Span], whole: Span) -> list[Span]:
    """Spans inside another one, none of them overlapping, in order."""
    joined: list[Span] = []
    for start, end in sorted((max(a, whole[0]), min(b, whole[1])) for a, b in spans):
        if start >= end:
            continue
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _difference(one: Sequence[Span], other: Sequence[Span]) -> timedelta:
    """For how long exactly one of the two lasts."""
    both = sum(
        (max(min(b, d) - max(a, c), timedelta()) for a, b in one for c, d in other),
        timedelta(),
    )
    return sum((b - a for a, b in (*one, *other)), timedelta()) - 2 * both
