"""What a new phase kind begins with: people are asked to confirm something, and enough of them do or do not."""

FILES = {
    "__init__.py": '''\
"""{Title}: say in one line what a mode can wait for with this."""
''',
    "spec.py": '''\
"""The spec of {name}: what a mode may say."""

from __future__ import annotations

from typing import Literal

from rules.spec.people import Who
from rules.spec.phase import PhaseSpec, Surroundings
from rules.spec.scalars import PositiveShareArg, WithinArg


class {Class}(PhaseSpec):
    """People confirm something."""

    kind: Literal["{name}"]
    by: Who
    needs: PositiveShareArg = 1  # confirmations for `done`: a number, or a share of those asked
    within: WithinArg

    def results(self, around: Surroundings) -> dict[str, str]:
        return {{"confirmed": "people", "silent": "people"}}
''',
    "play.py": '''\
"""{Title}, played: it is over as soon as enough people have confirmed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from operations.ports.runs import Act, Entry, Planned
from operations.rehearsal import Crowd
from workflows.phases.{name}.spec import {Class}
from workflows.play import (
    Cast,
    Closing,
    Note,
    Opening,
    Progress,
    Request,
    Scene,
    Wants,
    enough,
    not_asked,
    people_in,
    several,
)

CONFIRMED = "confirmed"


def wants(phase: {Class}) -> Wants:
    return Wants(asked=phase.by, within=phase.within)


def opening(phase: {Class}, scene: Scene) -> Opening:
    if not scene.asked:
        return Opening(outcome="short", awaits="nobody can be asked")
    return Opening(requests=(Request(asked=scene.asked, choices=(CONFIRMED,)),), awaits="confirmations")


def refusal(phase: {Class}, scene: Scene, act: Act | Entry) -> str | None:
    if isinstance(act, Entry) or act.verb != "answer":
        return "in this phase something is confirmed, nothing else"
    if act.choice != CONFIRMED:
        return f"the only answer is {{CONFIRMED}}"
    return not_asked(scene, act)


def progress(phase: {Class}, scene: Scene) -> Progress:
    return Progress(over=_is_enough(phase, scene))


def closing(phase: {Class}, scene: Scene) -> Closing:
    people = list(dict.fromkeys(act.by for act in scene.in_order if act.role is None))
    answered = {{act.by for act in scene.acts}} | {{act.role for act in scene.acts}}
    silent = [who for who in people_in(scene.asked) if who not in answered]
    first = {{(act.role, act.by): act for act in reversed(scene.in_order)}}
    said = [_said_yes(scene, act) for act in scene.in_order if first[act.role, act.by] is act]
    missed = [Note(kind="missed", key=f"{{scene.visit}}/{{who}}", at=scene.at, member=who) for who in silent]
    return Closing(
        outcome="done" if _is_enough(phase, scene) else "short",
        results={{"confirmed": people, "silent": silent}},
        notes=(*said, *missed),
        parts=dict.fromkeys(people, "confirmer"),
    )


def towards(phase: {Class}, scene: Scene, outcome: str, cast: Cast) -> Sequence[Planned]:
    """As many confirm as it takes; for `short` nobody does."""
    if outcome != "done":
        return ()
    missing = [who for who in several(scene.asked, enough(phase.needs, len(scene.asked))) if who not in _said(scene)]
    return [_planned(n, cast.moment(n), who) for n, who in enumerate(missing)]


def improvise(phase: {Class}, scene: Scene, crowd: Crowd) -> Sequence[Planned]:
    acts = []
    for who in scene.asked:
        if crowd.percent("confirms", who) < 80:
            at = crowd.moment(scene.opened_at, scene.deadline or scene.opened_at, "confirms", who)
            acts.append((at, who))
    return [_planned(n, at, who) for n, (at, who) in enumerate(sorted(acts))]


def _said_yes(scene: Scene, act: Act) -> Note:
    """The fact of a confirmation; one for a role is nobody's own, and still says who gave it."""
    member = act.by if act.role is None else None
    key = f"{{scene.visit}}/{{act.by}}" if act.role is None else f"{{scene.visit}}/{{act.role}}/{{act.by}}"
    fields = {{"choice": act.choice, "silent": False, "by": act.by}}
    return Note(kind="answered", key=key, at=act.at, member=member, fields=fields)


def _said(scene: Scene) -> set[str]:
    return {{act.role or act.by for act in scene.acts}}


def _is_enough(phase: {Class}, scene: Scene) -> bool:
    return len(_said(scene)) >= enough(phase.needs, len(scene.asked))


def _planned(seq: int, at: datetime, who: str) -> Planned:
    """A member confirms, or somebody who acts for a role."""
    role = who.partition("#")[0] if who.startswith("role:") else None
    return Planned(seq=seq, at=at, verb="answer", by=who, role=role, choice=CONFIRMED)
''',
    "cases.yaml": """\
- name: one confirmation is enough unless more are asked for
  phase: {{ by: seats.seat, within: 3d }}
  asked: [a, b]
  acts: [{{ does: answer, by: a, choice: confirmed, at: 1d }}]
  at: 1d
  expect:
    over: true
    outcome: done
    results: {{ confirmed: [a], silent: [b] }}
    facts: {{ answered: 1, missed: 1 }}
- name: half of four are two
  phase: {{ by: seats.seat, needs: 50%, within: 3d }}
  asked: [a, b, c, d]
  acts: [{{ does: answer, by: a, choice: confirmed, at: 1d }}]
  at: 3d
  expect: {{ over: false, outcome: short }}
- name: a role counts as one
  phase: {{ by: "role:host", within: 3d }}
  asked: ["role:host"]
  acts: [{{ does: answer, by: someone, role: "role:host", choice: confirmed, at: 1d }}]
  at: 1d
  expect: {{ over: true, outcome: done, facts: {{ answered: 1 }} }}
- name: nobody to ask is short at once
  phase: {{ by: seats.seat, within: 3d }}
  asked: []
  expect: {{ opens: short }}
- name: who was not asked cannot confirm
  phase: {{ by: seats.seat, within: 3d }}
  asked: [a]
  refused: {{ does: answer, by: z, choice: confirmed, at: 1d, because: is not asked here }}
- name: there is nothing else to say
  phase: {{ by: seats.seat, within: 3d }}
  asked: [a]
  refused: {{ does: answer, by: a, choice: "no", at: 1d, because: the only answer is confirmed }}
""",
    "README.md": """\
# {name}: something is confirmed

**When to choose it.** Say it to somebody who writes modes, in a sentence.

**What to write.** `by` (who is asked), `needs` (how many confirmations, or a share of those asked),
`within` (until when).

**What happens when.** People asked are fixed when the phase opens. It ends as soon as enough have confirmed.

**How it comes out.** `done` when enough have confirmed, `short` when the time is over and they have not.
Results: `confirmed`, `silent`. Facts: `answered`, `missed`.
""",
}
