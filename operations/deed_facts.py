"""What deeds leave with others: the facts they are recorded by, and the work items they open."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from operations.ports.effects import Deed
from operations.ports.facts import Fact
from operations.ports.inbox import Item

_ABOUT = ("work", "team", "run", "space", "cohort")
"""What a recorded fact may be about besides a member."""


def facts_of(deeds: Sequence[Deed]) -> list[Fact]:
    """The facts that deeds are remembered by: one for each that is; of a gift also what it cost, if anything."""
    found = [fact for deed in deeds if (fact := _FACTS.get(deed.kind, _none)(deed)) is not None]
    return found + [_worth(deed) for deed in deeds if deed.kind == "gift" and deed.details.get("cost")]


def _none(deed: Deed) -> Fact | None:
    return None


def _fact(deed: Deed, kind: str, member: str | None, **fields: Any) -> Fact:
    origin = {"run": deed.run, "task": deed.task, "mode": deed.mode, "phase": deed.phase}
    return Fact(
        id=f"{deed.key}#fact",
        kind=kind,
        member=member,
        at=deed.at,
        fields={name: value for name, value in {**origin, **fields}.items() if value is not None},
    )


def _worth(deed: Deed) -> Fact:
    """What a gift cost, so that costs follow the work it was given for."""
    amount, work = int(deed.details["cost"]), deed.details.get("work")
    fact = _fact(deed, "spent", deed.member, resource=deed.details["item"], amount=amount, work=work)
    return replace(fact, id=f"{deed.key}#cost")


def _published(deed: Deed) -> Fact:
    place = str(deed.details["place"])
    space = place.removeprefix("space:") if place.startswith("space:") else None
    work = deed.details["what"] if deed.details.get("work") else None
    return _fact(deed, "published", deed.member, work=work, place=place.partition(":")[2] or place, space=space)


def _recorded(deed: Deed) -> Fact:
    fields = {
        name: frozenset(value) if isinstance(value, list) else value for name, value in deed.details["fields"].items()
    }
    about = {name: deed.details[name] for name in _ABOUT if name in deed.details}
    return _fact(deed, deed.details["fact"], deed.member, **{**about, **fields})


_FACTS: Mapping[str, Callable[[Deed], Fact | None]] = {
    "publish": _published,
    "points": lambda deed: _fact(deed, "awarded", deed.member, points=int(deed.details["amount"])),
    "money": lambda deed: _fact(
        deed,
        "spent",
        deed.member,
        resource=deed.details.get("budget"),
        amount=int(deed.details["amount"]),
        work=deed.details.get("work"),
    ),
    "gift": lambda deed: _fact(deed, "received", deed.member, resource=deed.details["item"], count=1),
    "benefit": lambda deed: _fact(deed, "received", deed.member, resource=deed.details["item"], count=1),
    "title": lambda deed: _fact(deed, "granted", deed.member, title=deed.details["item"]),
    "revoke": lambda deed: (
        _fact(deed, "ended", deed.member, title=deed.details["item"]) if deed.details["holding"] == "title" else None
    ),
    "nominate": lambda deed: _fact(deed, "nominated", deed.member, **{deed.details["list"]: deed.details["of"]}),
    "record": _recorded,
}


def items_of(community: str, deeds: Sequence[Deed], *, now: datetime | None = None) -> list[Item]:
    """The work items that deeds open: what `open` asks for, and the posting of a gift.

    Args:
        now: the wall's time, for items on a scaled clock.
    """
    items = []
    for deed in deeds:
        if deed.kind == "open":
            items.append(
                Item(
                    community=community,
                    id=deed.key,
                    asked=tuple(deed.details["by"]),
                    title=deed.details["title"],
                    opened_at=deed.at,
                    due=_moment(deed.details.get("due")),
                    about=deed.details.get("about"),
                    form=deed.details.get("form"),
                    claim_due=_moment(deed.details.get("claim")),
                    scale=deed.details.get("scale"),
                    began_at=now if deed.details.get("scale") is not None else None,
                    remind_at=tuple(datetime.fromisoformat(at) for at in deed.details.get("remind", ())),
                    escalate=tuple((datetime.fromisoformat(at), to) for at, to in deed.details.get("escalate", ())),
                    details={"source": deed.source},
                )
            )
        elif deed.kind == "gift" and deed.details.get("post"):
            items.append(
                Item(
                    community=community,
                    id=deed.key,
                    asked=(deed.details["keeper"],),
                    title={"en": f"Post {deed.details['item']}", "zh": f"寄送 {deed.details['item']}"},
                    opened_at=deed.at,
                    due=_moment(deed.details["post"]),
                    about=deed.member,
                    remind_at=tuple(datetime.fromisoformat(at) for at in deed.details.get("sla", {}).get("remind", ())),
                    escalate=tuple(
                        (datetime.fromisoformat(at), to) for at, to in deed.details.get("sla", {}).get("escalate", ())
                    ),
                    details={"source": deed.source, "item": deed.details["item"]},
                )
            )
    return items


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
