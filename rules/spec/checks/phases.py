"""Phases: whatever a phase names exists at that point, is of the right kind, and adds up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from rules.spec.checks.arguments import start_arguments
from rules.spec.checks.asked import Asked
from rules.spec.checks.at import At, meant
from rules.spec.checks.conditions import condition, name, order
from rules.spec.checks.effects import effects, known, money, one_of, within
from rules.spec.checks.flow import twice
from rules.spec.checks.people import about, kind_of, who
from rules.spec.checks.scene import PEOPLE, Scene, Wrong, refer
from rules.spec.parts import FromField
from rules.spec.phase import PhaseSpec
from rules.spec.vocabulary import RESERVED


class Answer(str):
    """The type of a field of a form, and what may be asked of it."""

    asked: Asked

    def __new__(cls, type_: str, asked: Asked) -> Answer:
        told = super().__new__(cls, type_)
        told.asked = asked
        return told


class Around:
    """What a phase asks about its surroundings, to tell the types of its results."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def type_of(self, ref: str) -> str:
        """What a reference is at this point; `any` where it cannot be told."""
        found = self._scene.names_of(ref)
        return "any" if isinstance(found, Wrong) else found

    def fields_of(self, form: str) -> Mapping[str, str]:
        """The fields of a form and their types; of a form still to be put in, whatever is asked."""
        if form.startswith("$"):
            return {"*": "any"}
        found = self._scene.names.of("fact").get(form)
        return {f.id: Answer(f.type, self._scene.names.field(f)) for f in found.fields} if found is not None else {}


def phase(at: At, spec: PhaseSpec, scene: Scene) -> None:
    """Check everything that a phase names, key by key: the key says what kind of thing is named."""
    condition(at / "only_if", spec.only_if, scene)
    for attribute, field in type(spec).model_fields.items():
        check = _KEYS.get(field.alias or attribute)
        value = getattr(spec, attribute)
        if check is not None and value is not None and attribute in spec.model_fields_set:
            check(at / (field.alias or attribute), value, spec, scene)


def rubric(at: At, written: Any, spec: PhaseSpec, scene: Scene) -> None:
    """Check criteria: their weights make 100, and metrics among them are about works or their teams."""
    if not isinstance(written, tuple):
        return
    twice_named(at, written, "criterion")
    weights = sum(c.weight for c in written)
    if weights != 100:
        at.say("TRL340", f"the weights make {weights}, not 100", " + ".join(str(c.weight) for c in written))
    for n, criterion in enumerate(written):
        if criterion.metric is not None:
            name(at / n / "metric", criterion.metric, scene.looking_at("work"))


def slots(at: At, written: Any, spec: PhaseSpec, scene: Scene) -> None:
    """Check slots: shares make 100, names are free, pools and conditions can be read."""
    if not isinstance(written, tuple):
        return
    twice_named(at, written, "slot")
    shares = [s.share for s in written if s.share is not None]
    if shares and sum(shares) != 100:
        at.say("TRL340", f"the shares make {sum(shares)}, not 100", " + ".join(map(str, shares)))
    taken = {*spec.results(Around(scene)), *RESERVED} - {s.id for s in written} | _FIXED
    member = scene.looking_at("member")
    for n, slot in enumerate(written):
        here = at / n
        if slot.id in taken:
            (here / "id").say(
                "TRL331", f"'{slot.id}' means something else as a result of this phase", "choose another id"
            )
        who(here / "from", slot.from_, scene)
        condition(here / "where", slot.where, member)
        condition(here / "keep", slot.keep, member)


_FIXED: Final = {"teams", "members", "waiting", "slots", "holder"}


def twice_named(at: At, things: tuple[Any, ...], what: str) -> None:
    """Say which ids in a list are there twice."""
    seen: set[str] = set()
    for n, thing in enumerate(things):
        if thing.id in seen:
            (at / n / "id").say("TRL312", f"{what} '{thing.id}' is there twice", "ids are unique here")
        seen.add(thing.id)


# --------------------------------------------------------------------------------------------------- key by key
def _people(at: At, value: Any, spec: PhaseSpec, scene: Scene) -> None:
    who(at, value, scene)


def _for(at: At, value: Any, spec: PhaseSpec, scene: Scene) -> None:
    who(at, value, scene, PEOPLE | {"run", "work", "team"})


def _of(at: At, value: Any, spec: PhaseSpec, scene: Scene) -> None:
    who(at, value, scene, spec.takes)


def _works(at: At, value: Any, spec: PhaseSpec, scene: Scene) -> None:
    who(at, value, scene, {"works"})


def _into(at: At, value: Any, spec: PhaseSpec, scene: Scene) -> None:
    who(at, value, scene, {"slots"})


