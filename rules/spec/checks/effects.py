"""Effects: what is published, given, recorded and started exists, and reaches whom it can reach."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from rules.spec.checks.arguments import start_arguments
from rules.spec.checks.asked import Asked
from rules.spec.checks.at import At, meant, repaired
from rules.spec.checks.people import kind_of, who
from rules.spec.checks.scene import PEOPLE, Scene, refer
from rules.spec.effects import verb_of
from rules.spec.fields import FieldSpec

VIA = "via"
"""The member through whom something came about, which any fact may name."""

_THINGS = PEOPLE | {"run", "work", "team"}


def effects(at: At, written: Any, scene: Scene) -> None:
    """Check a list of effects."""
    for n, effect in enumerate(written or ()):
        verb, body = verb_of(effect)
        _CHECKS[verb](at / n / verb, body, scene)


def known(at: At, kind: str, word: Any, scene: Scene, what: str = "") -> bool:
    """Check that a bare id names something of a kind; whether it does (or is still to be put in)."""
    if not isinstance(word, str) or word.startswith("$"):
        return True
    ids = scene.names.facts() if kind == "any fact" else scene.names.of(kind)
    if word in ids:
        return True
    if scene.names.silent(word):
        return False
    at.unknown("TRL303", what or ("kind of fact" if "fact" in kind else kind), word, ids)
    return False


def within(at: At, written: Any, scene: Scene) -> None:
    """Check the service level that a `within` names."""
    if isinstance(written, str) and written.startswith("sla:"):
        known(at, "sla", written[4:], scene, "service level")


def prizes(at: At, written: Any, scene: Scene) -> None:
    """Check what is given: goods and titles exist, money has a budget and the community's currency."""
    for n, prize in enumerate(written if isinstance(written, tuple) else ()):
        here = at / n
        known(here / "gift", "stock", prize.gift, scene, "stock item")
        known(here / "benefit", "benefit", prize.benefit, scene)
        known(here / "budget", "budget", prize.budget, scene)
        if prize.money is not None and prize.budget is None:
            (here / "money").say(
                "TRL345", "money needs a budget to be charged to", "add budget: the id of one", on="key"
            )
        money(here / "money", prize.money, scene)
        if known(here / "title", "title", prize.title, scene):
            _per_value(here, prize.title, prize.of, scene)


def money(at: At, written: Any, scene: Scene) -> None:
    """Check that an amount is in the community's currency."""
    currency = scene.names.document.currency
    if isinstance(written, str) and not written.startswith("$") and written[-3:] != currency:
        at.say(
            "TRL345", f"'{written}' is not in {currency}", f"all amounts are in the community's currency, {currency}"
        )


def _per_value(at: At, title: Any, of: Any, scene: Scene) -> None:
    """A title kept per value is given for one; others are not."""
    found = scene.names.of("title").get(title) if isinstance(title, str) else None
    if found is None:
        return
    if found.per is None:
        if of is not None:
            (at / "of").say("TRL308", f"title '{title}' is not held per value", "leave out of", on="key")
        return
    values = scene.names.values_of(found.per)
    if of is None:
        (at / "title").say(
            "TRL308", f"title '{title}' is held per value, and none is said", f"add of: one of {found.per}"
        )
    elif not of.startswith("$") and values is not None and of not in values:
        (at / "of").unknown("TRL309", "value", of, values, of=f"list '{found.per}'")


# ------------------------------------------------------------------------------------------------------- one by one
def _publish(at: At, body: Any, scene: Scene) -> None:
    who(at / "what", body.what, scene, {"works", "text", "ledger"})
    who(at / "in", body.in_, scene, {"places"})
    if body.credits is not None:
        refer(at / "credits", body.credits, scene, {"ledger"})


def _notify(at: At, body: Any, scene: Scene) -> None:
    who(at / "to", body.to, scene)
    refer(at / "what", body.what, scene, {"text", "works"})


