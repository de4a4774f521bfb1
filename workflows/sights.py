"""Sights: what Temporal says about workflows, in our words: how they stand, what fails in them, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from temporalio.client import WorkflowExecution, WorkflowExecutionDescription, WorkflowExecutionStatus, WorkflowHandle
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes

from workflows.server import SEARCH_ATTRIBUTES


@dataclass(frozen=True, slots=True)
class Seen:
    """What Temporal says about one workflow."""

    id: str
    kind: str  # the workflow's type: for a task its mode
    status: str  # running, completed, failed, canceled, terminated, timed_out, continued_as_new
    started_at: datetime
    closed_at: datetime | None
    events: int  # of history so far


@dataclass(frozen=True, slots=True)
class Trouble:
    """An activity that failed and is being tried again."""

    workflow: str
    activity: str
    attempt: int
    why: str
    since: datetime | None = None  # when it was to be done first


def search_attributes(values: Mapping[str, str]) -> TypedSearchAttributes:
    """Values by name as typed attributes; names that the server does not know are a mistake.

    Raises:
        KeyError: for a name that is not one of `SEARCH_ATTRIBUTES`.
    """
    unknown = sorted(set(values) - set(SEARCH_ATTRIBUTES))
    if unknown:
        raise KeyError(f"no such search attributes: {', '.join(unknown)}")
    pairs = [SearchAttributePair(SearchAttributeKey.for_keyword(name), value) for name, value in values.items()]
    return TypedSearchAttributes(pairs)


def troubles_in(found: WorkflowExecutionDescription) -> list[Trouble]:
    raw = found.raw_description
    failing = [
        Trouble(found.id, one.activity_type.name, max(1, one.attempt - 1), _reason(one.last_failure))
        for one in raw.pending_activities
        if one.HasField("last_failure")
    ]
    if raw.HasField("pending_workflow_task") and raw.pending_workflow_task.attempt > 1:
        why = "its own steps fail; the worker's log says why"
        task = raw.pending_workflow_task
        since = task.original_scheduled_time.ToDatetime(UTC) if task.HasField("original_scheduled_time") else None
        failing.append(Trouble(found.id, found.workflow_type, task.attempt - 1, why, since))
    return failing


async def asked_at(handle: WorkflowHandle[Any, Any], activity: str) -> datetime | None:
    """When an activity that is under way was asked for first: the last such event of the history."""
    asked: datetime | None = None
    async for event in handle.fetch_history_events():
        told = event.activity_task_scheduled_event_attributes
        if event.HasField("activity_task_scheduled_event_attributes") and told.activity_type.name == activity:
            asked = event.event_time.ToDatetime(UTC)
    return asked


def _reason(failure: Any) -> str:
    """The innermost message of a failure, with what kind of error it is."""
    while failure.HasField("cause"):
        failure = failure.cause
    kind = failure.application_failure_info.type if failure.HasField("application_failure_info") else ""
    return f"{kind}: {failure.message}" if kind else str(failure.message)


def seen(found: WorkflowExecution) -> Seen:
    status = (found.status or WorkflowExecutionStatus.RUNNING).name.lower()
    return Seen(found.id, found.workflow_type, status, found.start_time, found.close_time, found.history_length)
