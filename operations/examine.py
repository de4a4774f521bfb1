"""Examine: hold every case of a community against what its specs decide, and count what the cases have seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from operations.suggest_plays import ModePlays, Plays
from rules.cases import Verdict, expected, judge
from rules.coverage.report import Coverage, coverage
from rules.coverage.suggest import Suggested, Suggester
from rules.coverage.watch import Watch
from rules.gate import Gate
from rules.rulebook import Rulebook
from rules.spec.community import Community
from rules.spec.diagnostics import Place
from rules.spec.documents.cases import Cases, Play
from rules.time import moment


@dataclass(frozen=True, slots=True)
class Examined:
    """One case and how it came out."""

    place: Place
    verdict: Verdict

    @property
    def expected(self) -> str:
        """What the case expects, in words."""
        return expected(self.verdict.case)


@dataclass(frozen=True, slots=True)
class Examination:
    """All cases of a community, in the order of files and of what is written in them."""

    cases: tuple[Examined, ...]
    coverage: Coverage
    watch: Watch

    @property
    def failing(self) -> tuple[Examined, ...]:
        """Those that do not hold."""
        return tuple(one for one in self.cases if not one.verdict.holds)

    @property
    def not_yet(self) -> tuple[Examined, ...]:
        """Plays with phases that cannot be played yet."""
        return tuple(one for one in self.cases if one.verdict.not_yet)


def examine(
    community: Community, rulebook: Rulebook, plays: Plays, *, told: Callable[[int], None] = lambda number: None
) -> Examination:
    """Hold every case against the specs.

    Args:
        plays: plays the plays.
        told: called with 1 after each case.
    """
    watch, gate = Watch(community, rulebook), Gate(community, rulebook)
    found = []
    for document in community.documents:
        if not isinstance(document.model, Cases):
            continue
        at = moment(document.model.at, community.zone)
        for n, case in enumerate(document.model.cases):
            if isinstance(case, Play):
                verdict = plays(community, rulebook, case, at, watch)
            else:
                verdict = judge(community, rulebook, case, at, watch, gate)
            found.append(Examined(document.source.value_place(("cases", n)), verdict))
            told(1)
    return Examination(tuple(found), coverage(watch.spots, watch.seen), watch)


def suggested(community: Community, rulebook: Rulebook, examination: Examination, plays: Plays, at: str) -> Suggested:
    """A case at its threshold for whatever the cases have not seen.

    Args:
        plays: plays what is suggested for modes.
        at: the moment of the suggested cases, as a case writes it.
    """
    watch, now = examination.watch, moment(at, community.zone)
    suggester = Suggester(community, rulebook, watch, now)
    found = suggester.suggest(watch.missing())
    made = ModePlays(community, rulebook, watch, suggester, plays, now).suggest(found.without)
    return Suggested((*found.cases, *made.cases), made.without)
