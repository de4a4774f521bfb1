"""Season: the main job, from an empty database to a season that has been played, step by step, each repeatable.

A generated community with a year of facts is imported and reviewed on past days; whoever is asked for a word is
simulated; the photo contest is played from call to retrospective on a scaled clock with simulated participants; a
last review shows that what they did has changed what is known of them. Then comes the programme, one task of each other
mode, and one member's journey from being spotted to being honorary. Everything follows from the seed.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from cli.console import Output
from cli.outcome import Outcome, look_back, ranking_of
from cli.patience import patiently
from cli.programme import COUNCIL, PROGRAMME, Came, Part
from cli.programme import OPENS as PROGRAMME_OPENS
from cli.programme import STOCK as PROGRAMME_STOCK
from cli.wiring import Room

if TYPE_CHECKING:
    from operations.ports.runs import Run
    from rules.spec import Community
    from workflows.steps import RunResult
    from workflows.turns import ReviewSummary

T = TypeVar("T")

CONTEST = "most-beautiful-lines"
REVIEWS = (  # mornings in Shanghai, far enough apart that everybody asked has answered in between
    datetime(2026, 11, 30, 22, tzinfo=UTC),
    datetime(2027, 1, 15, 22, tzinfo=UTC),
    datetime(2027, 3, 3, 22, tzinfo=UTC),
)
OPENS = datetime(2027, 3, 8, 2, tzinfo=UTC)  # when the contest is called
CLOSING = datetime(2027, 4, 30, 22, tzinfo=UTC)  # the last review; the generated facts go so far
AFTER = PROGRAMME_OPENS + timedelta(days=730)  # when everybody who was asked has answered and everything has ended
STOCK = {"model-car": 40, "medal": 80, "handbook": 200, **PROGRAMME_STOCK}
ADVISORS = 4  # members of the core who are given the title with which one judges
TOO_LONG = 600.0  # seconds for one step that waits for workflows
LOOK_EVERY = 3.0  # seconds between two looks at what fails in a workflow that is waited for
HOPELESS = 12  # failures of one activity; an outage is over long before
PROOF = 3  # members shown as proof that the loop closes


class Unfinished(Exception):
    """Something of the season did not come to its end; the message says what."""


@dataclass(frozen=True, slots=True)
class Script:
    """What is played."""

    specs: Path
    data: Path  # where the generated files are kept
    seed: int = 7
    members: int = 2000
    scale: str = "1d=150ms"  # of the contest
    haste: str = "1d=5ms"  # of approvals and invitations
    programme: bool = True  # one task of each other mode as well
    whole: bool = False  # and a council's year, and a member's journey


@dataclass(frozen=True, slots=True)
class Step:
    """One step that is done."""

    name: str
    seconds: float
    counts: Mapping[str, Any]


@dataclass(slots=True)
class Season:
    """Plays a script in a room."""

    script: Script
    room: Room
    out: Output
    steps: list[Step] = field(default_factory=list)

    def play(self) -> Outcome:
        """Play all of it.

        Raises:
            Unfinished: a workflow failed or did not end, or the books do not balance.
            Refusal: the specs cannot be published.
        """
        community = self._step("publish", self._publish)
        self._step("import", lambda: self._import(community))
        self._step("people", lambda: self._people(community))
        for at in REVIEWS:
            self._step(f"review {_day(at, community)}", partial(self._review, community, at))
        run = self._step("contest", lambda: self._contest(community))
        self._step(f"review {_day(CLOSING, community)}", lambda: self._review(community, CLOSING))
        self._step("loop", lambda: self._loop(community, run))
        parts = (*(PROGRAMME if self.script.programme else ()), *(COUNCIL if self.script.whole else ()))
        for part in parts:
            self._step(part.mode, partial(self._part, community, part))
        if self.script.whole:
            self._step("journey", self._journey)
        self._step("books", lambda: self._books(community))
        return patiently(lambda: look_back(self.room.memory, community, AFTER, run))

    def _step(self, name: str, work: Callable[[], tuple[T, Mapping[str, Any]]]) -> T:
        began = time.monotonic()
        with self.out.progress(name):
            made, counts = work()
        done = Step(name, round(time.monotonic() - began, 2), counts)
        self.steps.append(done)
        self.out.say(f"{done.seconds:6.1f} s  {name}: {_in_words(counts)}")
        return made

    # ------------------------------------------------------------------------------------------------- what is given
    def _publish(self) -> tuple["Community", dict[str, Any]]:
        from operations.publish import publish
        from store.folder import read_folder
        from workflows.phases import discover

        specs = self.room.memory.specs
        files, kinds = read_folder(self.script.specs), discover()
        patiently(lambda: publish(specs, files, kinds, message="The demo's season", author="demo", at=REVIEWS[0]))
        community = patiently(specs.current)
        counts = {"documents": len(community.documents), "tasks": len(community.tasks)}
        return community, {**counts, "digest": community.digest[7:19]}

    def _import(self, community: "Community") -> tuple[None, dict[str, Any]]:
        """A generated community with a year of facts, through the same door as any other."""
        from operations.generate import write_facts, write_members
        from operations.import_facts import import_facts
        from operations.import_members import import_members

        self.script.data.mkdir(parents=True, exist_ok=True)
        members, facts = self.script.data / "members.csv", self.script.data / "facts.csv"
        write_members(members, seed=self.script.seed, size=self.script.members, at=CLOSING)
        write_facts(facts, seed=self.script.seed, size=self.script.members, at=CLOSING)
        memory = self.room.memory
        people = patiently(
            lambda: import_members(members, community, memory.members(community), memory.standings, at=REVIEWS[0])
        )
        happened = patiently(lambda: import_facts(facts, community, memory.facts(community)))
        if people.rejected or happened.rejected:
            raise Unfinished(f"{people.rejected + happened.rejected} generated rows were rejected")
        counts = {
            "members": people.rows,
            "facts": happened.rows,
            "known already": people.known + happened.known,
        }
        return None, counts

    def _people(self, community: "Community") -> tuple[None, dict[str, Any]]:
        """Who works for the brand, what is in stock, and who may judge."""
        from operations.ports.effects import Deed

        effects, id = self.room.memory.effects, community.id
        advisors = self._advisors(community)
        titles = [
            Deed(
                key=f"demo/advisor/{member}",
                kind="title",
                at=REVIEWS[0],
                source="demo",
                member=member,
                details={"item": "honorary-advisor"},
            )
            for member in advisors
        ]

        def settle() -> None:
            for role in community.roles:
                effects.staff(id, role, [f"{role}-1", f"{role}-2"])
            for item, count in STOCK.items():
                effects.stocked(id, item, count, by="demo", at=REVIEWS[0], key=f"demo/{item}")
            effects.do(id, titles)

        patiently(settle)
        return None, {"roles": len(community.roles), "advisors": len(advisors), "in stock": sum(STOCK.values())}

    def _advisors(self, community: "Community") -> list[str]:
        from operations.desk import member_frame

        frame = patiently(lambda: member_frame(self.room.memory.desk, community, REVIEWS[0], readings=frozenset()))
        ladder = next(iter(community.ladders))
        core = frame.filter(frame[ladder] == "core").sort("subject")
        return [str(member) for member in core["subject"].head(ADVISORS)]

    # ------------------------------------------------------------------------------------------------------- reviews
    def _review(self, community: "Community", at: datetime) -> tuple[None, dict[str, Any]]:
        """One look at everybody, and the wait for whoever is asked for a word."""
        from workflows import turns

        asked = turns.ReviewInput(
            community=community.id,
            at=at,
            scale=self.script.haste,
            seed=str(self.script.seed),
            touch=False,  # looking after some hundred people for a quarter is another story, told by bench/touch.py
        )
        id = f"{community.id}/review/{at:%Y-%m-%dT%H%M}"
        gateway = self.room.gateway
        before = self._waited_for(community)
        gateway.start(turns.REVIEW, asked, id=id, attributes={"TrellisCommunity": community.id})
        summary: ReviewSummary = self._result(id, turns.ReviewSummary)
        self._until(partial(self._is_calm, community), "moves and runs that wait for somebody")
        return None, {**_told(summary.parts, community), **_difference(before, self._waited_for(community))}

    def _is_calm(self, community: "Community") -> bool:
        """Nobody is waited for, and nothing that effects asked for is still to be started or under way."""
        from operations.ports.runs import RUNNING

        def look() -> bool:
            memory, id = self.room.memory, community.id
            if memory.effects.to_start(id, limit=1):
                self._send_out(id)  # what the schedule would do within a minute
                return False
            waiting = self._waited_for(community).get("open", 0)
            return not waiting and not memory.runs.runs(id, status=RUNNING, limit=1)

        return patiently(look)

    def _send_out(self, community: str) -> None:
        """Begin the outbox's workflow, unless it runs."""
        from workflows import turns

        given = turns.OutboxInput(community=community)
        attributes = {"TrellisCommunity": community}
        self.room.gateway.start(turns.OUTBOX, given, id=f"{community}/outbox", attributes=attributes, again=True)

    def _waited_for(self, community: "Community") -> Mapping[str, int]:
        return patiently(lambda: self.room.memory.memberships.counts(community.id))

    # ------------------------------------------------------------------------------------------------------- contest
    def _contest(self, community: "Community") -> tuple[str, dict[str, Any]]:
        """The photo contest, by itself, on its own clock."""
        crowd = max(40, self.script.members // 10)
        run, result = self._run(community, CONTEST, OPENS, self.script.scale, crowd, {})
        seen = self.room.gateway.look(run.id)
        visits = patiently(lambda: self.room.memory.runs.visits(run.id))
        works = patiently(lambda: self.room.memory.runs.works(run.id, "entries"))
        ranking = patiently(lambda: ranking_of(self.room.memory, run.id))
        if not ranking:
            raise Unfinished(f"the contest {run.id} ended with {result.end} and no winners")
        counts = {
            "phases": len(visits),
            "entries": len(works),
            "winners": len(ranking),
            "history events": seen.events if seen else 0,
            "ended": f"{result.end} on {_day(result.at, community)}",
        }
        return run.id, counts

    def _run(
        self, community: "Community", task: str, at: datetime, scale: str, crowd: int, args: Mapping[str, Any]
    ) -> tuple["Run", "RunResult"]:
        """Start a task with simulated participants and wait until it has ended."""
        from workflows.launch import Launcher
        from workflows.steps import RunResult

        launcher = Launcher(self.room.memory.house, self.room.gateway)
        run = patiently(
            lambda: launcher.start(
                task,
                community=community.id,
                args=args,
                at=at,
                key=f"demo/{task}",
                scale=scale,
                rehearsed=True,
                crowd=crowd,
                seed=self.script.seed,
            )
        )
        result: RunResult = self._result(run.id, RunResult)
        return run, result

    # ----------------------------------------------------------------------------------------- programme and journey
    def _part(self, community: "Community", part: Part) -> tuple[None, dict[str, Any]]:
        """One task of the programme, which must come to something."""
        run, result = self._run(community, part.task, PROGRAMME_OPENS, part.scale, part.crowd, part.args)
        told = patiently(lambda: part.told(Came(self.room.memory, community, run)))
        empty = [what for what, count in told.items() if not count]
        if result.end != "end" or empty:
            lacking = f" without {', '.join(empty)}" if empty else ""
            raise Unfinished(f"{part.mode}: {run.id} ended with {result.end}{lacking}")
        return None, {**told, "ended": _day(result.at, community)}

    def _journey(self) -> tuple[None, dict[str, Any]]:
        """One member from being spotted to being honorary, in a community with a clock of its own."""
        from cli.journey import Journey, Mark, Stopped

        def say(mark: Mark) -> None:
            self.out.say(f"          {mark.day}  {mark.what}: {mark.detail}")

        try:
            marks = Journey(self.room, self.script.specs, say=say).play()
        except Stopped as stopped:
            raise Unfinished(f"the journey stopped: {stopped}") from stopped
        return None, {"steps": len(marks), "from": marks[0].day, "to": marks[-1].day}

    def _loop(self, community: "Community", run: str) -> tuple[None, dict[str, Any]]:
        """What the contest changed in what is known of its winners: the way back from doing to deciding."""
        from rules.reading import Reading

        ranking = patiently(lambda: ranking_of(self.room.memory, run))
        winners = [str(line["author"]) for line in ranking]
        wins = Reading("contest_wins", "365d")

        def read(at: datetime) -> dict[str, Any]:
            frame = self.room.memory.measures(community).frame(
                "member", [wins], at=at, zone=community.zone, subjects=winners
            )
            return dict(zip(frame["subject"].to_list(), frame[wins.key].to_list(), strict=True))

        before, after = patiently(lambda: read(OPENS)), patiently(lambda: read(CLOSING))
        changed = [member for member in winners if before.get(member) != after.get(member)]
        if not changed:
            raise Unfinished("the contest changed nothing that is known of its winners")
        shown = {member: f"{before.get(member)} → {after.get(member)}" for member in changed[:PROOF]}
        return None, {"winners whose wins changed": len(changed), **shown}

    # ----------------------------------------------------------------------------------------------------------- end
    def _books(self, community: "Community") -> tuple[None, dict[str, Any]]:
        """Nothing runs any more, nothing failed, and everything adds up."""
        from operations.books import check_books

        gateway, id = self.room.gateway, community.id
        mine = f"TrellisCommunity = '{id}'"
        self._until(lambda: gateway.count(f"{mine} AND ExecutionStatus = 'Running'") == 0, "workflows that run")
        closed = gateway.count(f"{mine} AND ExecutionStatus = 'Completed'")
        bad = gateway.list(f"{mine} AND ExecutionStatus IN ('Failed', 'Terminated', 'TimedOut')")
        if bad:
            raise Unfinished(f"{len(bad)} workflows did not end well, {bad[0].id} for one")
        books = patiently(lambda: check_books(self.room.memory.desk, community))
        if not books.balance:
            raise Unfinished(f"the books do not balance: {books.findings[0]}")
        counts = {"workflows completed": closed, "decisions in the chain": books.decisions, "effects": books.deeds}
        return None, {**counts, "points given": books.points, "findings": 0}

    def _result(self, workflow: str, kind: type[T]) -> T:
        """Wait for a workflow's result, and say so when something in it fails for good."""
        from temporalio.client import WorkflowFailureError

        until = time.monotonic() + TOO_LONG
        while time.monotonic() < until:
            try:
                result: T = self.room.gateway.result(workflow, LOOK_EVERY, kind)
            except WorkflowFailureError as failure:
                raise Unfinished(f"{workflow} failed: {failure.cause}") from failure
            except TimeoutError:
                for trouble in self.room.gateway.troubles(workflow):
                    if trouble.attempt >= HOPELESS:
                        failing = f"{trouble.activity} of {workflow} failed {trouble.attempt} times"
                        raise Unfinished(f"{failing}: {trouble.why}") from None
            else:
                return result
        raise Unfinished(f"after {TOO_LONG:.0f} s there are still steps to do in {workflow}")

    def _until(self, condition: Callable[[], bool], what: str) -> None:
        until = time.monotonic() + TOO_LONG
        while not condition():
            if time.monotonic() > until:
                raise Unfinished(f"after {TOO_LONG:.0f} s there are still {what}")
            time.sleep(0.3)


def _day(at: datetime, community: "Community") -> str:
    return at.astimezone(community.zone).date().isoformat()


def _told(parts: Mapping[str, Mapping[str, int]], community: "Community") -> dict[str, int]:
    """What a review came to, in the words of people: its moves, its waiting, its rules."""
    found: dict[str, int] = {}
    for part, counts in parts.items():
        ladder = part in community.ladders
        for name, count in counts.items():
            if ladder and name in ("promote", "keep", "grace", "demote"):
                word = name
            elif name.startswith("moved:"):
                word = "moved silently" if ladder else "changed stage"
            elif name.startswith("fired:"):
                word = "rules fired"
            elif name in ("observation_begins", "effects"):
                word = name.replace("_", " ")
            else:
                continue
            found[word] = found.get(word, 0) + count
    return found


def _difference(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    return {name: count - before.get(name, 0) for name, count in after.items() if count != before.get(name, 0)}


def _in_words(counts: Mapping[str, Any]) -> str:
    return ", ".join(f"{n:,} {what}" if isinstance(n, int) else f"{what} {n}" for what, n in counts.items())
