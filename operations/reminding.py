"""Reminding: who is told that something waits: taken too late, due soon, overdue, each told once.

An item of the inbox has steps, from its service level: nobody has taken it (`claim`), it is due soon (`remind`),
it was not done (`escalate`). Each step is taken once, in order, in one transaction with its notices and with the mark
that it was taken. One sweep a minute takes what is due on the wall's clock, so an item that is done in time costs
nothing; a run on a scaled clock takes its own steps at every look besides, at its own times.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from operations.ports.inbox import Item
from operations.ports.notices import Notice
from operations.staffing import ROLE, there
from rules.time import ClockScale, sla_times

if TYPE_CHECKING:
    from operations.ports.effects import Effects
    from operations.ports.inbox import Inbox
    from operations.ports.notices import Outbox
    from rules.spec import Community

UNTAKEN, DUE, OVERDUE = "work:untaken", "work:due", "work:overdue"
"""What such a notice is about; `operations.notify` has the words."""
MISSED = "missed"

A_MINUTE = timedelta(minutes=1)
PAGE = 500
"""Items that are woken together."""


@dataclass(frozen=True, slots=True, order=True)
class Step:
    """One step of an item, at a time of the item's own clock. `to` is the role or person it is handed on to."""

    at: datetime
    kind: Literal["claim", "remind", "escalate"]
    number: int
    to: str = ""


def times_within(community: Community, within: str, at: datetime) -> dict[str, object]:
    """What a service level says about an item opened then: `claim_due`, `remind_at`, `escalate`; nothing without."""
    if not within.startswith("sla:"):
        return {}
    times = sla_times(
        within.removeprefix("sla:"),
        at,
        zone=community.zone,
        calendar=community.calendars[community.document.calendar],
        slas=community.slas,
        calendars=community.calendars,
    )
    return {"claim_due": times.claim, "remind_at": times.remind, "escalate": times.escalate}


def steps_of(item: Item) -> list[Step]:
    """All steps of an item in the order in which they are taken."""
    steps = [] if item.claim_due is None else [Step(item.claim_due, "claim", 1)]
    steps += [Step(at, "remind", number) for number, at in enumerate(item.remind_at, 1)]
    steps += [Step(at, "escalate", number, to) for number, (at, to) in enumerate(item.escalate, 1)]
    return sorted(steps)


def wall(item: Item, at: datetime) -> datetime:
    """The wall's time of a moment of an item's own clock."""
    if item.scale is None or item.began_at is None:
        return at
    return item.began_at + ClockScale.parse(item.scale).real(at - item.opened_at)


