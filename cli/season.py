"""Season: the main job, from an empty database to a season that has been played, step by step, each repeatable.

A generated community with a year of facts is imported and reviewed on past days; whoever is asked for a word is
simulated; the photo contest is played from call to retrospective on a scaled clock with simulated participants; a
last review shows that what they did has changed what is known of them. Then comes the programme: one task of each other
mode and a council's year. Beside all that somebody else goes all the way from being spotted to being honorary, in a
community with a clock of its own. Everything follows from the seed.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any, TypeVar

from cli.beginnings import Founding
from cli.beside import Beside
from cli.console import Output
from cli.endings import Endings, Unfinished
from cli.outcome import Outcome, look_back, ranking_of
from cli.patience import patiently
from cli.programme import CONTEST, PROGRAMME, Came, Part, Played
from cli.programme import OPENS as PROGRAMME_OPENS
from cli.wiring import Room

if TYPE_CHECKING:
    from cli.journey import Journey, Mark
    from operations.books import Books
    from rules.spec import Community
    from workflows.turns import ReviewSummary

T = TypeVar("T")

REVIEWS = (  # mornings in Shanghai, far enough apart that everybody asked has answered in between
    datetime(2026, 11, 30, 22, tzinfo=UTC),
    datetime(2027, 1, 15, 22, tzinfo=UTC),
    datetime(2027, 3, 3, 22, tzinfo=UTC),
)
OPENS = datetime(2027, 3, 8, 2, tzinfo=UTC)  # when the contest is called
CLOSING = datetime(2027, 4, 30, 22, tzinfo=UTC)  # the last review; the generated facts go so far
AFTER = PROGRAMME_OPENS + timedelta(days=730)  # when everybody who was asked has answered and everything has ended
PROOF = 3  # members shown as proof that the loop closes


@dataclass(frozen=True, slots=True)
class Script:
    """What is played."""

    specs: Path
    data: Path  # where the generated files are kept
    seed: int = 7
    members: int = 2000
    scale: str | None = None  # of the contest, if not its own
    haste: str = "1d=5ms"  # of approvals and invitations
    whole: bool = True  # or the contest alone


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
    played: list[Played] = field(default_factory=list)
    marks: Sequence["Mark"] = ()
    books: Mapping[str, "Books"] = field(default_factory=dict)  # by community
    endings: Endings = field(init=False)

    def play(self) -> Outcome:
        """Play all of it.

        Raises:
            Unfinished: a workflow failed or did not end, or the books do not balance.
            Refusal: the specs cannot be published.
        """
        script, memory = self.script, self.room.memory
        founding = Founding(script.specs, script.data, script.seed, script.members, at=REVIEWS[0], until=CLOSING)
        with Beside(self._journey, "journey") as journey:
            self.endings = Endings(self.room, journey.alarm)
            community = self._step("publish", lambda: founding.publish(memory))
            places = [community]
            if script.whole:
                journey.start()
            self._step("import", lambda: founding.take_in(memory, community))
            self._step("people", lambda: founding.settle(memory, community))
            for at in REVIEWS:
                self._step(f"review {_day(at, community)}", partial(self._review, community, at))
            part = replace(CONTEST, crowd=max(40, script.members // 10), scale=script.scale or CONTEST.scale)
            run = self._step("contest", lambda: self._part(community, part, OPENS))
            self._step(f"review {_day(CLOSING, community)}", lambda: self._review(community, CLOSING))
            self._step("loop", lambda: self._loop(community, run))
            if script.whole:
                for part in PROGRAMME:
                    here = part.among(script.members)
                    self._step(part.mode, partial(self._part, community, here, PROGRAMME_OPENS))
                beside = self._step("journey", lambda: self._arrived(journey))
                places.append(patiently(lambda: memory.specs.current(beside)))
        self._step("books", lambda: self._books(places))
        return patiently(lambda: look_back(memory, community, AFTER, run, self.played, self.marks))

    def _step(self, name: str, work: Callable[[], tuple[T, Mapping[str, Any]]]) -> T:
        began = time.monotonic()
        with self.out.progress(name):
            made, counts = work()
        done = Step(name, round(time.monotonic() - began, 2), counts)
        self.steps.append(done)
        self.out.say(f"{done.seconds:6.1f} s  {name}: {_in_words(counts)}")
        return made

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
        before = self.endings.waited_for(community)
        self.room.gateway.start(turns.REVIEW, asked, id=id, attributes={"TrellisCommunity": community.id})
        summary: ReviewSummary = self.endings.result(id, turns.ReviewSummary)
        self.endings.calm(community)
        return None, {**_told(summary.parts, community), **_difference(before, self.endings.waited_for(community))}

    # --------------------------------------------------------------------------------------------------- the programme
    def _part(self, community: "Community", part: Part, at: datetime) -> tuple[str, dict[str, Any]]:
        """One task with simulated participants on its own clock, which must come to something."""
        from workflows.launch import Launcher
        from workflows.steps import RunResult

        launcher = Launcher(self.room.memory.house, self.room.gateway)
        run = patiently(
            lambda: launcher.start(
                part.task,
                community=community.id,
                args=part.args,
                at=at,
                key=f"demo/{part.task}",
                scale=part.scale,
                rehearsed=True,
                crowd=part.crowd,
                seed=self.script.seed,
            )
        )
        result: RunResult = self.endings.result(run.id, RunResult)
        self.endings.calm(community)  # what it has started is played too
        came = patiently(lambda: part.told(Came(self.room.memory, community, run)))
        empty = [what for what, count in came.items() if not count and what not in part.may_lack]
        if result.end != "end" or empty:
            lacking = f" without {', '.join(empty)}" if empty else ""
            raise Unfinished(f"{part.mode}: {run.id} ended with {result.end}{lacking}")
        ended = _day(result.at, community)
        self.played.append(Played(part.mode, run.id, ended, came))
        return run.id, {**came, "ended": ended}

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

    # ----------------------------------------------------------------------------------------------------- the journey
    def _journey(self, ending: Event) -> tuple["Journey", Sequence["Mark"]]:
        """One member from being spotted to being honorary, in a community with a clock of its own."""
        from cli.journey import Journey, Stopped

        journey = Journey(self.room, self.script.specs, ending=ending)
        try:
            return journey, journey.play()
        except Stopped as stopped:
            raise Unfinished(f"the journey stopped: {stopped}") from stopped

    def _arrived(self, beside: Beside[tuple["Journey", Sequence["Mark"]]]) -> tuple[str, dict[str, Any]]:
        """What is left of the journey is waited for; says which community it was in."""
        journey, self.marks = beside.result()
        marks = self.marks
        return journey.community, {
            "steps": len(marks),
            "from": marks[0].day,
            "to": marks[-1].day,
            "beside the season": "yes",
        }

    # ----------------------------------------------------------------------------------------------------------- end
    def _books(self, places: Sequence["Community"]) -> tuple[None, dict[str, Any]]:
        """Nothing runs any more, nothing failed, and everything adds up."""
        from operations.books import check_books

        memory = self.room.memory
        closed = sum(self.endings.over(place.id) for place in places)
        self.books = {place.id: patiently(partial(check_books, memory.desk, place)) for place in places}
        for place, books in self.books.items():
            if not books.balance:
                raise Unfinished(f"the books of {place} do not balance: {books.findings[0]}")
        counts = {
            "workflows completed": closed,
            "decisions in the chain": sum(one.decisions for one in self.books.values()),
            "effects": sum(one.deeds for one in self.books.values()),
            "accounts": sum(len(one.lines) for one in self.books.values()),
        }
        return None, {**counts, "findings": 0}


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
