"""Journey: one member from being spotted in a group chat to being honorary for life, on the real servers.

The community is a second one under the same specs, so that its clock and its reviews are its own. Nobody is simulated:
every answer, work, verdict and approval is given here as the person concerned would give it, on a scaled clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from cli.wiring import Room
    from operations.ports.inbox import Item
    from operations.ports.reviews import Membership
    from rules.spec import Community
    from workflows.desk import Desk

T = TypeVar("T")
Lived = tuple[str, float, Mapping[str, Any]]
"""A kind of fact, the day on which it happened, and its fields."""

COMMUNITY = "journey"
BEGINS = datetime(2026, 1, 4, 22, tzinfo=UTC)  # a Monday morning in Shanghai
ACCOUNT = ("owners-group", "林晓1987")
FRIENDS = ("friend-1", "friend-2", "friend-3")
TOO_LONG = 120.0  # seconds that one thing is waited for


class Stopped(Exception):
    """The journey did not go on; the message says where and what was awaited."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing that happened on the way, on the community's own day."""

    day: str
    what: str
    detail: str


@dataclass(slots=True)
class Journey:
    """Plays the journey in a room.

    Args:
        room: memory and Temporal, with a worker at work.
        specs: the folder of `specs/auto`.
        scale: of all runs and moves.
        say: is told each mark as it is made.
    """

    room: Room
    specs: Path
    scale: str = "1d=400ms"
    say: Callable[[Mark], None] = lambda _: None
    community: str = COMMUNITY
    marks: list[Mark] = field(default_factory=list)
    spec: Community = field(init=False)
    member: str = field(init=False)
    desk: Desk = field(init=False)
    work: str = field(init=False, default="")

    def play(self) -> Sequence[Mark]:
        """Play all of it.

        Raises:
            Stopped: something that has to happen did not.
        """
        self._found()
        self._spotted()
        self._agreed()
        self._welcomed()
        self._reposted()
        self._risen()
        self._mature()
        self._shared()
        self._slowed()
        self._talked()
        self._honoured()
        self._finish()
        return self.marks

    # --------------------------------------------------------------------------------------------------- a community
    def _found(self) -> None:
        """The community, its staff, a few owners who are there already."""
        from operations.identity import prospect_id
        from operations.ports.members import Member
        from operations.ports.standings import LIFECYCLE, First, Place
        from operations.publish import publish
        from store.folder import read_folder
        from workflows.desk import Desk
        from workflows.phases import discover

        memory = self.room.memory
        files = dict(read_folder(self.specs))
        named = files["community.yaml"].decode().replace("\nid: auto\n", f"\nid: {self.community}\n", 1)
        files["community.yaml"] = named.encode()
        publish(memory.specs, files, discover(), message="A journey", author="journey", at=BEGINS)
        self.spec = memory.specs.current(self.community)
        self.desk = Desk(memory.house, poke=self.room.gateway.poke)
        for role in self.spec.roles:
            memory.effects.staff(self.community, role, [f"{role}-1", f"{role}-2"])
        self.member = prospect_id(*ACCOUNT)
        long_ago = BEGINS - timedelta(days=400)
        told: dict[str, Any] = {"origin": "private_domain", "consent": True, "car_model": "suv-x", "city": "上海"}
        memory.members(self.spec).enlist([Member(one, long_ago, told) for one in FRIENDS], at=long_ago)
        memory.members(self.spec).enlist([Member("newcomer", BEGINS, {"origin": "private_domain"})], at=BEGINS)
        firsts = [First(place=Place(member=one, ladder=LIFECYCLE), at="active", since=long_ago) for one in FRIENDS]
        memory.standings.begin(self.community, firsts, at=BEGINS)

    # -------------------------------------------------------------------------------------------------- being spotted
    def _spotted(self) -> None:
        """A scout files what they saw; a connector has a second look; the person is a prospect with a source tag."""
        from operations.candidates import candidates

        run = self._start("extra-scouting", BEGINS)
        self._open(run, "find")
        seen = {
            "member": ":".join(ACCOUNT), "origin": "private_domain", "place": "车主交流群",
            "evidence": "https://groups.example/owners/1987", "topic": "long-distance",
            "depth": 4, "originality": 4, "passion": 5, "sharing": 5, "reputation": 4,
        }  # fmt: skip
        self.desk.submit(run, "find", member="role:scout", fields=seen)
        work = self._works(run, "find")[0]
        self._open(run, "second-look")
        self.desk.answer(
            run, "second-look", by="connector-1", choice="approve", about=work, fields={"reason": "真心爱车"}
        )
        memory = self.room.memory
        found = self._until(
            lambda: [one for one in candidates(memory.desk, memory.persons, self.spec) if one.member == self.member],
            "the prospect on the candidate list",
        )[0]
        self._mark(BEGINS, "spotted", f"{found.tag}: {found.evidence[0].place}, consent {found.consent}")
        self.room.gateway.cancel(run)

    def _agreed(self) -> None:
        """At home they help and try things; after genuine contact they are asked, and saying yes is consent."""
        from operations.by_form import fill_in

        answers: list[Lived] = [
            ("replied", day, {"work": f"w-{day}", "to": "newcomer", "space": "private", "helpful": True})
            for day in range(2, 22)
        ]
        self._record([*(("visited", day, {"minutes": 20}) for day in range(1, 30)), *answers], BEGINS)
        self._review(30, stage="emerging")
        self._review(33)
        asked = self._item("connector", lambda item: item.form == "touched")
        self.desk.complete(self.community, asked.id, outcome="done", fields={"how": "liked"}, by="connector-1")
        for day, how in ((34, "discussed"), (37, "met")):
            at = BEGINS + timedelta(days=day)
            house = self.room.memory.house
            fill_in(house, self.spec, "touched", {"how": how}, about=self.member, by="connector-1", at=at, key=how)
        self._review(40)
        self._accept("active")
        said = self.room.memory.persons.log(self.community, self.member)
        self._mark(
            BEGINS + timedelta(days=40), "agreed", f"{said[-1].what}: {said[-1].reason.split(' ')[0]} an invitation"
        )

    # -------------------------------------------------------------------------------------------------- being welcomed
    def _welcomed(self) -> None:
        """A tutor, four lessons, sharing at home first, a first public piece planned and polished together."""
        from operations.errors import Refusal

        run = self._run_of("welcome-private")
        tutor = self._until(
            lambda: self.room.memory.effects.assigned(self.community, self.member).get("tutor"), "a tutor"
        )
        for number in range(1, 5):
            self._open(run, "lesson", number)
            lesson = {"subject": "writing", "passed": True}
            self.desk.answer(run, "lesson", by=tutor, choice="done", fields=lesson)
        self._open(run, "sharing")
        try:
            self.desk.submit(run, "in-public", member=self.member, fields=_PIECE)
        except Refusal:
            pass
        else:
            raise Stopped("a public piece was taken before anything was shared at home")
        self.desk.submit(
            run, "sharing", member=self.member, fields={"link": "https://p.example/1", "theme": "journeys"}
        )
        self._open(run, "plan-together")
        plan = {"theme": "journeys", "strength": "writing", "plan": "川藏线上的三个充电站"}
        self.desk.answer(run, "plan-together", by=tutor, choice="done", fields=plan)
        self._open(run, "agreed")
        self.desk.answer(run, "agreed", by=self.member, choice="agree")
        self._open(run, "in-public")
        self.work = self.desk.submit(run, "in-public", member=self.member, fields=_PIECE).id
        self._open(run, "polish")
        reason = {"reason": "开头再直接一点"}
        self.desk.answer(run, "polish", by=tutor, choice="return", about=self.work, fields=reason)
        self.desk.revise(run, "polish", work=self.work, member=self.member, fields=_PIECE)
        self.desk.answer(run, "polish", by=tutor, choice="approve", about=self.work, fields={"reason": "很好"})
        end = self._result(run)
        phases = [visit.phase for visit in self.room.memory.runs.visits(run)]
        if phases.index("sharing") > phases.index("in-public"):
            raise Stopped("shared in public before at home")
        self._mark(BEGINS + timedelta(days=80), "welcomed", f"{end} with {tutor}: {len(phases)} phases")

    def _reposted(self) -> None:
        """The first work in public is reposted by the brand within its service level."""
        fields = {"work": self.work, "nature": "talk", "public": True, "field": "long-distance", "theme": "journeys"}
        self._record([("posted", 90, fields)], BEGINS)
        self._review(91)
        asked = self._item("coordinator", lambda item: self.work in item.id or item.about == self.work)
        self.desk.complete(self.community, asked.id, outcome="done", fields={}, by="coordinator-1")
        self._mark(BEGINS + timedelta(days=91), "reposted", asked.title["en"])

    # --------------------------------------------------------------------------------------------------------- rising
    def _risen(self) -> None:
        """From everyone to active owner to core owner: earned, observed, approved, accepted."""
        days = range(62, 330)
        lived: list[Lived] = [("visited", day, {"minutes": 15}) for day in days if day % 2]
        lived += [
            ("rated", day, {"work": f"p-{day}", "score": 82, "field": "long-distance"}) for day in days if day % 9 == 0
        ]
        lived += [
            ("replied", day, {"work": f"q-{day}", "to": "friend-1", "space": "private", "helpful": True})
            for day in days
        ]
        lived += [("read", day, {"work": f"r-{day}"}) for day in days]
        lived += [("host_rating", day, {"by": "host-1", "enthusiasm": 5, "expertise": 5}) for day in (120, 200, 290)]
        self._record(lived, BEGINS)
        self._review(95)
        self._accept("active", ladder="tier")
        self._mark(BEGINS + timedelta(days=95), "active owner", "earned, invited, accepted")
        self._review(190)
        self._review(198)
        self._approve("core")
        self._accept("core", ladder="tier")
        contact = self.room.memory.effects.assigned(self.community, self.member).get("contact")
        self._mark(
            BEGINS + timedelta(days=198), "core owner", f"observed a week, approved, accepted; contact {contact}"
        )

    def _mature(self) -> None:
        """Two seasons of working together, two weeks of observation, a planner's word."""
        self._review(225)
        self._review(240)
        self._approve("mature")
        self._until(lambda: self._stage() == "mature", "the stage mature")
        self._mark(BEGINS + timedelta(days=240), "mature", "after days in stage, contribution, approval")

    def _shared(self) -> None:
        """The mature share what they know with the new: a session, which counts as guiding."""
        from workflows.meeting import Meeting

        run = self._start("elders-share", BEGINS + timedelta(days=250))
        self._open(run, "guests")
        for friend in FRIENDS:
            self.desk.enrol(run, member=friend, fields={})
        self._open(run, "day")
        Meeting(self.desk, run, "day").set_day("1h", by=self.member)
        self._until(
            lambda: _tried(lambda: Meeting(self.desk, run, "day").attend(by=self.member, people=FRIENDS)), "the day"
        )
        Meeting(self.desk, run, "day").minutes({"visitors": 3, "summary": "从第一次长途讲起"}, by=self.member)
        self._result(run)
        self._mark(BEGINS + timedelta(days=270), "shared", f"hosted {len(FRIENDS)} owners")

    # ---------------------------------------------------------------------------------------------------- going on
    def _slowed(self) -> None:
        """They say that they cannot go on as before: a talk begins, nothing is taken, new sprouts are looked for."""
        from operations.by_form import fill_in

        at = BEGINS + timedelta(days=300)
        house = self.room.memory.house
        fill_in(house, self.spec, "cannot_go_on", {"reason": "life"}, about=self.member, by=self.member, at=at)
        self._review(301, stage="evolving")
        memory = self.room.memory
        started = [one.task for one in memory.runs.runs(self.community) if one.task == "extra-scouting"]
        if len(started) < 2:
            raise Stopped("nobody looks for sprouts after a mature member has left the stage")
        self._mark(BEGINS + timedelta(days=301), "slowing down", f"still {self._tier()}; scouting begun")

    def _talked(self) -> None:
        """A frank talk with an outcome, thanks that name what was given, a choice."""
        run = self._run_of("farewell-talk")
        contact = self._until(
            lambda: self.room.memory.effects.assigned(self.community, self.member).get("contact"), "a contact"
        )
        self._open(run, "talk")
        talk = {"situation": "孩子出生了", "thanked_for": "一路的分享"}
        self.desk.answer(run, "talk", by=contact, choice="done", fields=talk)
        self._open(run, "choice")
        thanks = [
            one for one in self.room.memory.outbox.of(self.community, self.member) if one.what == "message:thanks"
        ]
        given = thanks[0].values.get("contributions.en", "") if thanks else ""
        if not given:
            raise Stopped("the thanks do not say what for")
        self.desk.answer(run, "choice", by=self.member, choice="honorary")
        self._result(run)
        self._mark(BEGINS + timedelta(days=310), "talked", f"thanked for {given}")

    def _honoured(self) -> None:
        """Honorary: titles for life; after a silent year nothing is lost, and the celebration is not without them."""
        self._review(330, stage="honorary")
        later = BEGINS + timedelta(days=730)
        self._review(730)
        held = {one.item for one in self.room.memory.effects.holdings(self.community, self.member, at=later)}
        if not {"lifelong-honorary", "brand-friend"} <= held or self._stage() != "honorary" or self._tier() != "core":
            raise Stopped("an honorary member was assessed")
        run = self._start("annual-celebration", later)
        visit = self._open(run, "guests")
        if self.member not in visit.asked:
            raise Stopped("an honorary member is not invited to the annual celebration")
        self.desk.enrol(run, member=self.member, fields={})
        self._mark(later, "honorary", f"{', '.join(sorted(held))}; invited to the celebration")
        self.room.gateway.cancel(run)

    def _finish(self) -> None:
        """What still accompanies them is ended, so that nothing is left running."""
        from operations.ports.runs import RUNNING

        memory = self.room.memory
        for run in memory.runs.runs(self.community, status=RUNNING):
            self.room.gateway.cancel(run.id)
        self._until(lambda: not memory.runs.runs(self.community, status=RUNNING, limit=1), "the end of all runs")
        findings = [*memory.effects.audit(self.community)]
        if findings or not memory.decisions.verify(self.community).ok:
            raise Stopped(f"the books of the journey do not balance: {findings[:1]}")

    # ------------------------------------------------------------------------------------------------------ in common
    def _review(self, day: int, *, stage: str | None = None) -> None:
        from workflows import turns

        at = BEGINS + timedelta(days=day)
        given = turns.ReviewInput(community=self.community, at=at, scale=self.scale)
        id_ = f"{self.community}/review/{at:%Y-%m-%dT%H%M}"
        self.room.gateway.start(turns.REVIEW, given, id=id_, attributes={"TrellisCommunity": self.community})
        self.room.gateway.result(id_, TOO_LONG, turns.ReviewSummary)
        self._begin_what_waits()
        if stage is not None:
            self._until(lambda: self._stage() == stage, f"the stage {stage} on day {day}")

    def _begin_what_waits(self) -> None:
        """Starts of runs that effects asked for, which the schedule would do within a minute."""
        from workflows import turns

        def begun() -> bool:
            if not self.room.memory.effects.to_start(self.community, limit=1):
                return True
            given = turns.OutboxInput(community=self.community)
            named = {"TrellisCommunity": self.community}
            self.room.gateway.start(turns.OUTBOX, given, id=f"{self.community}/outbox", attributes=named, again=True)
            return False

        self._until(begun, "runs that were asked for")

    def _start(self, task: str, at: datetime) -> str:
        from workflows.launch import Launcher

        launcher = Launcher(self.room.memory.house, self.room.gateway)
        return launcher.start(task, community=self.community, at=at, scale=self.scale, key=f"{task}/{at:%Y%m%d}").id

    def _run_of(self, task: str) -> str:
        def found() -> str | None:
            runs = self.room.memory.runs.runs(self.community, task=task)
            return next((one.id for one in runs if one.subject == self.member), None)

        return self._until(found, f"the run of {task}")

    def _open(self, run: str, phase: str, number: int | None = None) -> Any:
        def open_() -> Any:
            visit = self.room.memory.runs.visit(run, phase, number)
            return visit if visit is not None and visit.state == "open" else None

        return self._until(open_, f"{phase} of {run}")

    def _works(self, run: str, phase: str) -> list[str]:
        return [work.id for work in self.room.memory.runs.works(run, phase)]

    def _item(self, role: str, which: Callable[[Item], bool]) -> Item:
        def found() -> Item | None:
            items = self.room.memory.inbox.find(self.community, role=role)
            return next((item for item in items if which(item)), None)

        return self._until(found, f"a work item for {role}")

    def _approve(self, to: str) -> None:
        """Whoever decides about a move agrees."""
        item = self._item("planner", lambda one: one.about == self.member and one.details.get("to") == to)
        self.desk.complete(self.community, item.id, outcome="agree", fields={}, by="planner-1")

    def _accept(self, to: str, *, ladder: str = "lifecycle") -> None:
        """The member says yes to the invitation."""
        from workflows import turns

        memory = self.room.memory

        def invited() -> Membership | None:
            found = memory.memberships.invitations(self.community, self.member)
            return next((one for one in found if (one.ladder, one.to) == (ladder, to)), None)

        move = self._until(invited, f"an invitation to become {to}")
        memory.memberships.answer(self.community, move.id, answer="accept", at=BEGINS + (move.opened_at - BEGINS))
        self.room.gateway.signal(move.workflow, turns.POKE)
        result = self.room.gateway.result(move.workflow, TOO_LONG, turns.MembershipResult)
        if result.outcome != "moved":
            raise Stopped(f"the move to {to} ended with {result.outcome}")
        self._begin_what_waits()

    def _record(self, lived: Sequence[Lived], since: datetime) -> None:
        from operations.ports.facts import Fact

        facts = []
        for n, (kind, day, fields) in enumerate(lived):
            at = since + timedelta(days=day, hours=3)
            facts.append(Fact(f"{self.community}/{kind}/{day}/{n}", kind, self.member, at, None, dict(fields)))
        self.room.memory.facts(self.spec).record(facts)

    def _stage(self) -> str | None:
        from operations.ports.standings import LIFECYCLE

        return self._stands(LIFECYCLE)

    def _tier(self) -> str | None:
        return self._stands("tier")

    def _stands(self, ladder: str) -> str | None:
        from operations.ports.standings import Place

        held = self.room.memory.standings.one(self.community, Place(member=self.member, ladder=ladder))
        return held.at if held is not None else None

    def _result(self, run: str) -> str:
        from workflows.steps import RunResult

        return str(self.room.gateway.result(run, TOO_LONG, RunResult).end)

    def _until(self, condition: Callable[[], T | None], what: str) -> T:
        until = time.monotonic() + TOO_LONG
        while True:
            found = condition()
            if found:
                return found
            if time.monotonic() > until:
                raise Stopped(f"not within {TOO_LONG:.0f} s: {what}")
            time.sleep(0.05)

    def _mark(self, at: datetime, what: str, detail: str) -> None:
        mark = Mark(at.astimezone(self.spec.zone).date().isoformat(), what, detail)
        self.marks.append(mark)
        self.say(mark)


_PIECE = {"link": "https://p.example/2", "theme": "journeys"}


def _tried(work: Callable[[], object]) -> bool:
    """Whether something could be done by now."""
    from operations.errors import Refusal

    try:
        work()
    except Refusal:
        return False
    return True
