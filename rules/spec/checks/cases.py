"""Cases: they name only what there is, and give only what somebody reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from rules.spec.checks.asked import BOOLEAN, INTEGER, Asked, words
from rules.spec.checks.at import At, meant, repaired
from rules.spec.checks.effects import known
from rules.spec.checks.names import Names
from rules.spec.checks.plays import play
from rules.spec.checks.readings import UNSURE, Windows, readings, readings_in
from rules.spec.checks.scene import OTHERS, Scene, Wrong
from rules.spec.diagnostics import listed
from rules.spec.documents.cases import Cases, Decision, Expect, Happening, Person, Play, Timeline
from rules.spec.documents.mode import Mode

PROCEDURE: Final = {
    "below_for": INTEGER,
    "met_for": INTEGER,
    "invited_ago": INTEGER,
    "in_grace": BOOLEAN,
    "pinned": BOOLEAN,
}
"""What a case may say of how a decision went on so far, besides attributes."""


@dataclass
class Desk:
    """What cases are held against: everything written, and the modes of tasks with their arguments put in.

    What is read is collected once for each kind of decision.
    """

    names: Names
    documents: list[Any]
    bound: Mapping[str, Mode]
    _read: dict[str, Windows] = field(default_factory=dict)

    def read(self, kind: str) -> Windows:
        if kind not in self._read:
            self._read[kind] = readings(kind, self.documents, self.names)
        return self._read[kind]


def cases(at: At, written: Cases, desk: Desk) -> None:
    """Check the cases of one document."""
    seen: set[str] = set()
    for n, case in enumerate(written.cases):
        here = at / "cases" / n
        if case.name in seen:
            (here / "name").say("TRL312", "this case is there twice", "each case has a sentence of its own")
        seen.add(case.name)
        if isinstance(case, Decision):
            _decision(here, case, desk)
            _expect(here / "expect", case.expect, case.of, desk)
        elif isinstance(case, Timeline):
            _decision(here, case, desk)
            for m, line in enumerate(case.happens):
                _happening(here / "happens" / m, line, case.of, desk)
        elif isinstance(case, Play):
            for m, person in enumerate(case.members):
                _person(here / "members" / m, person, desk)
            known(here / "task", "task", case.task, Scene(desk.names))
            mode = desk.bound.get(case.task)
            if mode is not None:
                given = [(m, person) for m, person in enumerate(case.members) if person.metrics]
                read = readings_in(mode, desk.names) if given else {}
                for m, person in given:
                    _readings(here / "members" / m / "metrics", person.metrics, read, desk, "")
                play(here, case, mode, desk.names)


def _decision(at: At, case: Decision | Timeline, desk: Desk) -> None:
    names, read = desk.names, desk.read(case.of)
    _person(at / "subject", case.subject, desk)
    _readings(at / "subject" / "metrics", case.subject.metrics, read, desk, "")
    _readings(at / "community", case.community, read, desk, "community.")
    scene = Scene(names)
    if case.of == "tiers":
        known(at / "ladder" if "ladder" in case.model_fields_set else at / "kind", "ladder", case.ladder, scene)
    if case.value is not None and case.value not in names.every_value() and not names.silent(case.value):
        (at / "value").unknown("TRL309", "value", case.value, names.every_value())


def _happening(at: At, line: Happening, of: str, desk: Desk) -> None:
    names = desk.names
    if line.review is not None:
        _expect(at / "review", line.review, of, desk)
    elif line.fact is not None and line.fact not in names.facts():
        (at / "fact").unknown("TRL303", "kind of fact", line.fact, names.facts())
    elif line.fact is not None:
        fields = names.fields_of((line.fact,))
        for name, value in line.with_.items():
            if name not in fields:
                (at / "with" / name).unknown("TRL310", "field", name, fields, of=f"'{line.fact}'", on="key")
            else:
                _value(at / "with" / name, value, name, fields[name], names)


def _expect(at: At, expect: Expect, of: str, desk: Desk) -> None:
    scene, read = Scene(desk.names), desk.read(of)
    for key in ("fires", "not"):
        for n, rule in enumerate(getattr(expect, "not_" if key == "not" else key)):
            known(at / key / n, "rule", rule, scene)
    for n, leaf in enumerate(expect.because):
        if leaf not in read and UNSURE not in read:
            possible = set(read)
            (at / "because" / n).say("TRL371", f"no condition of {of} reads '{leaf}'", meant(leaf, possible))
    if expect.to is not None:
        known(at / "to", "stage" if of == "lifecycle" else "tier", expect.to, scene)
    for n, title in enumerate(expect.titles or ()):
        known(at / "titles" / n, "title", title, scene)


# ------------------------------------------------------------------------------------------------------------ people
def _person(at: At, person: Person, desk: Desk) -> None:
    for name, value in person.attributes.items():
        here = at / "attributes" / name
        asked = _attribute(name, desk.names)
        if isinstance(asked, Wrong):
            here.say(asked.code, asked.message, asked.hint, on="key")
        else:
            _value(here, value, name, asked, desk.names)


def _attribute(name: str, names: Names) -> Asked | Wrong:
    head, dot, tail = name.partition(".")
    if not dot:
        own = PROCEDURE | names.member
        if name in own:
            return own[name]
        others = Scene(names)
        everything = {
            *own,
            *(f"author.{t}" for t in names.member),
            *(f"{h}.{t}" for h in OTHERS for t in others.under(h)),
        }
        return Wrong("TRL301", f"unknown attribute '{name}'", meant(name, everything))
    if head == "author" and tail in names.member:
        return names.member[tail]
    scene = Scene(names)
    if head in OTHERS and tail not in names.of("metric"):
        found = scene.reads(name)
        if not isinstance(found, Wrong):
            return found
        return Wrong(
            "TRL301", f"unknown attribute '{name}'", _after(head, tail, scene.under(head) - set(names.of("metric")))
        )
    if head == "author":
        return Wrong("TRL301", f"unknown attribute '{name}'", _after(head, tail, set(names.member)))
    heads = repaired(head, [*OTHERS, "author"])
    possible = {f"{h}.{t}" for h in heads for t in (names.member if h == "author" else scene.under(h))}
    return Wrong("TRL301", f"unknown attribute '{name}'", meant(name, possible | set(names.member)))


def _after(head: str, tail: str, possible: set[str]) -> str:
    return meant(f"{head}.{tail}", {f"{head}.{p}" for p in possible})


def _value(at: At, value: Any, name: str, asked: Asked, names: Names) -> None:
    many = isinstance(value, tuple)
    if asked.listed is not None and name.rpartition(".")[2] in ("titles", "titles_held"):
        kept = {title.id: title.per for title in names.of("title").values() if title.per is not None}
        at_values = [f"{id_}@{one}" for id_, per in kept.items() for one in names.values_of(per) or ()]
        asked = asked.among([*asked.listed, *at_values])
    if asked.family == "set" and not many:
        at.say("TRL309", f"'{name}' is a set", "write a list: [ … ]")
        return
    for n, one in enumerate(value if many else (value,)):
        here = at / n if many else at
        if many and asked.family != "set" and asked.kind != "any":
            at.say("TRL309", f"'{name}' is {words(asked.kind)}, not a list", "write one value")
            return
        if asked.kind == "boolean" and not isinstance(one, bool):
            here.say("TRL309", f"'{name}' is true or false, never {one}", "write true or false")
        elif asked.kind == "integer" and (isinstance(one, bool) or not isinstance(one, int)):
            here.say("TRL309", f"'{name}' is a whole number, never '{one}'", "write a number without quotes")
        elif names.silent(one):
            continue
        elif asked.listed is not None and isinstance(one, str) and one not in (*asked.listed, "none"):
            here.say("TRL309", f"'{name}' is never '{one}'", meant(one, asked.listed))


# ---------------------------------------------------------------------------------------------------------- readings
def _readings(at: At, given: Mapping[str, Mapping[str, Any]], read: Windows, desk: Desk, scope: str) -> None:
    for name, windows in given.items():
        here = at / name
        full = name if name.startswith(scope) else scope + name
        metric = desk.names.of("metric").get(name.rpartition(".")[2])
        if UNSURE in read and (metric is not None or desk.names.silent(name.rpartition(".")[2])):
            continue
        if metric is None or full not in read:
            _unread(here, name, full, metric, read, scope)
            continue
        asked = desk.names.metric(metric)
        for window, value in windows.items():
            if _window(here / window, full, window, asked, read[full], desk):
                _reading(here / window, name, value, asked)


def _unread(at: At, name: str, full: str, metric: Any, read: Windows, scope: str) -> None:
    possible = {r.removeprefix(scope) for r in read if r.startswith(scope) and "." not in r.removeprefix(scope)}
    possible |= set() if scope else {r for r in read if read[r]}
    if metric is None:
        at.say("TRL301", f"unknown metric '{name}'", meant(name, possible), on="key")
    else:
        at.say("TRL371", f"no condition here reads '{full}'", meant(name, possible - {name}), on="key")


def _window(at: At, name: str, window: str, asked: Asked, read: set[str], desk: Desk) -> bool:
    bare, marked, value = window.partition("@")
    values = asked.per or desk.names.every_value()
    if bare not in read:
        possible = read if asked.per is None else {*read, *(f"{r}@{v}" for r in read for v in values)}
        hint = meant(window, possible) if repaired(window, possible) else f"read are {listed(sorted(read))}"
        at.say("TRL371", f"no condition here reads '{name}' over '{bare}'", hint, on="key")
        return False
    if marked and asked.per is None:
        at.say("TRL308", f"'{name}' is not kept per value", f"write {bare}", on="key")
        return False
    if marked and value not in values:
        hint = meant(window, {f"{bare}@{v}" for v in values})
        at.say("TRL309", f"'{name}' is not kept at '{value}'", hint, on="key")
        return False
    return True


def _reading(at: At, name: str, value: Any, asked: Asked) -> None:
    if asked.kind == "boolean":
        fits = isinstance(value, bool)
    elif asked.kind == "integer":
        fits = isinstance(value, int) and not isinstance(value, bool)
    elif asked.kind == "decimal":
        fits = (isinstance(value, int) and not isinstance(value, bool)) or (
            isinstance(value, str) and value.replace(".", "", 1).lstrip("-").isdigit()
        )
    else:
        fits = isinstance(value, str)
    if not fits:
        at.say("TRL309", f"'{name}' is {words(asked.kind)}, never {value!r}", f"write {words(asked.kind)}")
    elif asked.listed is not None and isinstance(value, str) and value not in asked.listed:
        at.say("TRL309", f"'{name}' is never '{value}'", meant(value, asked.listed))
