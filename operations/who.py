"""Who: the people that refs and selections of rules, tiers and stages mean, at the moment of a decision.

What a decision does is done now: standings and roles are those of now, however late a review is carried out, so that
nobody is told or given what is for a tier they have left. What was known when it was taken, `operations.replay` asks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from operations.desk import Desk, foremost_of, list_of, meeting, member_frame, selection_of
from operations.effects import Ranked
from operations.ranking import Ranking
from operations.whose import inside, of_run, written_by
from rules.columns import evidence_of
from rules.compile import Compiler
from rules.spec.people import Selection

if TYPE_CHECKING:
    from rules.spec import Community

_SELF = ("subject", "run", "team", "work", "space", "cohort")


class DecisionResolver:
    """What refs mean in the effects of a decision about one subject; the port `operations.effects.Resolver`.

    Args:
        subject: whom or what it is about.
        of: the kind of thing that is: `member`, `work`, `team`, …; people are wanted of a thing that has some.
        author: whose work it is about, if it is about a work.
        value: the value at hand, of what is kept per value; `of: $value` means it.
    """

    def __init__(
        self,
        desk: Desk,
        community: Community,
        *,
        subject: str | None,
        at: datetime,
        of: str = "member",
        author: str | None = None,
        value: str | None = None,
    ) -> None:
        self._desk = desk
        self._community = community
        self._subject = subject
        self._of = of
        self._author = author
        self._value = value
        self._at = at

    def people(self, who: Any) -> Sequence[str]:
        """See `operations.effects.Resolver`."""
        return self._people(who, None)

    def _people(self, who: Any, of: str | None) -> Sequence[str]:
        if isinstance(who, str):
            return self._named(who, of)
        if isinstance(who, Selection):
            return self._selected(who)
        return list(dict.fromkeys(person for one in who for person in self._people(one, of)))

    def _named(self, ref: str, of: str | None) -> Sequence[str]:
        kind, _, id_ = ref.partition(":")
        if ref in ("subject", "subject.members", "author") and self._subject:
            return self._subjects(ref)
        if ref in _SELF:
            return [self._subject] if self._subject else []
        if kind == "cohort":
            return self._desk.touch.belonging(self._community.id, id_)
        if ref.startswith("run.") and self._of == "run" and self._subject:
            return of_run(self._desk, self._community, self._subject, ref, self._at)
        if ref.startswith("subject."):
            assigned = self._desk.effects.assigned(self._community.id, self._subject or "")
            person = assigned.get(ref.partition(".")[2])
            return [person] if person else []
        if kind == "role":
            return self._desk.effects.people(self._community.id, id_)
        if kind == "everyone":
            return self._agreeing(None)
        if kind in ("tier", "stage", "title"):
            return self._agreeing(self._standing(kind, id_, of))
        return []

    def _subjects(self, ref: str) -> Sequence[str]:
        """The people of what it is about: of a work its authors, of a team or cohort its members, of a space those
        who may see it, of a run whoever has a part in it."""
        assert self._subject is not None
        if ref == "author" or self._of == "work":
            found = written_by(self._desk, self._community, self._subject)
            return found or ([self._author] if self._author else [])
        if self._of == "space":
            space = self._community.spaces.get(self._subject)
            return [] if space is None else self._people(space.seen_by, None)
        if self._of == "community":
            return self._agreeing(None)
        return inside(self._desk, self._community, self._of, self._subject)

    def _agreeing(self, people: Sequence[str] | None) -> Sequence[str]:
        """Those who have not taken consent back; of everyone (None) only those who have given it."""
        members = self._desk.members(self._community)
        frame = members.frame(self._at, subjects=people, names=["consent"])
        if "consent" not in frame.columns:
            return frame["subject"].to_list() if people is None else people
        said = dict(frame.select("subject", "consent").iter_rows())
        if people is None:
            return [one for one, consent in said.items() if consent is True]
        return [one for one in people if said.get(one) is not False]

    def _standing(self, kind: str, id_: str, of: str | None) -> Sequence[str]:
        """Whoever stands or holds; of what is kept per value at that value, or at any."""
        if kind == "title" and id_ in self._community.titles:
            return self._holding(id_, of)
        frame = self._desk.standings.frame(self._community, self._at)
        if kind == "stage":
            return frame.filter(frame["stage"] == id_)["subject"].to_list()
        for ladder in self._community.ladders.values():
            if any(tier.id == id_ for tier in ladder.tiers):
                names = (
                    [ladder.id] if ladder.per is None else [f"{ladder.id}@{v}" for v in self._values(ladder.per, of)]
                )
                return frame.filter(pl.any_horizontal(pl.col(name) == id_ for name in names))["subject"].to_list()
        return []

    def _holding(self, title: str, of: str | None) -> Sequence[str]:
        """Whoever holds a title that does not rest: it is stored, or follows from a condition, or from an order."""
        declared = self._community.titles[title]
        if declared.held_by is not None and declared.held_by.first is not None:
            chosen = foremost_of(self._desk, self._community, declared.held_by, self._at)
            if declared.while_ is None:
                return chosen
            awake = {one for one, _ in selection_of(self._desk, self._community, declared.while_, self._at, value=of)}
            return [person for person in chosen if person in awake]
        held = Compiler(self._community, of, list_of(self._community, of)).held(title, of)
        return [member for member, _ in meeting(self._desk, self._community, held, self._at)]

    def _values(self, per: str | None, of: str | None) -> Sequence[str]:
        known = [] if per is None else [item.id for item in self._community.lists[per].items]
        return known if of is None else [value for value in known if value == of]

    def _selected(self, who: Selection) -> Sequence[str]:
        of = self._value if who.of == "$value" else who.of
        people = list(dict.fromkeys(person for one in who.from_ for person in self._people(one, of)))
        without = {person for ref in who.except_ for person in self.people(ref)}
        people = [person for person in people if person not in without]
        if who.where is not None:
            chosen = selection_of(self._desk, self._community, who.where, self._at, value=of)
            fit = {subject for subject, _ in chosen}
            people = [person for person in people if person in fit]
        if who.order is not None and not isinstance(who.order, str):
            ranking = Ranking(self._community, who.order, value=of, per=list_of(self._community, of))
            frame = member_frame(
                self._desk,
                self._community,
                self._at,
                readings=ranking.readings,
                subjects=sorted(people),
                foremost=False,
            )
            keys = {reading.key: reading for reading in ranking.readings}
            order = {
                row["subject"]: ranking.key(row["subject"], evidence_of(row, keys), self._community.digest)
                for row in frame.iter_rows(named=True)
            }
            people = sorted((person for person in people if person in order), key=order.__getitem__)
        return people[: who.first] if isinstance(who.first, int) else people

    def ranked(self, who: Any) -> Sequence[Ranked] | None:
        """Decisions rank nobody."""
        return None

    def things(self, ref: Any) -> Sequence[str]:
        """A message, or the subject itself."""
        if not isinstance(ref, str):
            return self.people(ref)
        return [ref] if ":" in ref else [self._subject] if self._subject and ref in _SELF else [ref]

    def shares(self, who: Any) -> Mapping[str, int]:
        """Decisions have no teams."""
        return {}

    def credit(self, ref: str) -> Mapping[str, int]:
        """Decisions have no ledger of contributions."""
        return {}

    def contributions(self, person: str) -> Mapping[str, int]:
        """What somebody has contributed to tasks, as the ledger adds it up."""
        persons = self._desk.persons
        return persons.contributions(self._community.id, person) if persons is not None else {}

    def value(self, name: str, subject: str | None) -> Any:
        """The subject where it is named; otherwise the text as written."""
        return (subject or self._subject) if name == "subject" else name
