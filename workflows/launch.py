"""Launch: starts runs of tasks, whoever wants them: a person, a rule, an effect, a schedule; each at most once."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from operations.arguments import bindable
from operations.errors import Refusal
from operations.house import House
from operations.known import Known
from operations.people import People
from operations.ports.runs import RUNNING, Run
from operations.rehearsal import lot
from operations.rights import actor_of
from rules.spec import Community
from rules.spec.documents.mode import Mode
from rules.spec.substitute import ArgumentError
from rules.time import ClockScale
from workflows import steps
from workflows.ready import cannot_run
from workflows.steps import RunInput

MEANWHILE = timedelta(minutes=1)
"""For so long whoever has begun a run is about to start its workflow."""


class Starter(Protocol):
    """Starts a workflow under its business id; `workflows.gateway.Gateway` does."""

    def start(
        self,
        kind: str,
        argument: RunInput,
        *,
        id: str,
        attributes: Mapping[str, str] | None = None,
        summary: str | None = None,
    ) -> bool: ...


class Launcher:
    """Starts runs.

    Args:
        house: the ports.
        starter: Temporal.
    """

    def __init__(self, house: House, starter: Starter) -> None:
        self.house, self._starter = house, starter

    def start(
        self,
        task: str,
        *,
        community: str | None = None,
        subject: str | None = None,
        starter: str | None = None,
        args: Mapping[str, Any] | None = None,
        at: datetime | None = None,
        key: str | None = None,
        scale: str | None = None,
        rehearsed: bool = False,
        crowd: int | None = None,
        seed: int | None = None,
        digest: str | None = None,
    ) -> Run:
        """Start a run of a task and its workflow.

        Args:
            community: its id; not needed when only one is published.
            subject: whom or what the run is about, where its mode says so.
            starter: the member who starts it; None: staff or the engine.
            args: arguments over those of the task.
            at: the run's own time at its beginning; now without it.
            key: the same key never starts a second run (of a deed, a schedule's moment).
            scale: a clock scale such as `1d=1s`.
            rehearsed: simulated participants play.
            crowd: how many of them come where anybody may.
            seed: decides lots and simulated acts.
            digest: the version of the spec; the current one without it.

        Raises:
            Refusal: there is no such task, it cannot run, or not now; with the reason.
        """
        run = self.begin(
            task,
            community=community,
            subject=subject,
            starter=starter,
            args=args,
            at=at,
            key=key,
            scale=scale,
            rehearsed=rehearsed,
            crowd=crowd,
            seed=seed,
            digest=digest,
        )
        if run.status == RUNNING:
            self.launch(run)
        return run

    def begin(
        self,
        task: str,
        *,
        community: str | None = None,
        subject: str | None = None,
        starter: str | None = None,
        args: Mapping[str, Any] | None = None,
        at: datetime | None = None,
        key: str | None = None,
        scale: str | None = None,
        rehearsed: bool = False,
        crowd: int | None = None,
        seed: int | None = None,
        digest: str | None = None,
        parent: str | None = None,
    ) -> Run:
        """Note a run, without its workflow: see `start`, and `launch`. `parent` is the run that waits for its end."""
        if scale is not None:
            _scale(scale)
        spec = self.house.specs.at(digest, community) if digest else self.house.specs.current(community)
        mode = self.mode(spec, task, args or {})
        self._about(spec, task, mode, subject)
        now = datetime.now(UTC)
        opened_at = at or now
        self._may_start(spec, task, mode, starter, opened_at)
        return self.house.runs.begin(
            Run(
                community=spec.id,
                id=f"{spec.id}/{task}",
                task=task,
                mode=mode.id,
                digest=spec.digest,
                opened_at=opened_at,
                began_at=now,
                subject=subject,
                starter=starter,
                scale=scale,
                rehearsed=rehearsed,
                crowd=crowd,
                seed=lot(spec.id, task, opened_at) % 2**31 if seed is None else seed,
                args=dict(args or {}),
                key=key,
                parent=parent,
            ),
            at_once=mode.at_once,
        )

    def launch(self, run: Run, spec: Community | None = None) -> bool:
        """Start the workflow of a run that is noted; False when it was started already."""
        spec = spec or self.house.specs.at(run.digest, run.community)
        told = RunInput(
            community=run.community,
            run=run.id,
            task=run.task,
            mode=run.mode,
            digest=run.digest,
            opened_at=run.opened_at,
            subject=run.subject,
            starter=run.starter,
            args=dict(run.args),
            scale=run.scale,
            rehearsed=run.rehearsed,
            seed=run.seed,
            near=_near(spec, run),
        )
        about = f" for {run.subject}" if run.subject else ""
        return self._starter.start(
            run.mode,
            told,
            id=run.id,
            attributes={steps.COMMUNITY_KEY: run.community, steps.MODE_KEY: run.mode},
            summary=f"{spec.tasks[run.task].title.en}{about}",
        )

    def launch_waiting(self, community: str, *, now: datetime) -> int:
        """Start the workflows of runs that were noted, and then Temporal or whoever began them was lost; how many."""
        begun = 0
        for run in self.house.runs.unbegun(community, before=now - MEANWHILE):
            with suppress(Refusal):  # one whose version cannot be read any more does not keep the others waiting
                begun += self.launch(run)
        return begun

    def mode(self, spec: Community, task: str, args: Mapping[str, Any]) -> Mode:
        """The mode of a task with its arguments in it.

        Raises:
            Refusal: there is no such task, an argument does not fit, or something in it cannot run yet.
        """
        if task not in spec.tasks:
            near = difflib.get_close_matches(task, spec.tasks, 1)
            hint = f"Did you mean {near[0]}?" if near else f"Tasks: {', '.join(spec.tasks) or 'none'}."
            raise Refusal(f"{spec.id} has no task {task!r}.", hint)
        try:
            mode = spec.bind(task, bindable(args))
        except ArgumentError as error:
            raise Refusal(f"{task} cannot start: {error}.") from error
        lacking = cannot_run(mode)
        if lacking:
            raise Refusal(
                f"{task} cannot run yet: in its mode {mode.id} there is what this version only reads: "
                f"{', '.join(lacking)}.",
                "It is checked, and kept; start a task that can run whole.",
            )
        return mode

    def _may_start(self, spec: Community, task: str, mode: Mode, starter: str | None, at: datetime) -> None:
        """Staff and rules may start anything; others what their mode opens to them."""
        if starter is None or actor_of(self.house.effects, spec, starter).is_staff:
            return
        if mode.may_start is None:
            raise Refusal(
                f"{starter} may not start {task}: staff, rules and schedules do.",
                f"To open it to members, say may_start in the mode {mode.id}.",
            )
        if starter not in People(Known(self.house, spec, at)).among(mode.may_start, [starter]):
            raise Refusal(f"{starter} may not start {task}.", "Its mode says who may, under may_start.")

    def _about(self, spec: Community, task: str, mode: Mode, subject: str | None) -> None:
        if mode.for_ == "community" and subject is not None:
            raise Refusal(f"{task} is for the whole community, not for {subject}.", "Leave out the subject.")
        if mode.for_ != "community" and subject is None:
            raise Refusal(f"{task} is for one {mode.for_}.", f"Say which: `trellis start {task} --subject ID`.")
        if mode.for_ == "member" and subject is not None and not self.house.members(spec).find([subject]):
            raise Refusal(f"{spec.id} has no member {subject!r}.", "See `trellis members`.")


def _near(spec: Community, run: Run) -> bool:
    """Whether the steps of a run are short: one member or cohort takes part, not everybody."""
    return spec.modes[spec.tasks[run.task].mode].for_ in ("member", "cohort")


def _scale(text: str) -> None:
    try:
        ClockScale.parse(text)
    except ValueError as error:
        raise Refusal(f"{error}.") from error
