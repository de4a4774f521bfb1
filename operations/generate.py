"""Generate: a community of any size for `specs/auto`, with a year of facts, for demos, benches and rehearsals.

The same seed, size and moment give the same bytes. Members come and go as people do: most only read, a few carry the
place, some have just arrived, some are on their way out; weekends are busier, holidays quieter. Reviews that follow
each other towards the end of the year promote, keep, warn and demote real numbers of them, and move their stages.

`write_members` and `write_facts` write what `trellis import members` and `trellis import facts` read.
"""

from __future__ import annotations

import gzip
import io
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from functools import cached_property
from itertools import islice
from pathlib import Path
from random import Random
from typing import TextIO

from operations.characters import Person, character, presence
from operations.deeds import COLUMNS, Deeds
from operations.sayings import answer_for, entry_for, scores_for

__all__ = [
    "FACT_COLUMNS",
    "MEMBER_COLUMNS",
    "Population",
    "answer_for",
    "entry_for",
    "scores_for",
    "write_facts",
    "write_members",
]

DAYS = 365
LOCAL = timezone(timedelta(hours=8))  # the zone of specs/auto; it keeps no summer time
FACT_COLUMNS = COLUMNS
MEMBER_COLUMNS = (
    "id", "joined", "tier", "stage", "origin", "consent", "registered",
    "car_model", "city", "interests", "skills", "motive",
)  # fmt: skip

_CARS = ("sedan-e", "suv-x", "mpv-v")
_CITIES = ("上海", "北京", "广州", "深圳", "成都", "杭州", "武汉", "西安", "重庆", "南京")
_FIELDS = ("tuning", "audio", "long-distance", "photography", "smart-driving", "family-travel")
_SKILLS = ("script", "camera", "driving", "editing", "music", "writing", "photography", "structure", "research")
_MOTIVES = ("helping", "expertise", "organising", "creating")
_ORIGINS = (("private_domain", 50), ("public_domain", 35), ("both", 15))
_CHUNK = 200


@dataclass(frozen=True)
class Population:
    """A generated community: everything follows from these three.

    Args:
        seed: another seed is another community.
        size: members, at least 20.
        at: the end of the year of facts; nothing happens after it. Timezone-aware.
    """

    seed: int
    size: int
    at: datetime

    def __post_init__(self) -> None:
        if self.size < 20:
            raise ValueError(f"a community of {self.size} cannot fill its tiers: generate at least 20 members")
        if self.at.tzinfo is None:
            raise ValueError(f"{self.at.isoformat()} says no zone: give a moment with one, such as UTC")

    @cached_property
    def today(self) -> date:
        """The last local day."""
        return self.at.astimezone(LOCAL).date()

    @cached_property
    def _step(self) -> int:
        """A stride that visits every number once, so that high standings are spread over the ids."""
        step = max(7, round(self.size * 0.618))
        while math.gcd(step, self.size) != 1:
            step += 1
        return step

    def member_id(self, place: int) -> str:
        """The id of the member at a place; places run from 0 and begin with those who stand high."""
        return f"m{(place * self._step) % self.size + 1:0{len(str(self.size))}}"

    def person(self, place: int) -> Person:
        """The member at a place. Their later deeds draw on `draw`, so that a person is made anew for each use."""
        draw = Random(f"{self.seed}/{self.size}/{place}")
        who = character(place, self.size, draw)
        if who.course == "arriving":
            joined = 2 + int(draw.random() * 95)
        elif who.tier == "base":
            joined = 40 + int(draw.random() ** 1.5 * 1500)
        else:
            joined = 420 + int(draw.random() * 1300)
        chances = presence(who, draw, DAYS, joined)
        return Person(
            place=place,
            id=self.member_id(place),
            who=who,
            draw=draw,
            joined=joined,
            stage=_lot(draw, who.stages),
            origin=_lot(draw, _ORIGINS),
            interests=tuple(draw.sample(_FIELDS, 1 + int(draw.random() * 2.4))),
            skills=tuple(draw.sample(_SKILLS, 1 + int(draw.random() * 2.8))),
            car=_CARS[int(draw.random() ** 1.3 * 3)],
            city=_CITIES[int(draw.random() ** 1.4 * len(_CITIES))],
            motive=draw.choice(_MOTIVES),
            consent=draw.random() >= 0.015,
            quality=who.quality[0] + (who.quality[1] - who.quality[0]) * draw.random(),
            chances=chances,
        )

    def people(self) -> Iterator[Person]:
        """All members, in the order of their places."""
        return (self.person(place) for place in range(self.size))

    def member_lines(self) -> Iterator[str]:
        """The members as lines of CSV, the header first."""
        yield ",".join(MEMBER_COLUMNS)
        for p in self.people():
            day = self.today - timedelta(days=p.joined)
            minute = p.place % 60
            unknown = p.draw.random()  # a few never said where they live or what they drive
            yield (
                f"{p.id},{day.isoformat()}T07:{minute:02d}:00+08:00,{p.who.tier},{p.stage},{p.origin},"
                f"{'true' if p.consent else 'false'},true,{'' if unknown < 0.06 else p.car},"
                f"{'' if unknown > 0.95 else p.city},{';'.join(p.interests)},{';'.join(p.skills)},{p.motive}"
            )

    def fact_lines(self) -> Iterator[str]:
        """The facts of the year as lines of CSV, the header first, member by member."""
        yield ",".join(FACT_COLUMNS)
        midnight = datetime.combine(self.today, time(), LOCAL)
        deeds = Deeds(
            today=self.today,
            until=int((self.at - midnight).total_seconds()),
            days=DAYS,
            size=self.size,
            member_id=self.member_id,
            joined=lambda place: self.person(place).joined,
        )
        for p in self.people():
            yield from deeds.of(p)


def write_members(path: Path, *, seed: int, size: int, at: datetime) -> int:
    """Write the members of a generated community as CSV (gzip if the name ends in `.gz`); returns how many.

    Raises:
        ValueError: the size is under 20 or the moment has no zone.
    """
    return _write(path, Population(seed, size, at).member_lines())


def write_facts(path: Path, *, seed: int, size: int, at: datetime) -> int:
    """Write the facts of a generated community as CSV (gzip if the name ends in `.gz`); returns how many.

    Raises:
        ValueError: the size is under 20 or the moment has no zone.
    """
    return _write(path, Population(seed, size, at).fact_lines())


def _write(path: Path, lines: Iterator[str]) -> int:
    """Write the lines; returns how many there were besides the header."""
    count = -1
    with _opened(path) as file:
        while chunk := list(islice(lines, _CHUNK * 50)):
            count += len(chunk)
            file.write("\n".join(chunk))
            file.write("\n")
    return count


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    """The file to write; a packed one has no name or time in it, so that the same facts are the same bytes."""
    if path.suffix != ".gz":
        with path.open("w", encoding="utf-8", newline="\n") as file:
            yield file
        return
    with (
        path.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=5) as packed,
        io.TextIOWrapper(packed, encoding="utf-8", newline="\n") as file,
    ):
        yield file


def _lot(draw: Random, chances: tuple[tuple[str, int], ...]) -> str:
    """One of these by its percentage; none of them is empty."""
    number = draw.random() * 100
    for value, percent in chances:
        number -= percent
        if number < 0:
            return value
    return ""