def _award(at: At, body: Any, scene: Scene) -> None:
    who(at / "to", body.to, scene)
    prizes(at / "give", body.give, scene)


def _revoke(at: At, body: Any, scene: Scene) -> None:
    who(at / "from", body.from_, scene)
    known(at / "title", "title", body.title, scene)
    known(at / "benefit", "benefit", body.benefit, scene)


def _nominate(at: At, body: Any, scene: Scene) -> None:
    who(at / "who", body.who, scene)
    for kind in ("tier", "title", "task"):
        known(at / kind, kind, getattr(body, kind), scene)


def _record(at: At, body: Any, scene: Scene) -> None:
    who(at / "about", body.about, scene, PEOPLE | {"run", "work", "team"})
    if not known(at / "fact", "fact", body.fact, scene):
        return
    fields: dict[str, FieldSpec] = {f.id: f for f in scene.names.of("fact")[body.fact].fields}
    missing = {name for name, spec in fields.items() if not spec.optional and name not in body.with_}
    for name, value in body.with_.items():
        here = at / "with" / name
        if name == VIA and name not in fields and isinstance(value, str):
            refer(here, value, scene, PEOPLE)
        elif name not in fields:
            here.unknown("TRL310", "field", name, [*fields, VIA], of=f"'{body.fact}'", on="key")
            missing -= set(repaired(name, fields))
        elif fields[name].type == "member" and isinstance(value, str):
            refer(here, value, scene, PEOPLE)
        else:
            _field_value(here, value, scene.names.field(fields[name]), fields[name])
    for name in sorted(missing):
        place = at / "with" if "with_" in body.model_fields_set else at / "fact"
        place.say("TRL311", f"'{body.fact}' needs its field '{name}'", f"add {name} under with", on="key")


def _field_value(at: At, value: Any, asked: Asked, spec: FieldSpec) -> None:
    if isinstance(value, str) and (value.startswith("$") or "." in value):
        return
    right = {"boolean": bool, "integer": int}.get(spec.type, str)
    if not isinstance(value, right) or (isinstance(value, bool) and right is not bool):
        at.say(
            "TRL309",
            f"field '{spec.id}' is {spec.type}, never {value!r}".replace("True", "true").replace("False", "false"),
        )
    elif asked.listed is not None and value not in asked.listed:
        at.say("TRL309", f"field '{spec.id}' is never '{value}'", meant(str(value), asked.listed))


def _open(at: At, body: Any, scene: Scene) -> None:
    who(at / "by", body.by, scene)
    within(at / "within", body.within, scene)
    known(at / "form", "fact", body.form, scene, "form")
    who(at / "about", body.about, scene, _THINGS)


def _assign(at: At, body: Any, scene: Scene) -> None:
    who(at / "from", body.from_, scene)
    if "to" in body.model_fields_set or scene.subject == "community":
        who(at / "to", body.to, scene)


def _start(at: At, body: Any, scene: Scene) -> None:
    if body.for_ is not None:
        who(at / "for", body.for_, scene, _THINGS)
    if not known(at / "task", "task", body.task, scene):
        return
    subject = scene.subject if body.for_ is None else one_of(kind_of(body.for_, scene))
    start_arguments(at, body.task, body.with_, subject, scene)


def one_of(kind: str) -> str:
    """What one of what a who names is to a task that is started for it."""
    return {"people": "member", "works": "work", "teams": "team"}.get(kind, "any")


def _propose(at: At, body: Any, scene: Scene) -> None:
    refer(at / "from", body.from_, scene, {"spec_edits"})


_CHECKS: Final[dict[str, Callable[[At, Any, Scene], None]]] = {
    "publish": _publish, "notify": _notify, "award": _award, "revoke": _revoke, "nominate": _nominate,
    "record": _record, "open": _open, "assign": _assign, "start": _start, "propose": _propose,
}  # fmt: skip
