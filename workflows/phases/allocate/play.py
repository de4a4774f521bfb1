"""Allocate, played: everybody or everything named claims its part; what comes of it is settled by the resource."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from operations.ports.resources import SERVED, WAITING, Claim, Demand
from operations.ports.runs import Act, Entry, Planned
from operations.rehearsal import Crowd
from workflows.phases.allocate.spec import WHAT, Allocate
from workflows.play import Closing, Note, Opening, Progress, Scene, Wants


def wants(phase: Allocate) -> Wants:
    kind = next(one for one in WHAT if getattr(phase, one) is not None)
    book = None if phase.book is None else str(phase.book)
    resource = str(getattr(phase, kind))
    demand = Demand(kind=kind, resource=resource, each=phase.each, book=book, spend=phase.spend)
    return Wants(things=phase.for_, within=phase.within, goods=demand)


def opening(phase: Allocate, scene: Scene) -> Opening:
    if not scene.things:
        return Opening(outcome="short", awaits="there is nobody to be served")
    return Opening(awaits=f"{len(scene.things)} of {_resource(phase)}")


def refusal(phase: Allocate, scene: Scene, act: Act | Entry) -> str | None:
    return "in this phase something scarce is given out; there is nothing to do"


def progress(phase: Allocate, scene: Scene) -> Progress:
    claims = scene.claims
    settled = bool(claims) and all(one.state != WAITING for one in claims)
    return Progress(over=settled and all(one.begins_at is None or one.begins_at <= scene.at for one in claims))


def closing(phase: Allocate, scene: Scene) -> Closing:
    served = [one for one in scene.claims if one.state == SERVED]
    unserved = [one.receiver for one in scene.claims if one.state != SERVED]
    notes = [note for one in served if (note := _note(one, scene)) is not None]
    return Closing(
        outcome="done" if served and not unserved else "short",
        results={"served": [one.receiver for one in served], "unserved": unserved},
        notes=tuple(notes),
    )


def improvise(phase: Allocate, scene: Scene, crowd: Crowd) -> Sequence[Planned]:
    return ()


def _resource(phase: Allocate) -> Any:
    return next(getattr(phase, one) for one in WHAT if getattr(phase, one) is not None)


def _note(claim: Claim, scene: Scene) -> Note | None:
    """What is remembered of it: goods were received; money that stays out was spent."""
    at, key = claim.settled_at or scene.at, f"{claim.visit}/{claim.receiver}"
    if claim.kind != "budget":
        fields = {"resource": claim.resource, "count": claim.amount}
        return Note(kind="received", key=key, at=at, member=claim.member, fields=fields) if claim.member else None
    if not claim.spend or not claim.amount:
        return None
    fields = {"resource": claim.resource, "amount": Fraction(claim.amount, 100), "work": claim.work}
    return Note(kind="spent", key=key, at=at, member=claim.member, fields=fields)
