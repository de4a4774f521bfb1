"""Schedules: when reviews happen by themselves, from the rhythms of the specs, and the outbox every minute.

One schedule for each rhythm that parts of a review share. A review that still runs is not begun a second time; what
was missed while the server was away is made up for within a day, and no more.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleCalendarSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.service import RPCError, RPCStatusCode

from operations.rhythms import ON_FACTS, rhythms
from workflows import turns

if TYPE_CHECKING:
    from rules.spec import Community

CATCH_UP = timedelta(days=1)
AT_THE_LATEST = 5  # minutes between looks of what is reviewed `every: fact`, should a worker miss that facts came
_WEEK = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


def specs(community: Community) -> Mapping[str, Schedule]:
    """Every schedule of a community by its id."""
    found = {}
    for (every, day, at), parts in rhythms(community).items():
        name = "-".join(str(one) for one in (every, day, at) if one is not None).replace(":", "")
        found[f"{community.id}/review/{name}"] = _schedule(
            community, turns.REVIEW, turns.ReviewInput(community=community.id, parts=tuple(parts)),
            _when(every, day, at), f"{community.id}/review/{name}",
        )  # fmt: skip
    minutely = ScheduleCalendarSpec(
        second=[ScheduleRange(0)], minute=[ScheduleRange(0, 59)], hour=[ScheduleRange(0, 23)]
    )
    found[f"{community.id}/outbox"] = _schedule(
        community, turns.OUTBOX, turns.OutboxInput(community=community.id, by_clock=True), minutely,
        f"{community.id}/outbox",
    )  # fmt: skip
    return found


def _schedule(community: Community, kind: str, given: Any, when: ScheduleCalendarSpec, id_: str) -> Schedule:
    from workflows.gateway import search_attributes
    from workflows.runtime import QUEUE

    return Schedule(
        action=ScheduleActionStartWorkflow(
            kind,
            given,
            id=id_,
            task_queue=QUEUE,
            typed_search_attributes=search_attributes({"TrellisCommunity": community.id}),
        ),
        spec=ScheduleSpec(calendars=[when], time_zone_name=str(community.zone)),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=CATCH_UP),
    )


def _when(every: str, day: Any, at: str | None) -> ScheduleCalendarSpec:
    hour, minute = (int(part) for part in (at or "00:00").split(":"))
    always = [ScheduleRange(0, 23)]
    if every == ON_FACTS:
        return ScheduleCalendarSpec(minute=[ScheduleRange(0, 59, AT_THE_LATEST)], hour=always)
    if every == "hour":
        return ScheduleCalendarSpec(minute=[ScheduleRange(0)], hour=always)
    spec = ScheduleCalendarSpec(minute=[ScheduleRange(minute)], hour=[ScheduleRange(hour)])
    if every == "week":
        spec.day_of_week = [ScheduleRange(_WEEK.index(day or "mon"))]
    elif every == "month":
        # a day that a month does not have would be its last one; calendars cannot say that, so it is the 28th
        spec.day_of_month = [ScheduleRange(min(int(day or 1), 28))]
    elif every == "year":
        month, day_of_month = (int(part) for part in str(day or "01-01").split("-"))
        spec.month, spec.day_of_month = [ScheduleRange(month)], [ScheduleRange(day_of_month)]
    return spec


async def keep(client: Client, community: Community) -> list[str]:
    """Make the server's schedules what the specs say; those of rhythms that are gone are deleted. Returns their ids."""
    wanted = specs(community)
    for id_, schedule in wanted.items():
        try:
            await client.create_schedule(id_, schedule)
        except ScheduleAlreadyRunningError:
            await client.get_schedule_handle(id_).update(_replacing(schedule))
    async for known in await client.list_schedules():
        if known.id.startswith(f"{community.id}/") and known.id not in wanted:
            await client.get_schedule_handle(known.id).delete()
    return list(wanted)


async def look_now(client: Client, community: str) -> bool:
    """Begin the look of what is reviewed `every: fact`, or one more after that which runs; False if there is none."""
    try:
        await client.get_schedule_handle(_on_facts(community)).trigger(overlap=ScheduleOverlapPolicy.BUFFER_ONE)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return False
        raise
    return True


def _on_facts(community: str) -> str:
    return f"{community}/review/{ON_FACTS}"


def _replacing(schedule: Schedule) -> Any:
    def update(given: ScheduleUpdateInput) -> ScheduleUpdate:
        return ScheduleUpdate(schedule)

    return update
