"""Rules: which rules surely hold for whom, and which of them may act now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from operations.looking.finding import ROW, Found, Looking, changes
from operations.looking.things import things_frame
from operations.ports.reviews import Verdict
from rules.columns import holding, judge
from rules.condition import Not
from rules.firing import Fired, Rule, firing, may_act
from rules.reading import Reading
from rules.time import Duration, WorkCalendar


class OnRules(Looking):
    """What follows from what, about one kind of subject."""

    @property
    def of(self) -> str:
        """The kind of subject."""
        return self.rulebook.rules[0].of

    def readings(self) -> frozenset[Reading]:
        return self.rulebook.readings(self.of)

    def attributes(self) -> frozenset[str]:
        return frozenset(self.rulebook.attributes(self.of))

    def find(self, subjects: Sequence[str] | None) -> Found:
        frame = self.frame(None, "", subjects) if self.of == "member" else self._things()
        if frame.is_empty():
            return self.found(frame, [])
        judged = judge(self.rulebook, frame, self.plan.at, subject=self.of)
        last = self.desk.firings.fired(self.community.id, [rule.name for rule in self.rulebook.rules])
        parts, who = [], frame.select(ROW, "subject")
        for rule in sorted(self.rulebook.rules, key=lambda rule: (-rule.priority, rule.name)):
            true = judged[f"rule:{rule.name}"]
            mine = {s: Fired(at, held) for (name, s), (at, held) in last.items() if name == rule.name}
            parts.append(self._acting(rule, who.filter(true), mine))
            parts.append(self._ended(rule, frame, true, mine))
        return self.found(frame, parts)

    def _things(self) -> pl.DataFrame:
        """Everything of another kind than members, with its attributes, its metrics, and its author's."""
        frame = things_frame(
            self.desk, self.community, self.of, self.plan.at, readings=self.readings(), names=self.attributes()
        )
        return frame.with_row_index(ROW)

    def _acting(self, rule: Rule, true: pl.DataFrame, last: dict[str, Fired]) -> pl.DataFrame:
        self.count(f"true:{rule.name}", true.height)
        at, zone, working = self.plan.at, self.community.zone, self._working(rule) if last else None
        resting = [s for s in true["subject"] if s in last and not may_act(rule, last[s], at, zone, working)]
        acting = true.filter(~pl.col("subject").is_in(resting)) if resting else true
        self.count(f"fired:{rule.name}", acting.height)
        return changes(acting, rule.name, "fire")

    def _working(self, rule: Rule) -> WorkCalendar | None:
        """The calendar by which a rule rests so many working days, if it does."""
        if not isinstance(rule.once_per, Duration) or not rule.once_per.is_working:
            return None
        return WorkCalendar(self.community.calendars[self.community.document.calendar])

    def _ended(self, rule: Rule, frame: pl.DataFrame, true: pl.Series, last: dict[str, Fired]) -> pl.DataFrame:
        """Spells that are over: the condition was surely untrue at this look."""
        lasting = [subject for subject, fired in last.items() if fired.held_since]
        known = frame.filter(~true & frame["subject"].is_in(lasting)) if lasting else frame.clear()
        if known.height:
            known = known.filter(holding(Not(rule.when), known))
        return changes(known, rule.name, "untrue")

    def verdicts(self, found: Found) -> Iterator[Verdict]:
        rules = {rule.name: rule for rule in self.rulebook.rules}
        for one, evidence in self.rows_of(found, ["fire"]):
            decisions = firing((rules[one["rule"]],), one["subject"], evidence, self.plan.at)
            if not decisions:
                raise AssertionError(f"two readings of the rule {one['rule']} disagree about {one['subject']}")
            author = evidence.attributes.get("author") if self.of == "work" else None
            body = {**decisions[0].data(), **({} if author is None else {"author": author})}
            yield Verdict(subject=one["subject"], rule=one["rule"], kind="fire", body=body)
        for one in found.changes.filter(pl.col("kind") == "untrue").iter_rows(named=True):
            yield Verdict(subject=one["subject"], rule=one["rule"], kind="untrue")
