"""Schedules: reviews happen by themselves, as the specs say, and only one at a time."""

from datetime import timedelta

import pytest
from temporalio.client import ScheduleOverlapPolicy

from cli.wiring import Room
from operations.rhythms import rhythms
from rules.spec import Community
from tests.moves.club import RULES, club
from workflows.schedules import keep


@pytest.fixture(scope="module")
def community() -> Community:
    own = RULES.replace("    once_per: ever\n", "    once_per: ever\n    review: { every: hour }\n")
    return club(rules=own)


def test_parts_with_one_rhythm_share_a_schedule(community: Community) -> None:
    assert rhythms(community) == {
        ("day", None, "05:00"): ["lifecycle"],
        ("day", None, "06:00"): ["tier", "titles"],
        ("day", None, "06:30"): ["rules:member"],
        ("hour", None, None): ["rule:lively"],
    }


@pytest.mark.servers
def test_the_server_keeps_what_the_specs_say_and_forgets_the_rest(room: Room, community: Community) -> None:
    client = room.gateway.client

    async def kept(spec: Community) -> set[str]:
        await keep(client, spec)
        await keep(client, spec)
        return {known.id async for known in await client.list_schedules()}

    first = room.gateway.run(kept(community))
    assert first == {
        "club/review/day-0500",
        "club/review/day-0600",
        "club/review/day-0630",
        "club/review/hour",
        "club/outbox",
    }
    found = room.gateway.run(client.get_schedule_handle("club/review/day-0600").describe())
    assert found.schedule.spec.time_zone_name == "Asia/Shanghai"
    assert found.schedule.policy.overlap == ScheduleOverlapPolicy.SKIP
    assert found.schedule.policy.catchup_window == timedelta(days=1)
    nine = found.info.next_action_times[0]
    assert (nine.hour, nine.minute) == (22, 0)  # six in the morning in Shanghai
    assert "club/review/hour" not in room.gateway.run(kept(club()))
