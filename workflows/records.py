"""Records: what plays conclude, written as facts: typed, named by run and phase, the same at every attempt."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

from operations.errors import Refusal
from operations.follow_ups import follow_ups_in
from operations.forms import problems
from operations.ports.audit import FollowUp
from operations.ports.runs import Act, Work
from operations.proposals import changed
from operations.prospects import WHOM, is_named, meet, whom
from operations.spec_edits import read_edits
from rules.counted import fact_kinds
from rules.fact import Fact
from rules.values import Value, ValueType, fit
from workflows.phases import discover
from workflows.play import ROLE, Note, Scene
from workflows.setting import Setting
from workflows.through import through


def facts_of(setting: Setting, notes: Iterable[Note]) -> list[Fact]:
    """Notes as facts; fields that the kind does not have, and unknown ones, are left out."""
    kinds = fact_kinds(setting.community)
    run = setting.run
    told: dict[str, Value] = {"task": run.task, "mode": run.mode, "phase": setting.phase.id, "run": run.id}
    if setting.mode.for_ == "space" and run.subject is not None:
        told["space"] = run.subject
    if setting.mode.for_ == "cohort" and run.subject is not None:
        told["cohort"] = run.subject
    found = []
    notes = list(notes)
    via = through(setting, notes)
    for note in notes:
        kind = kinds[note.kind]
        fields = dict(told)
        if (whose := via(note)) is not None:
            fields["via"] = whose
        named = (
            whom(setting.house.persons, setting.community, note.fields)
            if is_named(setting.community, note.kind)
            else None
        )
        for name, raw in note.fields.items():
            field = kind.fields.get(name)
            if field is not None and raw is not None and not (field.refers == "member" and str(raw).startswith(ROLE)):
                fields[name] = scaled(raw, field.type, name)
        id_ = f"{run.id}/{setting.phase.id}/{note.kind}/{note.key}"
        found.append(Fact(id_, note.kind, named or note.member, note.at, None, fields))
        if named is not None:
            house, names = setting.house, {id_: str(note.fields[WHOM])}
            meet(house.persons, house.members(setting.community), setting.community, found[-1:], names)
    return found


def tell_at_once(setting: Setting, acts: Iterable[Act]) -> None:
    """Record what is a fact as soon as it is done, of moves that the gate has let through.

    The closing of the phase records the same under the same ids, so that nothing is lost where this was not reached.
    """
    made = getattr(setting.play, "at_once", None)
    if made is None:
        return
    if facts := facts_of(setting, [note for act in acts for note in made(setting.phase, act)]):
        setting.house.facts(setting.community).record(facts)


def forms_of(setting: Setting, scene: Scene, accepted: Iterable[str]) -> Iterator[Note]:
    """The forms of works that count now: what their authors filled in, as facts about the works."""
    for work_id in accepted:
        work = scene.works.get(work_id)
        if work is None or work.state == "accepted":
            continue
        form = getattr(setting.around.phases.get(work.phase), "form", None)
        if form is not None:
            yield _form(form, work)


def _form(form: str, work: Work) -> Note:
    member = None if work.author.startswith(ROLE) else work.author
    return Note(
        kind=form, key=work.id, at=work.at, member=member, fields={**work.fields, "work": work.id, "by": work.author}
    )


def scaled(raw: Any, type_: ValueType, name: str) -> Value:
    """A value in natural units as facts hold it; fractions are rounded half to even at the type's places."""
    if isinstance(raw, Fraction):
        return round(raw * type_.scale)
    if isinstance(raw, str) and type_.kind in ("text", "tier", "member"):
        return raw
    return fit(raw, type_, name)


def fitting(setting: Setting, form: str, fields: dict[str, Any]) -> list[str]:
    """What is wrong with a filled form, a sentence each; none if it is right."""
    edits = {name: field for name, (_, field) in setting.form(form).items() if field.type == "spec_edits"}
    wrong = problems(setting.community, form, fields)
    if setting.phase.kind == "submit" and is_named(setting.community, form) and not fields.get(WHOM):
        wrong.append(f"{WHOM} is missing: whom it is about, by id or as source:account")
    texts = ((name, fields.get(name)) for name in edits)
    return wrong + [
        f"{name}: {why}" for name, text in texts if isinstance(text, str) and (why := _not_an_edit(setting, text))
    ]


def _not_an_edit(setting: Setting, text: str) -> str | None:
    """Why a text does not say edits of the specs as they are now; None if it does."""
    specs, community = setting.house.specs, setting.community.id
    try:
        edits = read_edits(text)
        if edits:
            changed(specs.files(specs.current(community).digest, community), edits, discover())
    except Refusal as refusal:
        return f"{refusal.message} {refusal.hint}".strip()
    return None


def follow_ups_of(setting: Setting, notes: Iterable[Note]) -> list[FollowUp]:
    """The advice and actions that notes hold; whoever answers for the run answers them if nobody is named."""
    run = setting.run
    found: list[FollowUp] = []
    for note in notes:
        declared = setting.community.facts.get(note.kind)
        if declared is None or not any(field.type == "follow_ups" for field in declared.fields):
            continue
        owner = next(iter(setting.people.things(setting.mode.owner)), run.starter or str(setting.mode.owner))
        id_ = f"{run.id}/{setting.phase.id}/{note.kind}/{note.key}"
        by = note.fields.get("by")
        found += follow_ups_in(
            setting.community, note.kind, note.fields, id=id_, owner=owner, at=note.at, by=by, run=run.id
        )
    return found
