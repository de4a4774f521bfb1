"""Effects: what is done without waiting, the same in rules, tiers, stages, transitions and the phase `do`."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from rules.spec.diagnostics import listed, nearest
from rules.spec.labels import Label
from rules.spec.node import Chosen, Context, Node, mistake, said, wrong_shape
from rules.spec.parts import Prizes
from rules.spec.people import Refs, Who
from rules.spec.scalars import Id, IdArg, Key, Plain, Ref, WithinArg, words
from rules.spec.source import Written


class PublishBody(Node):
    what: Who  # run.brief, run.goal, works (perhaps some of them only), message:…
    in_: Refs = Field(alias="in")  # spaces and channels; one record for each
    credits: Ref | None = None  # run.ledger: every contributor named once


class Publish(Node):
    """A publication in each place; costs nothing per member."""

    publish: PublishBody


class NotifyBody(Node):
    to: Who
    what: Ref


class Notify(Node):
    """A notice to each person."""

    notify: NotifyBody


class AwardBody(Node):
    to: Who
    give: Prizes


class Award(Node):
    """Points, gifts, money, titles, benefits, certificates."""

    award: AwardBody


class RevokeBody(Node):
    from_: Who = Field(alias="from")
    title: Id | None = None
    benefit: Id | None = None

    @model_validator(mode="after")
    def _something(self) -> RevokeBody:
        if self.title is None and self.benefit is None:
            raise mistake("TRL213", "revoke takes back nothing", "say title or benefit")
        return self


class Revoke(Node):
    """Takes a title or benefit back."""

    revoke: RevokeBody


class NominateBody(Node):
    who: Who
    tier: IdArg | None = None
    title: IdArg | None = None
    task: IdArg | None = None

    @model_validator(mode="after")
    def _one(self) -> NominateBody:
        said = [k for k in ("tier", "title", "task") if k in self.model_fields_set]
        if len(said) != 1:
            raise mistake("TRL213", "nominate names one of tier, title, task", f"here: {', '.join(said) or 'none'}")
        return self


class Nominate(Node):
    """Onto a candidate list."""

    nominate: NominateBody


class RecordBody(Node):
    fact: Id
    about: Who = "subject"
    with_: dict[Key, Annotated[bool | int | str, Plain("flag", "whole", "text")]] = Field({}, alias="with")


class Record(Node):
    """Records a fact."""

    record: RecordBody


class OpenBody(Node):
    by: Who
    title: Label
    within: WithinArg
    about: Who | None = None
    form: IdArg | None = None


class Open(Node):
    """A work item nobody waits for."""

    open: OpenBody


class AssignBody(Node):
    as_: Annotated[str, words("contact", "host", "tutor")] = Field(alias="as")
    from_: Who = Field(alias="from")
    to: Who = "subject"


class Assign(Node):
    """Gives a contact, host or tutor."""

    assign: AssignBody


class StartBody(Node):
    task: IdArg
    for_: Who | None = Field(None, alias="for")  # one run each; absent: the subject at hand
    with_: dict[Key, Any] = Field({}, alias="with")


class Start(Node):
    """Starts runs nobody waits for."""

    start: StartBody


class ProposeBody(Node):
    from_: Ref = Field(alias="from")  # phase.field of type spec_edits


class Propose(Node):
    """Opens a change of the spec with its plan."""

    propose: ProposeBody


_VERBS = {
    "publish": "Publish", "notify": "Notify", "award": "Award", "revoke": "Revoke", "nominate": "Nominate",
    "record": "Record", "open": "Open", "assign": "Assign", "start": "Start", "propose": "Propose",
}  # fmt: skip
VERBS = tuple(_VERBS)


def pick(value: Any, context: Context | None) -> str:
    """Which effect was written; a misspelt verb is put right."""
    if not isinstance(value, dict):
        raise wrong_shape(value, f"an effect such as notify: {{ to: …, what: … }} (one of {listed(VERBS)})")
    if isinstance(value, Written) and value.excused & set(VERBS):
        raise said()  # a verb with nothing under it: that was said
    known: list[str] = [k for k in value if k in _VERBS]
    if len(value) == 1 and known:
        return known[0]
    if len(known) == 1 and len(value) > 1:
        other = next(k for k in value if k not in _VERBS)
        raise mistake("TRL210", f"'{other}' stands beside '{known[0]}'", f"indent it under {known[0]}:", key=other)
    if len(value) > 1:
        raise mistake(
            "TRL210", f"several effects in one: {listed(value, 5)}", "one effect per list item", key=list(value)[1]
        )
    if not value:
        raise mistake("TRL210", "an empty effect", f"one of {listed(VERBS)}")
    key = next(iter(value))
    meant = nearest(key, VERBS)
    if meant is None:
        raise mistake("TRL210", f"unknown effect '{key}'", f"one of {listed(VERBS)}", key=key)
    if isinstance(value, Written) and context is not None:
        context.problems.at("TRL210", value.key_places[key], f"unknown effect '{key}'", f"did you mean '{meant}'?")
        value.rename(key, meant)
    return meant


Effect = Annotated[
    Publish | Notify | Award | Revoke | Nominate | Record | Open | Assign | Start | Propose,
    Chosen(pick, _VERBS),
]
Effects = Annotated[tuple[Effect, ...], Field(min_length=1)]


def verb_of(effect: Any) -> tuple[str, Any]:
    """The verb of an effect and what is written under it."""
    verb = next(iter(type(effect).model_fields))
    return verb, getattr(effect, verb)
