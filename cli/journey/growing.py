"""Growing: from everyone to core owner, mature after two seasons of working together, and guiding the new."""

from __future__ import annotations

from cli.journey.hands import Hands, Lived
from workflows.meeting import Meeting

FRIENDS = ("friend-1", "friend-2", "friend-3")
"""Owners who are there already, and come to what the member hosts."""


def risen(hands: Hands) -> None:
    """From everyone to active owner to core owner: earned, observed, approved, accepted."""
    days = range(62, 330)
    lived: list[Lived] = [("visited", day, {"minutes": 15}) for day in days if day % 2]
    lived += [
        ("rated", day, {"work": f"p-{day}", "score": 82, "field": "long-distance"}) for day in days if day % 9 == 0
    ]
    lived += [
        ("replied", day, {"work": f"q-{day}", "to": "friend-1", "space": "private", "helpful": True}) for day in days
    ]
    lived += [("read", day, {"work": f"r-{day}"}) for day in days]
    lived += [("host_rating", day, {"by": "host-1", "enthusiasm": 5, "expertise": 5}) for day in (120, 200, 290)]
    hands.record(lived)
    hands.review(95)
    hands.accept("active", ladder="tier")
    hands.mark(95, "active owner", "earned, invited, accepted")
    hands.review(190)
    hands.review(198)
    hands.approve("core")
    hands.accept("core", ladder="tier")
    contact = hands.room.memory.effects.assigned(hands.community, hands.member).get("contact")
    hands.mark(198, "core owner", f"observed a week, approved, accepted; contact {contact}")


def mature(hands: Hands) -> None:
    """Two seasons of working together, two weeks of observation, a planner's word."""
    hands.review(225)
    hands.review(240)
    hands.approve("mature")
    hands.until(lambda: hands.stage() == "mature", "the stage mature")
    hands.mark(240, "mature", "after days in stage, contribution, approval")


def shared(hands: Hands) -> None:
    """The mature share what they know with the new: a session, which counts as guiding."""
    run = hands.start("elders-share", 250, sign_up="7d")
    hands.open(run, "guests")
    for friend in FRIENDS:
        hands.desk.enrol(run, member=friend, fields={})
    hands.open(run, "day")
    Meeting(hands.desk, run, "day").set_day("1h", by=hands.member)
    hands.tried(lambda: Meeting(hands.desk, run, "day").attend(by=hands.member, people=FRIENDS), "the day")
    Meeting(hands.desk, run, "day").minutes({"visitors": 3, "summary": "从第一次长途讲起"}, by=hands.member)
    hands.ended(run)
    hands.mark(270, "shared", f"hosted {len(FRIENDS)} owners")
