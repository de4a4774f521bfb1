"""community/v1: the names of a community, from its roles and lists to its goals and messages."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from rules.spec.conditions import Condition
from rules.spec.fields import FieldSpec, Item
from rules.spec.labels import Label
from rules.spec.node import Node, mistake
from rules.spec.people import Selection, Who
from rules.spec.scalars import Count, Day, Duration, Id, Money, Plain, Positive, Ref, Within, words


class Role(Node):
    """An internal function; people are assigned in the console."""

    id: Id
    title: Label
    capacity: Positive | None = None  # members one person looks after
    cost: Money | None = None  # what one answer about a member is worth, for reports; charged to nothing
    backup: Id | None = None
    handover: Within | None = None


class List_(Node):
    """A named vocabulary."""

    id: Id
    title: Label
    items: Annotated[tuple[Item, ...], Field(min_length=1)]


class Channel(Node):
    """Where things are published outside."""

    id: Id
    title: Label
    kind: Annotated[str, words("app", "social", "forum", "chat", "mail", "webhook")]


class Space(Node):
    """Where things happen inside."""

    id: Id
    title: Label
    seen_by: Who = "everyone"


class Cohorts(Node):
    """A named partition of members."""

    id: Id
    title: Label
    of: Who
    by: Annotated[tuple[Id, ...], Field(min_length=1)]  # attributes, most important first
    size: tuple[Positive, Positive]  # smallest and largest
    host: Ref
    fallback: Label

    @model_validator(mode="after")
    def _size(self) -> Cohorts:
        if self.size[0] > self.size[1]:
            raise mistake("TRL215", f"size [{self.size[0]}, {self.size[1]}] goes from smallest to largest", key="size")
        return self


class Title(Node):
    """What members can hold: roles they play, honours, rights."""

    id: Id
    title: Label
    layer: Id | None = None
    per: Id | None = None
    held_by: Selection | None = None
    while_: Condition | None = Field(None, alias="while")
    granted_by: Who | None = None
    term: Duration | None = None
    renew: Condition | None = None
    seats: Count | None = None

    @model_validator(mode="after")
    def _renew(self) -> Title:
        if self.renew is not None and self.term is None:
            raise mistake(
                "TRL213", "renew is asked at the end of a term, and there is no term", "add term", key="renew"
            )
        return self


class Goal(Node):
    """What the brand wants; tasks name the goal they serve."""

    id: Id
    title: Label
    of: Id | None = None
    reached: Condition
    by: Day
    set_by: Ref


class Message(Node):
    """A text that is sent."""

    id: Id
    tone: Annotated[str, words("club", "plain", "formal", "warm")] = "plain"
    title: Label
    text: Label


class Limits(Node):
    """What one member can be asked to bear at once."""

    runs_per_member: Positive = 5
    notices_per_day: Positive = 5


class Moved(Node):
    """A rename, so that history follows."""

    from_: Ref = Field(alias="from")
    to: Ref


class CommunityDocument(Node):
    """The names of a community."""

    schema_: Literal["community/v1"] = Field(alias="schema")
    id: Id
    title: Label
    zone: Annotated[str, Plain("zone")]
    calendar: Id
    currency: Annotated[str, Plain("currency")]
    limits: Limits = Limits()
    roles: Annotated[tuple[Role, ...], Field(min_length=1)]
    lists: tuple[List_, ...] = ()
    attributes: tuple[FieldSpec, ...] = ()
    channels: tuple[Channel, ...] = ()
    spaces: tuple[Space, ...] = ()
    cohorts: tuple[Cohorts, ...] = ()
    titles: tuple[Title, ...] = ()
    goals: tuple[Goal, ...] = ()
    messages: tuple[Message, ...] = ()
    moved: tuple[Moved, ...] = ()
