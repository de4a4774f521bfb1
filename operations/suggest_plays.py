"""Suggest plays: for each condition of a mode that no case has seen both ways, a play in which it holds, or fails."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from rules.cases import Verdict
from rules.compile import Compiler
from rules.coverage.needs import Aim
from rules.coverage.spots import Asked, Spot
from rules.coverage.suggest import Suggested, Suggester, Suggestion
from rules.coverage.watch import Watch
from rules.errors import RuleRefusal
from rules.rulebook import Rulebook
from rules.spec.community import Community
from rules.spec.documents.cases import Play
from rules.spec.source import as_written
from rules.spec.substitute import ArgumentError
from rules.walk import SKIPPED


class Plays(Protocol):
    """Whoever can play the plays; `workflows.paper.verdict.judge_play` does."""

    def __call__(
        self, community: Community, rulebook: Rulebook, case: Play, at: datetime, watch: Watch | None
    ) -> Verdict: ...


@dataclass(frozen=True)
class ModePlays:
    """Makes plays for what is missing in modes.

    Args:
        watch: what was seen so far; it is not changed.
        suggester: makes somebody of whom a condition comes out as wanted.
        plays: plays what is made.
        at: when the plays begin.
    """

    community: Community
    rulebook: Rulebook
    watch: Watch
    suggester: Suggester
    plays: Plays
    at: datetime

    def suggest(self, missing: Iterable[tuple[Spot, bool]]) -> Suggested:
        """A play for each missing truth that no play before it has seen already."""
        found: list[Suggestion] = []
        without: list[tuple[Spot, bool]] = []
        left = dict.fromkeys(missing)
        for one in list(left):
            if one not in left:
                continue
            made = self._made(*one)
            if made is None:
                without.append(one)
                continue
            case, seen = made
            covers = [one, *(other for other in left if other != one and other in seen)]
            for other in covers:
                del left[other]
            found.append(Suggestion(case, tuple(covers)))
        return Suggested(tuple(found), tuple(without))

    def _made(self, spot: Spot, want: bool) -> tuple[Mapping[str, Any], set[tuple[Spot, bool]]] | None:
        whole = next((one for one in self.watch.asked if one.file == spot.file and one.owner == spot.owner), None)
        if whole is None or whole.key[0] not in ("mode", "phase"):
            return None
        for task in self.community.tasks.values():
            if task.mode != whole.key[1]:
                continue
            for draft in self._drafts(whole, task.id, spot, want):
                played = self._played(draft)
                if played is not None and (spot, want) in played[1]:
                    return {**draft, "expect": {"end": played[0]}}, played[1]
        return None

    def _drafts(self, whole: Asked, task: str, spot: Spot, want: bool) -> Sequence[dict[str, Any]]:
        draft: dict[str, Any] = {"kind": "play", "name": "", "task": task}
        if whole.key[0] == "mode":
            aim = Aim(spot, want, {one.key: one for one in self.watch.asked})
            try:
                condition = Compiler(self.community).condition(whole.written)
            except RuleRefusal:
                return ()
            found = self.suggester.somebody(aim, whole, condition)
            if found is None:
                return ()
            evidence, about = found
            person = {"id": "m1", **self.suggester.subject(evidence)["subject"]}
            name = self.suggester.name(spot, want, evidence, about)
            return ({**draft, "name": name, "members": [person]},)
        name = f"{spot.owner}: {spot.text} {'holds' if want else 'fails'}"
        skipped = {"comes_out": {whole.key[2]: SKIPPED}} if whole.key[3] == "only_if" and not want else {}
        return ({**draft, "name": name, **skipped}, {**draft, "name": name})

    def _played(self, draft: Mapping[str, Any]) -> tuple[str, set[tuple[Spot, bool]]] | None:
        watch = Watch(self.community, self.rulebook)
        try:
            case = Play.model_validate(as_written({**draft, "expect": {"end": "end"}}))
            verdict = self.plays(self.community, self.rulebook, case, self.at, watch)
        except (RuleRefusal, ArgumentError):
            return None
        if not verdict.end:
            return None
        return verdict.end, {(spot, truth) for spot, seen in watch.seen.items() for truth in seen if truth is not None}