def _named(kind: str, what: str = "") -> Callable[[At, Any, PhaseSpec, Scene], None]:
    def check(at: At, value: Any, spec: PhaseSpec, scene: Scene) -> None:
        known(at, kind, value, scene, what)

    return check


def _within(at: At, value: Any, spec: PhaseSpec, scene: Scene) -> None:
    within(at, value, scene)


def _scope(at: At, value: Any, spec: PhaseSpec, scene: Scene) -> None:
    forms = [form for form in scene.names.of("fact").values() if form.about == "work"]
    fields = {field.id for form in forms for field in form.fields}
    for field, ref in value.items():
        if field not in fields:
            (at / field).unknown("TRL301", "field of a work", field, fields, on="key")
        refer(at / field, ref, scene, {"text"})


def _redo(at: At, value: Any, spec: PhaseSpec, scene: Scene) -> None:
    within(at / "within", value.within, scene)


def _order(at: At, value: Any, spec: PhaseSpec, scene: Scene) -> None:
    ranked = kind_of(getattr(spec, "of", None), scene) if getattr(spec, "of", None) is not None else "people"
    order(at, value, scene.looking_at(about(ranked)))


def _traits(at: At, value: Any, spec: PhaseSpec, scene: Scene) -> None:
    for trait in value if isinstance(value, Mapping) else ():
        if trait not in scene.names.member:
            (at / trait).unknown("TRL301", "attribute", trait, scene.names.member, on="key")


def _metrics(at: At, value: Any, spec: PhaseSpec, scene: Scene) -> None:
    for n, metric in enumerate(value if isinstance(value, tuple) else ()):
        bare = metric.rpartition(".")[2]
        if bare not in scene.names.of("metric"):
            (at / n).unknown("TRL301", "metric", bare, scene.names.of("metric"))


def _split_by(at: At, value: Any, spec: PhaseSpec, scene: Scene) -> None:
    for n, by in enumerate(value):
        head, dot, _ = by.partition(".")
        looked_at = "member" if not dot or head == "author" else "work"
        if not dot and any(getattr(m, "by", None) == by for m in scene.names.of("metric").values()):
            continue
        name(at / n, by, scene.looking_at(looked_at))


def _choices(at: At, value: Any, spec: PhaseSpec, scene: Scene) -> None:
    if isinstance(value, tuple):
        twice(at, [c if isinstance(c, str) else c.id for c in value], "choice")


def _each(at: At, value: Any, spec: PhaseSpec, scene: Scene) -> None:
    money(at, value if isinstance(value, str) and " " in value else None, scene)
    if isinstance(value, FromField):
        forms = [f for f in scene.names.of("fact").values() if f.about == "work"]
        amounts = {f.id for form in forms for f in form.fields if f.type in ("money", "integer", "decimal")}
        if value.field not in amounts:
            (at / "field").say("TRL310", f"no work has an amount '{value.field}'", meant(value.field, amounts))


def _must(at: At, value: Any, spec: PhaseSpec, scene: Scene) -> None:
    for n, ref in enumerate(value):
        who(at / n, ref, scene)


def _until(at: At, value: Any, spec: PhaseSpec, scene: Scene) -> None:
    condition(at, value, scene)


def _effects(at: At, value: Any, spec: PhaseSpec, scene: Scene) -> None:
    effects(at, value, scene)


def _tasks(at: At, value: Any, spec: PhaseSpec, scene: Scene) -> None:
    for n, task in enumerate(value if isinstance(value, tuple) else ()):
        if known(at / n, "task", task, scene):
            whom: Any = getattr(spec, "for_", None)
            subject = scene.subject if whom is None else one_of(kind_of(whom, scene))
            start_arguments(at.out(), task, getattr(spec, "with_", {}), subject, scene, on=n)


_KEYS: Final[dict[str, Callable[[At, Any, PhaseSpec, Scene], None]]] = {
    "by": _people, "never": _people, "who": _people, "host": _people, "from": _people, "to": _people,
    "scope": _scope, "for": _for, "of": _of, "agenda": _works, "into": _into, "must": _must,
    "form": _named("fact", "form"), "message": _named("message"), "budget": _named("budget"),
    "stock": _named("stock"), "fleet": _named("fleet"), "benefit": _named("benefit"),
    "reset_by": _named("any fact"), "never_together": _named("any fact"),
    "within": _within, "redo": _redo, "order": _order, "ties": _order,
    "rubric": rubric, "slots": slots, "traits": _traits, "metrics": _metrics, "split_by": _split_by,
    "choices": _choices, "each": _each, "until": _until, "effects": _effects, "tasks": _tasks,
}  # fmt: skip
"""What each key of a phase names, whatever its kind: a new kind that uses these keys is checked without a word."""
