"""Effects: what is done without waiting (publish, notify, award, …), the same for phases, tiers, stages and rules.

An effect becomes *deeds*, one for each person, place or thing it concerns. A deed's key is made of where it comes from
(a run's phase visit, or a decision), the effect's place in its list, and whom it is for; so whatever crashes and is
tried again, it is done once. Who is meant by a `who` is the business of whoever calls: the `Resolver`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol

from operations.arguments import read_arguments
from operations.embargo import held_back_by
from operations.ports.effects import Deed, Done, Effects
from operations.prizes import deeds_of_prize, times_of
from operations.spec_edits import read_edits

if TYPE_CHECKING:
    from rules.spec import Community


AT_ONCE = 5_000
"""Deeds that are written together: a work of many thousand contributors has as many of each kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A work (or a person) as an award sees it: its authors, its place in a ranking, each author's share in percent."""

    id: str
    authors: tuple[str, ...]
    place: int | None = None
    shares: Mapping[str, int] = field(default_factory=dict)


class Resolver(Protocol):
    """What refs and selections mean where an effect stands."""

    def people(self, who: Any) -> Sequence[str]:
        """The people a who names, in order, each once; of works their authors, of teams their members.

        A `role:x` gives the staff in it.
        """
        ...

    def ranked(self, who: Any) -> Sequence[Ranked] | None:
        """The works (or ranked people) a who names, in order; None when it does not name works or a ranking."""
        ...

    def things(self, ref: Any) -> Sequence[str]:
        """Ids of what a `publish.what` or `notify.what` names: works' ids; `run.brief` and `message:x` themselves."""
        ...

    def shares(self, who: Any) -> Mapping[str, int]:
        """The shares that the parts of a team say its people have; empty if nobody who is named has one."""
        ...

    def credit(self, ref: str) -> Mapping[str, int]:
        """The contribution ledger that a ref such as `run.ledger` names: people and their parts."""
        ...

    def value(self, name: str, subject: str | None) -> Any:
        """What a name in `record.with` (a result, an argument) is for this subject; the text itself if it is none."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectContext:
    """Where effects stand: in which community, coming from what, at which moment, about whom, and where they go.

    `source` is the stable name of the run's phase visit (`auto/photo-contest/3/results/1`) or of the decision
    (`auto/2027-03-01T06:00Z/1/tier/m17`); it begins the key of every deed. `origin` is the effect list's own name,
    the same every time (`rule:topic-draws`, `mode:contest/results`): caps count over it. `at` is logical time.
    `says` fills placeholders of messages (`tier`, `missing`, `until`, …).
    """

    community: Community
    source: str
    at: datetime
    resolver: Resolver
    into: Effects
    origin: str = ""
    subject: str | None = None
    value: str | None = None
    run: str | None = None
    task: str | None = None
    mode: str | None = None
    phase: str | None = None
    scale: str | None = None
    seed: str | None = None
    says: Mapping[str, str] = field(default_factory=dict)


def carry_out(effects: Sequence[Any], context: EffectContext) -> Done:
    """Carry out a list of effects, in order, each once. Idempotent by the context's `source`.

    Returns how many deeds were new and which were refused (no money left, nobody in a role with capacity, …);
    refusals are recorded, they stop nothing. Many deeds are written some thousand at a time.
    """
    deeds, done = _deeds(effects, context), Done()
    while batch := list(islice(deeds, AT_ONCE)):
        done += context.into.do(context.community.id, batch)
    return done


def deeds_of(effects: Sequence[Any], context: EffectContext) -> list[Deed]:
    """What a list of effects comes down to, without doing any of it."""
    return list(_deeds(effects, context))


def _deeds(effects: Sequence[Any], context: EffectContext) -> Iterator[Deed]:
    for place, effect in enumerate(effects):
        yield from _expand(effect, _Maker(context, place))


class _Maker:
    """Makes the deeds of one effect, with keys that are the same at every attempt."""

    def __init__(self, context: EffectContext, place: int) -> None:
        self.context = context
        self.place = place

    def deed(self, kind: str, target: str, member: str | None, **details: Any) -> Deed:
        c = self.context
        return Deed(
            key=f"{c.source}/{self.place}/{kind}:{target}",
            kind=kind,
            at=c.at,
            source=c.source,
            member=member,
            details={name: value for name, value in details.items() if value is not None},
            run=c.run,
            task=c.task,
            mode=c.mode,
            phase=c.phase,
        )


def kind_of(effect: Any) -> str:
    """The key an effect is written with: publish, notify, award, …"""
    return str(next(iter(type(effect).model_fields)))


def _expand(effect: Any, make: _Maker) -> Iterable[Deed]:
    kind = kind_of(effect)
    body = getattr(effect, kind)
    deeds: Iterable[Deed] = _EXPANSIONS[kind](body, make)
    return deeds


def _publish(body: Any, make: _Maker) -> Iterable[Deed]:
    resolver = make.context.resolver
    credits = f"{make.context.source}/{make.place}" if body.credits else None
    kept = held_back_by(make.context)
    for what in _listed(body.what):
        authors = {work.id: work.authors for work in resolver.ranked(what) or ()}
        for thing in resolver.things(what):
            for place in _places(body.in_):
                yield make.deed(
                    "publish",
                    f"{thing}@{place}",
                    next(iter(authors.get(thing, ())), None),
                    what=thing,
                    place=place,
                    authors=list(authors.get(thing, ())),
                    work=thing in authors,
                    credits=credits,
                    **(kept if _is_public(make.context.community, place) else {}),
                )


def _is_public(community: Community, place: str) -> bool:
    """Whether anybody can see what is published there: every channel, and spaces that everyone reads."""
    space = community.spaces.get(place.removeprefix("space:"))
    return not place.startswith("space:") or (space is not None and space.seen_by == "everyone")


def _notify(body: Any, make: _Maker) -> Iterable[Deed]:
    things = list(make.context.resolver.things(body.what))
    for person in make.context.resolver.people(body.to):
        for thing in things:
            says = {**_says(make.context), **_thanks(make.context, thing, person)}
            yield make.deed("notify", f"{thing}@{person}", person, what=thing, says=says)


def _award(body: Any, make: _Maker) -> Iterable[Deed]:
    resolver = make.context.resolver
    ranked = resolver.ranked(body.to)
    if ranked is None:
        units: list[list[tuple[str, str | None]]] = [[(person, None) for person in resolver.people(body.to)]]
        places: list[int | None] = [None]
        shares: list[Mapping[str, int]] = [{}]
    else:
        units = [[(author, work.id) for author in work.authors] for work in ranked]
        places = [work.place for work in ranked]
        shares = [work.shares for work in ranked]
    for number, prize in enumerate(body.give):
        for unit, place, share in zip(units, places, shares, strict=True):
            if prize.places is not None and (place is None or not prize.places[0] <= place <= prize.places[1]):
                continue
            credit = share
            if prize.split == "credit" and not credit:
                credit = (resolver.shares(body.to) if ranked is None else {}) or resolver.credit("run.ledger")
            yield from deeds_of_prize(prize, number, unit, credit, make.context, make.deed, make.place)


def _revoke(body: Any, make: _Maker) -> Iterable[Deed]:
    for person in make.context.resolver.people(body.from_):
        for kind in ("title", "benefit"):
            item = getattr(body, kind)
            if item is not None:
                yield make.deed("revoke", f"{kind}:{item}@{person}", person, holding=kind, item=item)


def _nominate(body: Any, make: _Maker) -> Iterable[Deed]:
    for person in make.context.resolver.people(body.who):
        for list_ in ("tier", "title", "task"):
            target = getattr(body, list_)
            if target is not None:
                yield make.deed("nominate", f"{list_}:{target}@{person}", person, list=list_, of=target)


def _record(body: Any, make: _Maker) -> Iterable[Deed]:
    kind = make.context.community.facts.get(body.fact)
    about = getattr(kind, "about", "member")
    if about != "member":
        for thing in _things_recorded(body.about, about, make.context):
            fields = {name: _field(value, make, None) for name, value in body.with_.items()}
            yield make.deed("record", f"{body.fact}@{thing}", None, fact=body.fact, fields=fields, **{about: thing})
        return
    for person in make.context.resolver.people(body.about):
        fields = {name: _field(value, make, person) for name, value in body.with_.items()}
        yield make.deed("record", f"{body.fact}@{person}", person, fact=body.fact, fields=fields)


def _things_recorded(who: Any, about: str, context: EffectContext) -> Sequence[str | None]:
    """The works, teams, runs, … that a fact is about: the subject at hand names itself, a result names each."""
    if about == "community":
        return [context.community.id]
    if who == "subject":
        return [context.subject]
    return [thing for one in _listed(who) for thing in context.resolver.things(one)]


def _field(value: Any, make: _Maker, person: str | None) -> Any:
    return make.context.resolver.value(value, person) if isinstance(value, str) else value


def _open(body: Any, make: _Maker) -> Iterable[Deed]:
    context = make.context
    resolver = context.resolver
    if isinstance(body.by, str):
        by = [body.by] if body.by.startswith("role:") else list(resolver.people(body.by))
    elif all(isinstance(who, str) and who.startswith("role:") for who in _listed(body.by)):
        by = list(_listed(body.by))
    else:
        by = list(resolver.people(body.by))
    about: list[str | None] = [context.subject]
    if body.about not in (None, "subject"):
        about = list(resolver.people(body.about))
    for subject in about or [context.subject]:
        yield make.deed(
            "open",
            subject or "",
            subject if body.about is not None else None,
            by=by,
            title={"en": body.title.en, "zh": body.title.zh},
            form=body.form,
            about=subject,
            scale=context.scale,
            **times_of(str(body.within), context),
        )


def _assign(body: Any, make: _Maker) -> Iterable[Deed]:
    known = make.context.community.roles
    chain: list[str] = []
    for who in _listed(body.from_):
        role = str(who).removeprefix("role:")
        while role in known and role not in chain:
            chain.append(role)
            role = known[role].backup or ""
    roles = [{"role": role, "capacity": known[role].capacity} for role in chain]
    for person in make.context.resolver.people(body.to):
        yield make.deed("assign", f"{body.as_}@{person}", person, relation=body.as_, roles=roles)


def _start(body: Any, make: _Maker) -> Iterable[Deed]:
    context = make.context
    subjects: list[str | None] = [context.subject]
    if body.for_ and (body.for_ != "subject" or _for(context.community, body.task) == "member"):
        known = context.resolver
        about = _for(context.community, body.task)
        subjects = list(known.people(body.for_) if about in ("member", "community") else known.things(body.for_))
    arguments = read_arguments(body.with_, body.task, context.community, context.resolver, context.subject)
    if not body.for_ and _for(context.community, body.task) == "community":
        subjects = [None]
    for subject in subjects:
        yield make.deed(
            "start",
            f"{body.task}@{subject or ''}",
            subject,
            task=body.task,
            subject=subject,
            arguments=arguments,
            scale=context.scale,
            seed=context.seed,
            digest=context.community.digest,
        )


def _for(community: Community, task: str) -> str:
    """What one run of a task is for."""
    known = community.tasks.get(task)
    mode = community.modes.get(known.mode) if known is not None else None
    return mode.for_ if mode is not None else "community"


def _propose(body: Any, make: _Maker) -> Iterable[Deed]:
    written = make.context.resolver.value(body.from_, make.context.subject)
    edits = read_edits(written) if isinstance(written, str) and written != body.from_ else ()
    if edits:
        yield make.deed(
            "propose",
            body.from_,
            None,
            edits=[list(one) for one in edits],
            source=body.from_.partition(".")[0],
            given=make.context.scale is not None,
        )


_EXPANSIONS: dict[str, Any] = {
    "publish": _publish,
    "notify": _notify,
    "award": _award,
    "revoke": _revoke,
    "nominate": _nominate,
    "record": _record,
    "open": _open,
    "assign": _assign,
    "start": _start,
    "propose": _propose,
}


def _says(context: EffectContext) -> dict[str, str]:
    return {name: text for name, text in {"task": context.task, **context.says}.items() if text}


def _thanks(context: EffectContext, thing: str, person: str) -> dict[str, str]:
    """What somebody has contributed, task by task as the ledger says it, where a message names it."""
    message = context.community.messages.get(thing.removeprefix("message:"))
    given = getattr(context.resolver, "contributions", None)
    if message is None or given is None or "{contributions}" not in message.text.en + message.text.zh:
        return {}
    found: Mapping[str, int] = given(person)
    tasks = {id_: task.title for id_, task in context.community.tasks.items()}
    said = [(tasks[task], credit) for task, credit in found.items() if task in tasks]
    if not said:
        return {}
    return {
        "contributions.en": ", ".join(f"{title.en} ({credit})" for title, credit in said),
        "contributions.zh": "、".join(f"「{title.zh}」{credit}" for title, credit in said),
    }


def _listed(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, tuple | list) else (value,)


def _places(value: Any) -> tuple[str, ...]:
    return tuple(str(ref) for ref in _listed(value))
