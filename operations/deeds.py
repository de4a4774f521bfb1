"""Deeds: what the members of a generated community do on the days they come, as lines of facts."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from operations.characters import Person

COLUMNS = (
    "id", "member", "kind", "at", "work", "space", "score", "helpful", "minutes", "by", "to", "field", "theme",
    "nature", "public", "via", "run", "mode", "phase", "team", "other", "outcome", "part", "credit", "place", "reason",
    "detail", "how", "origin", "evidence", "topic", "depth", "originality", "passion", "sharing", "reputation",
    "followers", "enthusiasm", "expertise", "agreed", "mentor", "reads", "likes", "comments", "positive", "negative",
    "key_mentions", "leads",
)  # fmt: skip
_AT = {name: number for number, name in enumerate(COLUMNS)}
_REST = {name: "," * (len(COLUMNS) - 1 - number) for name, number in _AT.items()}  # the empty cells after a column
_THEMES = ("design", "daily-life", "smart-driving", "know-how", "journeys")
_FIRST, _LAST = 8 * 3600, 24 * 3600  # people are awake from eight; also the UTC day is the local day then


@dataclass(slots=True)
class Deeds:
    """Writes the facts of one person after another.

    Args:
        today: the last local day.
        until: seconds of the last day that have passed.
        days: length of the story in days.
        size: members.
        member_id: the id of the member at a place.
        joined: how many days ago the member at a place joined.
    """

    today: date
    until: int
    days: int
    size: int
    member_id: Callable[[int], str]
    joined: Callable[[int], int]
    _dates: list[str] = field(init=False)
    _season: list[float] = field(init=False)
    _clock: list[str] = field(init=False)

    def __post_init__(self) -> None:
        dates = [self.today - timedelta(days=d) for d in range(self.days)]
        self._dates = [d.isoformat() for d in dates]
        self._season = [_busy(d) for d in dates]
        self._clock = [f"T{s // 3600 - 8:02d}:{s // 60 % 60:02d}:{s % 60:02d}Z" for s in range(_FIRST, _LAST)]

    def of(self, p: Person) -> Iterator[str]:
        """All facts of one person, each an id of its own."""
        number = 0
        for line in self._lived(p):
            yield f"{p.id}-{number},{p.id},{line}"
            number += 1
        for about, line in self._seen(p):
            yield f"{p.id}-{number},{about},{line}"
            number += 1

    def _when(self, day: int, draw: Random) -> str:
        """A moment of a day, never after the end of the story."""
        if day == 0:
            return self._dates[0] + self._clock[int(draw.random() * min(self.until - _FIRST, len(self._clock)))]
        return self._dates[day] + self._clock[int(draw.random() ** 0.7 * 57600)]

    @property
    def _latest(self) -> int:
        """The latest day on which anything can happen: today, unless it has hardly begun."""
        return 0 if self.until > _FIRST + 60 else 1

    def _lived(self, p: Person) -> Iterator[str]:
        """Day by day: visits, reading, posts and what others say of them, replies."""
        draw, who, when, season = p.draw, p.who, self._when, self._season
        random, size, member_id = draw.random, self.size, self.member_id
        known = len(p.chances)
        works = 0
        posts, reads, replies, helpful = who.posts, who.reads, who.replies, who.helpful
        to, minutes, work = _REST["to"], _REST["minutes"], _REST["work"]
        for day in range(known - 1, self._latest - 1, -1):
            if random() >= p.chances[day] * season[day]:
                continue
            moment = when(day, draw)
            yield f"visited,{moment},,,,,{2 + int(random() * 40)}{minutes}"
            for _ in range(int(-math.log(1.0 - random()) * reads)):
                other = int(random() * size)
                yield f"read,{when(day, draw)},w-{other}-{1 + int(random() ** 2 * 30)}{work}"
            if random() < posts:
                works += 1
                yield from self._posted(p, day, works)
            for _ in range(int(-math.log(1.0 - random()) * replies + 0.5)):
                other = int(random() * size)
                useful = "true" if random() < helpful else "false"
                yield (
                    f"replied,{when(day, draw)},w-{other}-{1 + int(random() ** 2 * 30)},plaza,,{useful},,,"
                    f"{member_id(other if other != p.place else (other + 1) % size)}{to}"
                )

    def _posted(self, p: Person, day: int, number: int) -> Iterator[str]:
        """A post: where it went, how good it was, who liked it."""
        draw, when, random = p.draw, self._when, p.draw.random
        work = f"w-{p.place}-{number}"
        topic = random()
        nature = "topic" if topic < 0.34 else "talk" if topic < 0.93 else "complaint" if topic < 0.98 else "advert"
        about = p.interests[int(random() * len(p.interests))]
        public = "true" if random() < (0.5 if p.origin != "private_domain" else 0.12) else "false"
        theme = _THEMES[int(random() * 5)]
        space = "plaza" if random() < 0.7 else "private"
        yield f"posted,{when(day, draw)},{work},{space},,,,,,{about},{theme},{nature},{public}{_REST['public']}"
        if random() < 0.85:
            score = min(0.99, max(0.01, draw.gauss(p.quality, 0.09)))
            yield f"rated,{when(max(self._latest, day - 1), draw)},{work},,{score:.2f},,,,,{about}{_REST['field']}"
        for _ in range(int(-math.log(1.0 - random()) * 3 * p.quality)):
            later = max(self._latest, day - int(random() * 4))
            friend = self.member_id((p.place + 1 + int(random() * (self.size - 1))) % self.size)
            yield f"liked,{when(later, draw)},{work},,,,,{friend}{_REST['by']}"

    def _seen(self, p: Person) -> Iterator[tuple[str, str]]:
        """What others saw in the person, and what the person did with others; whom it is about, and the rest."""
        draw, who, when = p.draw, p.who, self._when
        random = draw.random
        me, first = p.id, self._latest
        known = len(p.chances)
        for _ in range(int(who.strikes[0] + random() * (who.strikes[1] - who.strikes[0] + 1)) if who.strikes[1] else 0):
            day = first + int(random() * min(known - first, 170))
            yield me, _row("struck", when(day, draw), reason=("spam", "abuse", "faked")[int(random() * 3)])
        if who.name in ("casual", "riser", "newcomer") and not p.stage and random() < 0.09:
            yield from self._promising(p)
        if p.stage == "emerging":
            for _ in range(int(random() * 5)):
                day = first + int(random() * min(known - first, 170))
                yield (
                    me,
                    _row(
                        "touched", when(day, draw), by=_staff(p), how=("liked", "discussed", "met")[int(random() * 3)]
                    ),
                )
        if who.tier != "base":
            good = who.name in ("star", "pillar", "voice")
            for day in range(20 + int(random() * 40), known, 60):
                marks = {
                    m: str((4 if good else 2) + int(random() * (2 if good else 3))) for m in ("enthusiasm", "expertise")
                }
                yield me, _row("host_rating", when(day, draw), by="staff-host", **marks)
        if who.name in ("star", "pillar", "voice", "tired"):
            yield me, _row("nda", when(min(known - 1, 300), draw), agreed="true")
            for _ in range(12 + int(random() * 10)):
                yield me, _row("touched", when(first + int(random() * 350), draw), by=_staff(p), how="discussed")
            yield from self._together(p)
        if who.name == "star":
            since = 105 + int(random() * 190)  # days since they began to read along, a handful a day
            for n in range(since * 11 // 2):
                work = f"w-{int(random() * self.size)}-{1 + n % 30}"
                yield me, f"read,{when(first + int(random() * since), draw)},{work}{_REST['work']}"
        if p.stage == "mature" and who.tier == "active" and random() < 0.25:
            day = first + int(random() * min(known - first, 44))
            yield me, _row("cannot_go_on", when(day, draw), reason=("life", "interest", "work")[int(random() * 3)])

    def _promising(self, p: Person) -> Iterator[tuple[str, str]]:
        """Somebody in whom promise shows: a scout files it, or first tries and answers at home show it."""
        draw, when, random = p.draw, self._when, p.draw.random
        first, known = self._latest, len(p.chances)
        if p.origin == "private_domain":
            for _ in range(3 + int(random() * 2)):
                yield (
                    p.id,
                    _row(
                        "tried",
                        when(first + int(random() * min(known - first, 90)), draw),
                        detail=str(3 + int(random() * 3)),
                    ),
                )
            return
        day = first + int(random() * min(known - first, 100))
        marks = {m: str(2 + int(random() * 4)) for m in ("depth", "originality", "passion", "sharing", "reputation")}
        yield p.id, _row(
            "spotted", when(day, draw), by="staff-scout", origin=p.origin, place="车友论坛", topic=p.interests[0],
            evidence=f"https://forum.example/p/{p.place}", followers=str(int(draw.paretovariate(1.1) * 50)), **marks,
        )  # fmt: skip

    def _together(self, p: Person) -> Iterator[tuple[str, str]]:
        """What the few do with many: teams, projects, gatherings, learners."""
        draw, who, when, random = p.draw, p.who, self._when, p.draw.random
        first, size = self._latest, self.size
        high = who.tier in ("core", "ambassador")
        for n in range(2 + int(random() * 3)):
            day, run = first + int(random() * 330), f"film-{p.place}-{n}"
            mate = self.member_id((p.place + 1 + int(random() * (size - 1))) % size)
            yield p.id, _row("finished", when(day, draw), run=run, mode="group", outcome="done")
            yield p.id, _row("teamed", when(day, draw), run=run, mode="group", team=f"{run}-a", other=mate)
        if high:
            day = first + int(random() * 330)
            yield p.id, _row("finished", when(day, draw), run=f"guide-{p.place}", mode="project-team", outcome="done")
            for n in range(6 + int(random() * 8)):
                day = first + int(random() * 330)
                yield (
                    p.id,
                    _row(
                        "accepted",
                        when(day, draw),
                        work=f"c-{p.place}-{n}",
                        mode="co-creation",
                        credit=str(1 + int(random() * 9)),
                    ),
                )
        if who.name == "tired":
            return
        guests = (130 + int(random() * 60)) if who.tier == "ambassador" else 12 if high else 0
        for n in range(guests):
            day, guest = first + int(random() * 355), (p.place * 37 + 11 + n) % size
            if self.joined(guest) > day:
                values = {"run": f"meet-{p.place}-{n // 12}", "mode": "gathering", "via": p.id, "part": "guest"}
                yield self.member_id(guest), _row("attended", when(day, draw), **values)
        for n in range((3 if who.tier == "ambassador" else int(random() * 3)) if high else 0):
            day, learner = first + int(random() * 300), (p.place * 53 + 29 + n) % size
            if self.joined(learner) > day:
                values = {"run": f"school-{p.place}", "mode": "mentorship", "via": p.id, "mentor": p.id}
                yield self.member_id(learner), _row("graduated", when(day, draw), **values)
        if p.origin != "private_domain":
            for n in range(int(random() * 6)):
                likes = int(draw.paretovariate(1.2) * 20)
                shares = {"reads": 12.0, "likes": 1, "comments": 1 / 6, "positive": 1 / 8, "negative": 1 / 40}
                shares |= {"key_mentions": 1 / 15, "leads": 1 / 90}
                figures = {name: str(int(likes * share)) for name, share in shares.items()}
                yield (
                    "",
                    _row("spread", when(first + int(random() * 300), draw), work=f"w-{p.place}-{n + 1}", **figures),
                )


def _row(kind: str, at: str, **values: str) -> str:
    """The rest of a line from its kind on."""
    cells = [""] * (len(COLUMNS) - 2)
    cells[0], cells[1] = kind, at
    for name, value in values.items():
        cells[_AT[name] - 2] = value
    return ",".join(cells)


def _staff(p: Person) -> str:
    """Which connector met somebody."""
    return f"staff-connector-{p.place % 5}"


def _busy(day: date) -> float:
    """How busy a day is: weekends more, deep winter less, the long holidays on the road and little online."""
    weekend = 1.25 if day.weekday() >= 5 else 0.95
    year = 1.0 + 0.12 * math.sin((day.timetuple().tm_yday - 80) / 365 * 2 * math.pi)
    away = 0.7 if (day.month, day.day) in _HOLIDAYS else 1.0
    return weekend * year * away


_HOLIDAYS = frozenset({(10, d) for d in range(1, 8)} | {(5, d) for d in range(1, 6)} | {(1, 1), (2, 6), (2, 7), (2, 8)})
