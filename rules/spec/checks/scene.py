"""Scene: what can be named at one point of a community, such as who the subject is and which results are there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from rules.spec.checks.asked import ANY, INTEGER, TEXT, Asked
from rules.spec.checks.at import At, meant
from rules.spec.checks.names import Names
from rules.spec.fields import Parameter
from rules.spec.phase import every_phase
from rules.spec.vocabulary import RELATIONS, SUBJECT_ATTRIBUTES
from rules.spec.vocabulary import RUN_REFERENCES as RUN

OTHERS: Final = {
    kind: dict(own) | ({"space": "space"} if kind == "space" else {}) for kind, own in SUBJECT_ATTRIBUTES.items()
}
PEOPLE = frozenset({"people", "works", "teams"})  # works stand for their authors, teams for their members
_RUNLESS = "a run is named in a mode, in the arguments of a task, and in a rule that says of: run"
_REFERS = {
    "tier": "people", "stage": "people", "role": "people", "title": "people", "cohort": "people",
    "space": "places", "channel": "places", "message": "text",
}  # fmt: skip
_NAMED = {"member": "people", "work": "works", "team": "teams"}  # what a field of a form names
_SAID = {"people": "people", "works": "works", "teams": "teams", "places": "places", "text": "a text", "slots": "slots"}


class Wrong(NamedTuple):
    """Why a name cannot be read here."""

    code: str
    message: str
    hint: str


@dataclass(frozen=True)
class Scene:
    """Everything that can be named at one point.

    Args:
        about: what conditions look at here: `member`, `work`, …, or `fact` in the `where` of a metric.
        subject: what `subject` is here; `community` when a run or rule has none.
        fields: what can be read of a fact.
        results: of the phases so far: phase → result → type.
        later: ids of all phases of the mode, for the one who asks too early.
        parameters: of the mode.
        values: what `$value` can be; None where there is none.
        in_run: conditions here are asked by a run, and may read `run.` of it.
        apart: nothing here belongs to a run, as in ladders and in rules about something else.
    """

    names: Names
    about: str = "member"
    subject: str = "member"
    fields: Mapping[str, Asked] = field(default_factory=dict)
    results: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    later: frozenset[str] = frozenset()
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    values: tuple[str, ...] | None = None
    in_run: bool = False
    apart: bool = False

    def looking_at(self, about: str) -> Scene:
        """The same point, with conditions about something else."""
        return replace(self, about=about, in_run=False)

    # ------------------------------------------------------------------------------------------ names in conditions
    def reads(self, name: str) -> Asked | Wrong:
        """What a name in a condition is, or why it cannot be read here."""
        head, dot, tail = name.partition(".")
        if self.names.lost & {name, tail}:
            return ANY
        if self.about == "fact":
            return self._of_fact(name, head, tail)
        if not dot:
            return self._bare(name)
        if head == "community":
            metric = self.names.of("metric").get(tail)
            return self.names.metric(metric) if metric is not None else self._unknown("metric", tail, head)
        if head == "author":
            found = self._of_member(tail)
            return found if found is not None else self._unknown("metric or attribute", tail, head)
        if head in OTHERS:
            told = self._of(head, tail)
            return told if told is not None else self._unknown(f"metric or attribute of a {head}", tail, head)
        if head in self.results:
            return self._result(head, tail)
        if head in self.later:
            return Wrong("TRL304", f"phase '{head}' comes later; it has no results yet", self._phases())
        if head == "subject":
            return Wrong(
                "TRL301", f"'{name}' is no metric or attribute", f"what is read of the subject is written bare: {tail}"
            )
        return Wrong("TRL301", f"unknown metric or attribute '{name}'", meant(name, self.readable()))

    def readable(self) -> set[str]:
        """Every name that a condition may read here."""
        names = self.names
        out: set[str] = set()
        if self.about == "fact":
            out |= set(self.fields)
            for head, asked in self.fields.items():
                if asked.kind == "member":
                    out |= {f"{head}.{a}" for a in names.member}
            return out
        out |= {m.id for m in names.of("metric").values() if self._fits(names.about(m))}
        out |= set(names.member) if self.about in ("member", "any") else set()
        out |= set(OTHERS.get(self.about, ()))
        for head in ("community", "author", *OTHERS):
            out |= {f"{head}.{tail}" for tail in self.under(head)}
        out |= {f"{phase}.{result}" for phase, results in self.results.items() for result in results if result != "*"}
        return out

    def under(self, head: str) -> set[str]:
        """Every name that may follow `head.` in a condition."""
        metrics = self.names.of("metric")
        if head == "community":
            return set(metrics)
        if head == "author":
            return {*self.names.member, *(m.id for m in metrics.values() if self.names.about(m) in ("member", None))}
        own = {m.id for m in metrics.values() if self.names.about(m) in (head, None)}
        return own | set(OTHERS[head]) | set(self._more(head))

    def _bare(self, name: str) -> Asked | Wrong:
        metric = self.names.of("metric").get(name)
        if metric is not None:
            about = self.names.about(metric)
            if self._fits(about):
                return self.names.metric(metric)
            return Wrong(
                "TRL302",
                f"metric '{name}' is about a {about}, here one {self.about} is looked at",
                self._instead(about, name),
            )
        if self.about in ("member", "any") and name in self.names.member:
            return self.names.member[name]
        if name in OTHERS.get(self.about, {}):
            return self.names.typed(OTHERS[self.about][name])
        if self.about == "any":
            return ANY if any(name in own for own in OTHERS.values()) else self._unknown("metric or attribute", name)
        if name in self.names.member:
            return Wrong(
                "TRL302", f"'{name}' is an attribute of a member, here one {self.about} is looked at",
                f"write author.{name}" if self.about == "work" else "",
            )  # fmt: skip
        return self._unknown("metric or attribute", name)

    def at_hand(self, name: str) -> Wrong | None:
        """Why nothing could ever be known of what a condition names here: there is no such thing; None if there is."""
        head, dot, _ = name.partition(".")
        if not dot or self.about in ("any", "fact", head) or head not in (*OTHERS, "author") or head == "community":
            return None
        if (head == "author" and self.about == "work") or (head == "run" and self.in_run):
            return None
        return Wrong("TRL302", f"'{name}' reads of {_a(head)}, and here there is none", self._hands())

    def _hands(self) -> str:
        said = "the whole community" if self.about == "community" else f"one {self.about}"
        return f"{said} is looked at{', by a run: run. may be read' if self.in_run else ''}"

    def _instead(self, about: str | None, name: str) -> str:
        """What to write instead of a metric about something else."""
        if self.about == "community":
            own = f"run.{name} of the run, " if about == "run" and self.in_run else ""
            return f"write {own}community.{name} of all together"
        if about in OTHERS:
            return f"write {about}.{name}" if about == "community" else f"write {about}.{name} where there is one"
        return f"write author.{name} for whoever made it"

    def _of_fact(self, name: str, head: str, tail: str) -> Asked | Wrong:
        if head not in self.fields:
            return self._unknown("field of these facts", name)
        if not tail:
            return self.fields[head]
        if self.fields[head].kind not in ("member", "any"):
            return Wrong(
                "TRL302",
                f"'{head}' is {self.fields[head].kind}, not a member",
                "one step through a field of type member",
            )
        if tail in self.names.member:
            return self.names.member[tail]
        return self._unknown("attribute of a member", tail, head)

    def _of_member(self, name: str) -> Asked | None:
        metric = self.names.of("metric").get(name)
        return self.names.metric(metric) if metric is not None else self.names.member.get(name)

    def _of(self, head: str, tail: str) -> Asked | Wrong | None:
        if head == "run" and tail in self.parameters:
            return self.names.field(self.parameters[tail])
        if tail in OTHERS[head]:
            return self.names.typed(OTHERS[head][tail])
        metric = self.names.of("metric").get(tail)
        if metric is not None:
            about = self.names.about(metric)
            if about in (None, head):
                return self.names.metric(metric)
            return Wrong(
                "TRL302", f"metric '{tail}' is about a {about}, not about a {head}", self._instead(about, tail)
            )
        return self._more(head).get(tail)

    def _more(self, head: str) -> dict[str, Asked]:
        """What else `head.` may read: fields of forms, slots of teams, what cohorts share, arguments of runs."""
        out: dict[str, Asked] = {}
        for form in self.names.of("fact").values():
            if form.about == head:
                out |= {f.id: self.names.field(f) for f in form.fields}
        if head == "team":
            for mode in self.names.modes():
                for _, phase in every_phase(mode.phases):
                    slots = getattr(phase, "slots", None)
                    if isinstance(slots, tuple):
                        out |= {slot.id: Asked("member") for slot in slots}
        if head == "cohort":
            shared = {name for partition in self.names.of("cohort").values() for name in partition.by}
            own = {name: self.names.member[name] for name in shared if name in self.names.member}
            out |= {name: Asked("text", a.listed) if a.family in ("set", "text") else TEXT for name, a in own.items()}
        if head == "run":
            out |= {p.id: self.names.field(p) for p in self.parameters.values()}
            if not self.parameters:
                for mode in self.names.modes():
                    out |= {p.id: ANY for p in mode.parameters}
        return out

    def _result(self, phase: str, result: str) -> Asked | Wrong:
        results = self.results[phase]
        kind = results.get(result, results.get("*"))
        if kind is None:
            return Wrong("TRL304", f"phase '{phase}' has no result '{result}'", _whole(phase, result, results))
        if kind in PEOPLE or kind == "slots":
            return INTEGER
        asked = getattr(kind, "asked", None)  # of a field of a form
        return asked if isinstance(asked, Asked) else Asked(kind, windowed=False)

    def _fits(self, about: str | None) -> bool:
        return about is None or self.about in (about, "any")

    def _unknown(self, what: str, word: str, head: str = "") -> Wrong:
        if not head:
            return Wrong("TRL301", f"unknown {what} '{word}'", meant(word, self.readable()))
        full = f"{head}.{word}"
        return Wrong(
            "TRL301", f"unknown {what} '{full}'", meant(full, {f"{head}.{tail}" for tail in self._after(head)})
        )

    def _after(self, head: str) -> Iterable[str]:
        return self.names.member if self.about == "fact" else self.under(head)

    def _phases(self) -> str:
        return f"phases before it: {', '.join(self.results) or 'none'}"

    # ---------------------------------------------------------------------------------------------------- references
    def names_of(self, ref: str) -> str | Wrong:
        """The type of what a reference names: people, works, teams, places, text, …; `any` for an argument."""
        if ref.startswith("$"):
            return "any"
        if ref in ("everyone", "none"):
            return "people"
        if ":" in ref:
            kind, _, word = ref.partition(":")
            known = self.names.of(kind)
            if word not in known and self.names.silent(word):
                return "any"
            if word not in known:
                return Wrong("TRL303", f"unknown {kind} '{word}'", meant(word, known))
            return _REFERS.get(kind, kind)
        head, dot, tail = ref.partition(".")
        if head == "subject":
            return self._relation(tail)
        if head == "author" and not dot:
            return "people"
        if head == "run" and self.apart:
            return Wrong("TRL303", f"'{ref}' names nothing: there is no run here", _RUNLESS)
        if head in ("run", "work", "team") and not dot:
            return head
        if head == "run":
            return RUN.get(tail) or Wrong("TRL303", f"a run has no '{tail}'", _whole("run", tail, RUN))
        if head in self.results:
            results = self.results[head]
            if not dot:
                return Wrong(
                    "TRL304",
                    f"say which result of '{head}'",
                    f"it has {', '.join(f'{head}.{r}' for r in results) or 'none'}",
                )
            if tail not in results and "*" not in results:
                return Wrong("TRL304", f"phase '{head}' has no result '{tail}'", _whole(head, tail, results))
            found = results[tail if tail in results else "*"]
            return _NAMED.get(found, found)
        if head in self.later:
            return Wrong("TRL304", f"phase '{head}' comes later; it has no results yet", self._phases())
        return Wrong("TRL303", f"'{ref}' names nothing here", self._refs(ref, head, dot))

    def _relation(self, relation: str) -> str | Wrong:
        if self.subject == "community":
            return Wrong(
                "TRL303",
                "'subject' in something that is about the whole community",
                "name the people, such as tier:core",
            )
        known = RELATIONS.get(self.subject, ())
        if relation and relation not in known:
            return Wrong("TRL303", f"a {self.subject} has no '{relation}'", _whole("subject", relation, known))
        return "people"

    def _refs(self, ref: str, head: str, dot: str) -> str:
        if dot:
            tail = ref.partition(".")[2]
            return meant(ref, {f"{known}.{tail}" for known in {*self.results, "run", "subject"}})
        kinds = [kind for kind in _REFERS if ref in self.names.of(kind)]
        if kinds:
            return f"did you mean '{kinds[0]}:{ref}'?"
        return meant(ref, {"everyone", "subject", "author", "none", "run", "work", "team"})


def _a(head: str) -> str:
    return f"an {head}" if head == "author" else f"a {head}"


def _whole(head: str, tail: str, known: Iterable[str]) -> str:
    """The hint for what follows a point, written whole."""
    return meant(f"{head}.{tail}", {f"{head}.{k}" for k in known if k != "*"})


def refer(at: At, ref: str, scene: Scene, want: Iterable[str]) -> str:
    """Check a reference; the type of what it names, or "" after saying what is wrong."""
    found = scene.names_of(ref)
    if isinstance(found, Wrong):
        at.say(found.code, found.message, found.hint)
        return ""
    if found not in ("any", *want):
        wanted = " or ".join(_SAID.get(w, w.replace("_", " ")) for w in sorted(want))
        at.say("TRL305", f"'{ref}' is {_SAID.get(found, found.replace('_', ' '))}, here {wanted} is expected")
        return ""
    return found