def next_wake(item: Item) -> datetime | None:
    """When the next step is due on the wall's clock; None if none is left."""
    left = steps_of(item)[item.woken :]
    return wall(item, left[0].at) if left else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminders:
    """Takes the steps of items. `community` is the current spec: who backs up whom is a matter of today."""

    inbox: Inbox
    outbox: Outbox
    effects: Effects
    community: Community
    _there: dict[str, list[str]] = field(default_factory=dict, repr=False)  # who is behind a role, looked up once

    def sweep(self, at: datetime, *, limit: int = PAGE) -> int:
        """Take what is due on the wall's clock; returns how many items were woken. To be called in a transaction.

        What a phase asks is over with the phase, which its run closes: where the run is late with it, nobody is handed
        anything before, and it is looked at again a minute later.
        """
        items = self.inbox.waking(self.community.id, until=at, limit=limit)
        return self._take(items, lambda item, step: wall(item, step.at) <= at, unclosed=at + A_MINUTE)

    def in_run(self, run: str, at: datetime) -> int:
        """Take what is due in one run by a time of its own; returns how many items were woken."""
        woken = 0
        while True:
            items = self.inbox.waking_in(run, until=at, limit=PAGE)
            taken = self._take(items, lambda item, step: step.at <= at)
            woken += taken
            if len(items) < PAGE or not taken:
                return woken

    def _take(
        self, items: Sequence[Item], is_due: Callable[[Item, Step], bool], *, unclosed: datetime | None = None
    ) -> int:
        """Take the steps of some items that are due; what is said is written for all of them together.

        Args:
            unclosed: when to look again at what should be handed on while its phase is not closed; None: at once.
        """
        if not items:
            return 0
        woken: list[tuple[Item, datetime | None]] = []
        notices: list[Notice] = []
        heard = self.inbox.heard([one for one in items if one.state == "open"])
        for item in items:
            steps = steps_of(item)
            taken = item
            while taken.woken < len(steps) and is_due(taken, steps[taken.woken]):
                step = steps[taken.woken]
                if unclosed is not None and step.kind == "escalate" and item.state == "open" and item.phase is not None:
                    woken.append((taken, unclosed))
                    break
                by_then = {who for who, at in heard.get(item.id, {}).items() if at <= step.at}
                taken = replace(self._step(taken, step, by_then, notices), woken=taken.woken + 1)
            else:
                if taken.woken == item.woken:
                    continue
                woken.append((taken, next_wake(taken) if taken.woken < len(steps) else None))
        self.outbox.put(self.community.id, notices)
        self.inbox.woken(woken)
        return len(woken)

    def _step(self, item: Item, step: Step, heard: Collection[str], notices: list[Notice]) -> Item:
        """One step: its notices, and where the item goes with it. `heard` are those who have done what it asks."""
        if step.kind == "escalate":
            return self._escalate(item, step, notices)
        if item.state != "open" or (step.kind == "claim" and item.claimed_by is not None):
            return item
        silent = tuple(who for who in item.asked if who not in heard)
        if not silent or (heard and step.kind == "claim"):
            return item
        if step.kind == "remind":
            told = [item.claimed_by] if item.claimed_by else self._people(silent)
            notices += self._told(item, step, DUE, told)
            return item
        backups = [
            f"{ROLE}{spec.backup}"
            for who in item.asked
            if (spec := self.community.roles.get(who.removeprefix(ROLE))) is not None and spec.backup
        ]
        asked = tuple(dict.fromkeys([*item.asked, *backups]))
        notices += self._told(item, step, UNTAKEN, self._people(asked))
        return replace(item, asked=asked)

    def _escalate(self, item: Item, step: Step, notices: list[Notice]) -> Item:
        """Hand it on: what is open goes to whom the level names; what was missed is theirs to look after."""
        if item.state not in ("open", MISSED):
            return item
        people = self._behind(step.to)
        if item.state == "open":
            notices += self._told(item, step, OVERDUE, [*people, *([item.claimed_by] if item.claimed_by else [])])
            asked = tuple(dict.fromkeys([*item.asked, step.to]))
            return replace(item, asked=asked, claimed_by=None, claimed_at=None)
        missed_at = item.due or item.opened_at
        if item.run is not None and self.inbox.asked_since(item.community, item.run, step.to, missed_at):
            return item  # the run itself has gone to them with it
        self.inbox.open(
            [
                Item(
                    community=item.community,
                    id=f"{item.id}#missed/{step.number}",
                    asked=(step.to,),
                    title={"en": f"Missed: {item.title.get('en', '')}", "zh": f"未完成：{item.title.get('zh', '')}"},
                    opened_at=step.at,
                    about=item.about,
                    details={"missed": item.id, "run": item.run, "asked": list(item.asked)},
                )
            ]
        )
        notices += self._told(item, step, OVERDUE, people)
        return item

    def _people(self, asked: Sequence[str]) -> list[str]:
        return [person for who in asked for person in self._behind(who)]

    def _behind(self, who: str) -> list[str]:
        """The people behind somebody asked, looked up once: a sweep is over in a moment."""
        if not who.startswith(ROLE):
            return [who]
        if who not in self._there:
            self._there[who] = there(self.effects, self.community, who)
        return self._there[who]

    def _told(self, item: Item, step: Step, what: str, people: Sequence[str]) -> list[Notice]:
        zone = self.community.zone
        values = {f"title.{language}": text for language, text in item.title.items()}
        staff = self._staff(item, step)
        values["item"] = item.id
        values["about"] = item.about or ""
        if item.due is not None:
            values["until"] = f"{item.due.astimezone(zone):%Y-%m-%d %H:%M}"
        return [
            Notice(
                key=f"{item.id}#{step.kind}/{step.number}@{person}",
                member=person,
                what=what,
                at=step.at,
                values=values,
                urgency=1 if step.kind == "escalate" else 3,
                to_staff=person in staff,
            )
            for person in dict.fromkeys(people)
        ]

    def _staff(self, item: Item, step: Step) -> frozenset[str]:
        """Who of them works for the brand, so that no daily limit of members counts."""
        roles = {f"{ROLE}{role}" for role in self.community.roles}
        roles |= {who for who in (*item.asked, step.to) if who.startswith(ROLE)}
        return frozenset({*roles, *(person for role in sorted(roles) for person in self._behind(role))})
