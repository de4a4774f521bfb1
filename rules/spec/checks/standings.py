"""Standings: ladders, stages and rules. Conditions can be read, moves can be made, stages can be reached."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rules.spec.checks.at import At, repaired
from rules.spec.checks.conditions import condition, order
from rules.spec.checks.effects import effects, known, within
from rules.spec.checks.names import Names
from rules.spec.checks.people import who
from rules.spec.checks.scene import PEOPLE, Scene, refer
from rules.spec.documents.lifecycle import Lifecycle
from rules.spec.documents.rules import Rule, Rules
from rules.spec.documents.tiers import Tier, Tiers, Touch
from rules.spec.source import walk

_TOUCHED = {"grouped": "cohort", "dedicated": "member", "networked": "community"}


def ladder(at: At, written: Tiers, names: Names) -> None:
    """Check a ladder and its tiers."""
    scene = Scene(names, apart=True)
    if written.per is not None:
        known(at / "per", "list", written.per, scene)
    condition(at / "exempt", written.exempt, scene)
    own = [t.id for t in written.tiers]
    for n, floor in enumerate(written.floors):
        here = at / "floors" / n
        condition(here / "when", floor.when, scene)
        if floor.tier not in own and not names.silent(floor.tier):
            (here / "tier").unknown("TRL303", "tier", floor.tier, own)
    for n, tier in enumerate(written.tiers):
        _tier(at / "tiers" / n, tier, own, scene)


def _tier(at: At, tier: Tier, own: list[str], scene: Scene) -> None:
    condition(at / "earn", tier.earn, scene)
    condition(at / "keep", tier.keep, scene)
    order(at / "order", tier.order, scene)
    _move(at, tier, scene)
    for n, mode in enumerate(tier.may_enter):
        known(at / "may_enter" / n, "mode", mode, scene)
    for n, benefit in enumerate(tier.perks):
        known(at / "perks" / n, "benefit", benefit, scene)
    if tier.falls_to is not None and not scene.names.silent(tier.falls_to):
        if tier.falls_to not in own:
            (at / "falls_to").unknown("TRL303", "tier", tier.falls_to, own)
        elif own.index(tier.falls_to) >= own.index(tier.id):
            (at / "falls_to").say("TRL344", f"'{tier.falls_to}' is not below '{tier.id}'", "tiers stand lowest first")
    effects(at / "then", tier.then, scene)
    effects(at / "after", tier.after, scene)
    if tier.touch is not None:
        _touch(at / "touch", tier.touch, scene)


def _touch(at: At, touch: Touch, scene: Scene) -> None:
    wanted = _TOUCHED.get(touch.kind)
    if wanted is None:
        return
    if touch.task is None:
        (at / "kind").say("TRL347", f"touch {touch.kind} needs a task", f"add task: one whose mode is for a {wanted}")
    elif known(at / "task", "task", touch.task, scene):
        mode = scene.names.mode_of(touch.task)
        if mode is not None and mode.for_ != wanted:
            message = f"touch {touch.kind} needs a task for one {wanted}, '{touch.task}' is for one {mode.for_}"
            (at / "task").say("TRL347", message, f"choose a task whose mode says for: {wanted}")
    if touch.kind == "grouped":
        if touch.cohorts is None:
            (at / "kind").say("TRL347", "touch grouped needs a partition", "add cohorts: the id of one")
        else:
            known(at / "cohorts", "cohort", touch.cohorts, scene, "partition")


def _move(at: At, move: Any, scene: Scene) -> None:
    """Check what delays or gates a move: approval and invitation."""
    if move.approval is not None:
        here = at / "approval"
        who(here / "by", move.approval.by, scene)
        if move.approval.never is not None:
            who(here / "never", move.approval.never, scene)
        within(here / "within", move.approval.within, scene)
    if move.invitation is not None:
        here = at / "invitation"
        known(here / "message", "message", move.invitation.message, scene)
        if move.invitation.from_ is not None:
            refer(here / "from", move.invitation.from_, scene, PEOPLE)
        within(here / "within", move.invitation.within, scene)


# --------------------------------------------------------------------------------------------------------- lifecycle
def lifecycle(at: At, written: Lifecycle, names: Names) -> None:
    """Check stages and the ways between them: every stage can be reached."""
    scene = Scene(names, apart=True)
    stages = [s.id for s in written.stages]
    for n, stage in enumerate(written.stages):
        effects(at / "stages" / n / "then", stage.then, scene)
        effects(at / "stages" / n / "after", stage.after, scene)
    for n, transition in enumerate(written.transitions):
        here = at / "transitions" / n
        if transition.id in [t.id for t in written.transitions[:n]]:
            (here / "id").say("TRL312", f"transition '{transition.id}' is there twice", "ids are unique here")
        for m, stage_id in enumerate(transition.from_):
            if stage_id not in (*stages, "none") and not names.silent(stage_id):
                (here / "from" / m).unknown("TRL303", "stage", stage_id, [*stages, "none"])
        if transition.to not in stages and not names.silent(transition.to):
            (here / "to").unknown("TRL303", "stage", transition.to, stages)
        condition(here / "when", transition.when, scene)
        _move(here, transition, scene)
        effects(here / "then", transition.then, scene)
    for stage_id in [] if names.lost else _unreached(written, stages):
        n = stages.index(stage_id)
        (at / "stages" / n / "id").say(
            "TRL346", f"no transition leads to stage '{stage_id}'", "add one, or remove the stage"
        )


def _unreached(written: Lifecycle, stages: list[str]) -> list[str]:
    known_words = [*stages, "none"]
    ways = [
        ({m for f in t.from_ for m in repaired(f, known_words)}, set(repaired(t.to, stages)))
        for t in written.transitions
    ]
    reached, grown = {"none"}, True
    while grown:
        new = {to for froms, tos in ways if froms & reached for to in tos} - reached
        reached |= new
        grown = bool(new)
    return [s for s in stages if s not in reached]


# ------------------------------------------------------------------------------------------------------------- rules
def rules(at: At, written: Rules, names: Names) -> None:
    """Check rules."""
    for n, rule in enumerate(written.rules):
        _rule(at / "rules" / n, rule, names)


def _rule(at: At, rule: Rule, names: Names) -> None:
    values = None
    plain = Scene(names)
    if rule.per is not None:
        values = (names.values_of(rule.per) or ()) if known(at / "per", "list", rule.per, plain) else ()
    scene = Scene(names, about=rule.of, subject=rule.of, values=values, apart=rule.of != "run")
    condition(at / "when", rule.when, scene)
    effects(at / "then", rule.then, scene)
    for path, word in _dollars(at):
        if word != "$value":
            at.along(path).say(
                "TRL313", f"unknown parameter '{word}'", "a rule knows only $value, the value of its per"
            )
        elif rule.per is None:
            at.along(path).say("TRL313", "'$value' needs per", "add per: the id of a list")


def _dollars(at: At) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for path, node in walk(at.source.at(at.path)):
        if isinstance(node, str) and node.startswith("$"):
            yield path, node
