"""Play: what the kinds of phases share, so that each of them is a small game without time, memory or Temporal.

A kind that can run has a module `play` in its folder with the functions of `Kind`. They are given the phase as it is
written and a *scene*: everything that may be looked at. They answer with values; nothing is fetched or written.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from functools import cache, cached_property
from typing import Any, Protocol

from operations.ports.resources import Claim, Demand
from operations.ports.runs import Act, Entry, Planned, Run, Work
from operations.ports.teams import Team
from operations.rehearsal import Crowd

Figure = Fraction | str | bool | None
ROLE = "role:"
REVISE = "revise"
"""What the authors of a returned work do, and what they are asked for."""
BACK = "/back"
"""How the turn of a request to the authors of a returned work ends, after the version that was returned."""


@dataclass(frozen=True, slots=True, order=True)
class Asked:
    """A figure that a play needs: a metric or attribute by name, over a window."""

    name: str
    over: str = "all"


@dataclass(frozen=True, slots=True)
class Figures:
    """One figure for all things it is about: values in natural units, None where unknown.

    Args:
        of: what it is about: work, member, team, run, community.
        values: by the id of the thing.
        places: decimal places in which means are given.
    """

    of: str
    values: Mapping[str, Figure]
    places: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Offspring:
    """Runs that a phase starts: of these tasks, for each of those (else for the run's own subject), with arguments."""

    tasks: tuple[str, ...]
    for_: Any = None
    with_: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wants:
    """What has to be looked up before a phase can be played; selections as they are written.

    `asked`, `never` and `things` are fixed when the phase opens. `eligible` is checked at the moment of an act.
    `figures` are read when it closes, `until` at every look.
    """

    asked: Any = None
    never: Any = None
    things: Any = None
    eligible: Any = None
    until: Any = None
    within: str | None = None
    figures: tuple[Asked, ...] = ()
    keeps: bool = False  # what came in before it came out short still counts when it is entered again
    parts: Mapping[str, Any] = field(default_factory=dict)  # of teams: who can fill which part
    traits: tuple[str, ...] = ()  # attributes of theirs that matter
    apart: str | None = None  # a kind of fact that names who is never together
    per: str = "member"  # whose a work is: a member's, a team's, or a slot's
    follows: bool = False  # works that come in beside it, in another branch, are taken as they come
    children: Offspring | None = None  # runs that are started, and waited for
    everything: bool = False  # without `things`: all works and people of the run, and the run itself
    goods: Demand | None = None  # what is scarce and claimed for each thing (for the run without `things`)
    groups: Mapping[str, Any] = field(default_factory=dict)  # further people, looked up live, by what they are
    agreed: Mapping[str, str] = field(default_factory=dict)  # answers given before, by the field they are about


@dataclass(frozen=True, slots=True, kw_only=True)
class Free:
    """Somebody who can be in a team: the parts they may fill, values of their traits (None: unknown), live runs."""

    id: str
    parts: frozenset[str]
    traits: Mapping[str, frozenset[str] | None] = field(default_factory=dict)
    load: int = 0


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Everything a play may look at, at one moment of the run.

    `works` are those in question, in order of arrival: of a `submit` those handed in, else those it is about.
    `expected` are the authors of whom something is definitely expected (None: whoever likes). `reviewed` says that a
    review of these works follows, so that it decides whether they count. `lot` is a recorded draw: the same number
    for the same name at every attempt. `until` turns a `within` into a moment. `growing` says that more things may
    come until then, from a phase beside this one that is not over.

    `own` are, of things that belong to a team or a part of one, those of the asked who are asked about them; about
    other things all are. `units` are the teams, or parts of teams (`team#slot`), of which works are expected, with
    who is in them, `team_of` says in which team somebody is who may hand in. `kept` is what the opening kept, `free`
    finds out who can be in teams, `values` is how many values their traits have, `apart` are pairs who are never in
    one. `place` is the run and the phase, `may_do` says whether somebody may fill a part now.

    `children` are the runs that the phase has started, `refused` says why some could not be.
    """

    at: datetime
    opened_at: datetime
    deadline: datetime | None = None
    due: bool = False
    visit: int = 1
    subject: str | None = None
    asked: tuple[str, ...] = ()
    never: frozenset[str] = frozenset()
    things: Sequence[str] = ()
    growing: datetime | None = None
    kinds: Mapping[str, str] = field(default_factory=dict)
    works: Mapping[str, Work] = field(default_factory=dict)
    expected: tuple[str, ...] | None = None
    reviewed: bool = False
    acts: Sequence[Act] = ()
    figures: Mapping[Asked, Figures] = field(default_factory=dict)
    holds: bool | None = None
    claims: tuple[Claim, ...] = ()  # what was asked of something scarce
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # further people, by what they are
    agreed: Mapping[str, frozenset[str]] = field(default_factory=dict)  # what was answered before, where it was
    form_about: str = "member"
    lot: Callable[[str], int] = lambda name: 0
    until: Callable[[str, datetime], datetime] = lambda within, at: at
    own: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    units: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    team_of: Mapping[str, str] = field(default_factory=dict)
    kept: Mapping[str, Any] = field(default_factory=dict)
    free: Callable[[], Sequence[Free]] = tuple
    values: Mapping[str, int] = field(default_factory=dict)
    apart: Callable[[], frozenset[frozenset[str]]] = frozenset
    may_do: Callable[[str, str], bool] = lambda who, part: True
    place: str = ""
    children: tuple[Run, ...] = ()
    refused: tuple[str, ...] = ()

    @cached_property
    def in_order(self) -> tuple[Act, ...]:
        """Acts in order of time."""
        return tuple(sorted(self.acts, key=lambda act: (act.at, act.seq)))

    @cached_property
    def about(self) -> Mapping[str, tuple[Act, ...]]:
        """Acts in order of time, by what they are about."""
        found: dict[str, list[Act]] = {}
        for act in self.in_order:
            found.setdefault(act.about, []).append(act)
        return {thing: tuple(acts) for thing, acts in found.items()}

    @cached_property
    def thing_set(self) -> frozenset[str]:
        """The things, to look one up."""
        return frozenset(self.things)

    def author_of(self, thing: str) -> str | None:
        """Who handed in a work; None if the thing is no work."""
        work = self.works.get(thing)
        return work.author if work is not None else None

    def authors_of(self, thing: str) -> tuple[str, ...]:
        """Whose work a thing is: its author, or everybody named with it; nobody if it is no work."""
        work = self.works.get(thing)
        return work.written_by if work is not None else ()

    def asked_about(self, thing: str) -> tuple[str, ...]:
        """Who is asked about a thing and may answer: of its own team where those are asked, none of its authors."""
        authors = self.authors_of(thing)
        return tuple(who for who in self.own.get(thing, self.asked) if who not in self.never and who not in authors)

    def figure(self, asked: Asked, thing: str) -> Figure:
        """One figure of one thing, of its author where it is about people."""
        found = self.figures.get(asked)
        if found is None:
            return None
        if thing in found.values:
            return found.values[thing]
        return found.values.get(self.author_of(thing) or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Something for the inbox: who is asked, about what, what they may say, and until when if before the deadline.

    `turn` tells several about the same thing apart.
    """

    asked: tuple[str, ...]
    about: str = ""
    choices: tuple[str, ...] = ("done",)
    form: str | None = None
    due: datetime | None = None
    turn: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)  # what they should know


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """How a phase begins: perhaps it is over at once, otherwise who is asked what."""

    outcome: str | None = None
    requests: tuple[Request, ...] = ()
    awaits: str = ""
    kept: Mapping[str, Any] = field(default_factory=dict)  # plain values that the play wants to see again
    look_at: datetime | None = None  # when something happens by itself
    either: bool = False  # with an outcome: in a case it may still be acted out


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Whether everything is in; if not, perhaps a later deadline than the one the phase began with.

    `requests` are asked besides those of the opening, `look_at` is when something happens by itself.
    """

    over: bool = False
    deadline: datetime | None = None
    requests: tuple[Request, ...] = ()
    look_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A fact on its way: `key` makes it one of its kind in the visit. Numbers in natural units."""

    kind: str
    key: str
    at: datetime
    member: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """How a phase came out: outcome, results by name, facts, states (and credit) of works, parts of people, teams.

    Many facts are told one by one (`workflows.later.Told`).
    """

    outcome: str
    results: Mapping[str, Any] = field(default_factory=dict)
    notes: Iterable[Note] = ()
    works: Mapping[str, tuple[str, int | None]] = field(default_factory=dict)
    parts: Mapping[str, str] = field(default_factory=dict)
    teams: tuple[Team, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Whoever steps in where a case does not say who does what.

    `people` come where anybody may, `fill` fills in a form, `moment` is when the act of a number takes place.
    """

    people: tuple[str, ...]
    fill: Callable[..., dict[str, Any]]
    moment: Callable[[int], datetime]


class Kind(Protocol):
    """The functions of a `play` module.

    A kind in which people act may also have `towards(phase, scene, outcome, cast)`: acts, in order of time, with which
    the phase comes out so, beyond those of the scene. Cases use it for what they do not say. One that others beside it
    may look at while it is open has `so_far(phase, scene)`: its results by name as they stand. One in which what is
    said about a thing has nothing to do with other things has `settled(phase, scene, thing)`: whether nothing more can
    be said about it, now or later; of many things only those that are not settled are looked at. One in which a thing
    goes back and forth has `passes(phase, scene, thing)`: the request to those whose turn it is, once it has gone back.
    One whose moves are facts as soon as they are made has `at_once(phase, act)`: the notes of a move, which its closing
    makes once more with the same keys.
    """

    def wants(self, phase: Any) -> Wants:
        """What has to be looked up for this phase."""
        ...

    def opening(self, phase: Any, scene: Scene) -> Opening:
        """How it begins."""
        ...

    def refusal(self, phase: Any, scene: Scene, act: Act | Entry) -> str | None:
        """Why a move is not legal; None if it is. Who may act at all, and the gate, are looked at elsewhere."""
        ...

    def progress(self, phase: Any, scene: Scene) -> Progress:
        """Whether it is over before its time."""
        ...

    def closing(self, phase: Any, scene: Scene) -> Closing:
        """How it came out, now that no more can come in."""
        ...

    def improvise(self, phase: Any, scene: Scene, crowd: Crowd) -> Sequence[Planned]:
        """What simulated participants will do, in order of time."""
        ...


@cache
def play_of(kind: str) -> Kind | None:
    """The play of a kind of phase; None if it cannot run yet."""
    try:
        module: Any = importlib.import_module(f"workflows.phases.{kind}.play")
    except ModuleNotFoundError as missing:
        if missing.name and missing.name.startswith(f"workflows.phases.{kind}"):
            return None
        raise
    return module  # type: ignore[no-any-return]


# ------------------------------------------------------------------------------------------------ shared little rules
def people_in(asked: Sequence[str]) -> tuple[str, ...]:
    """Those of the asked who are named; roles left out."""
    return tuple(who for who in asked if not who.startswith(ROLE))


def several(asked: Sequence[str], count: int) -> list[str]:
    """So many of the asked; a role may give several people, `role:judge`, `role:judge#2`, ….

    Fewer if there are only so many people and no role.
    """
    found = list(asked)
    roles = [who for who in asked if who.startswith(ROLE)]
    turn = 2
    while roles and len(found) < count:
        found += [f"{role}#{turn}" for role in roles]
        turn += 1
    return found[:count]


def has_role(asked: Sequence[str]) -> bool:
    """Whether a role is among the asked, so that it cannot be told how many people they are."""
    return any(who.startswith(ROLE) for who in asked)


def enough(needs: int | str, base: int) -> int:
    """How many are needed: a number, or a share of so many, rounded up, at least one."""
    if isinstance(needs, str):
        return max(1, -(-base * int(needs.rstrip("%")) // 100))
    return needs


def not_asked(scene: Scene, act: Act) -> str | None:
    """Why this person cannot answer at all: not asked, kept out, or it is about the own work."""
    asked = scene.own.get(act.about, scene.asked)
    if act.by not in asked and (act.role is None or act.role not in asked):
        return f"{act.role or act.by} is not asked {'about this' if act.by in scene.asked else 'here'}"
    if act.by in scene.never or (act.role is not None and act.role in scene.never):
        return f"{act.by} must not answer here"
    if act.by in scene.authors_of(act.about):
        return f"{act.by} is the author; nobody decides about their own work"
    return None


def able(scene: Scene, thing: str) -> int | None:
    """How many of the named people may answer about a thing; None: a role is among them, so any number."""
    asked = scene.own.get(thing, scene.asked)
    if has_role(asked):
        return None
    return sum(1 for who in scene.asked_about(thing) if not who.startswith(ROLE))


def sequence(scene: Scene, lines: Sequence[Any], things: Sequence[str]) -> list[str]:
    """Put things in the order that lines of `highest`, `lowest` and `draw` say; unknown comes last, ids break ties."""

    def key(thing: str) -> tuple[Any, ...]:
        parts: list[Any] = []
        for line in lines:
            if line.draw:
                parts.append((0, scene.lot(thing)))
                continue
            value = scene.figure(Asked(line.highest or line.lowest, line.over or "all"), thing)
            number = value if isinstance(value, Fraction) else None
            if number is None:
                parts.append((1, Fraction(0)))
            else:
                parts.append((0, -number if line.highest else number))
        return (*parts, thing)

    return sorted(things, key=key)


def figures_of(lines: Sequence[Any] | None) -> tuple[Asked, ...]:
    """The figures that an order reads."""
    return tuple(Asked(line.highest or line.lowest, line.over or "all") for line in lines or () if not line.draw)
