"""Characters: who lives in a generated community, and how each of them comes and goes over a year.

A character says how often somebody comes, how that changes, how good and how helpful they are. Shares are of the whole
community; the few who stand high already are counted, not drawn, since their seats are counted too.
"""

from __future__ import annotations

from bisect import bisect
from dataclasses import dataclass, field
from itertools import accumulate
from random import Random


@dataclass(frozen=True, slots=True)
class Character:
    """One way of taking part.

    Args:
        share: how many of a thousand members are like this.
        comes: chance to come on an ordinary day, lowest and highest.
        course: how that changes: steady | rising | fading | arriving.
        posts: chance of a post on a day they come.
        reads: pieces read on a day they come, on average.
        replies: replies on a day they come, on average.
        helpful: chance that a reply helps.
        quality: mean quality of their pieces, lowest and highest.
        tier: where they stand at the beginning.
        stages: stages at the beginning and their chances in percent; the rest has none.
        strikes: upheld complaints in the last half year, fewest and most.
    """

    name: str
    share: int
    comes: tuple[float, float]
    course: str
    posts: float
    reads: float
    replies: float
    helpful: float
    quality: tuple[float, float]
    tier: str = "base"
    stages: tuple[tuple[str, int], ...] = ()
    strikes: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Person:
    """One generated member, before anything happened.

    Args:
        joined: days before the end of the year.
        chances: for each day, the latest first, how likely they come; the season is not in it yet.
        quality: mean quality of their pieces.
    """

    place: int
    id: str
    who: Character
    draw: Random
    joined: int
    stage: str
    origin: str
    interests: tuple[str, ...]
    skills: tuple[str, ...]
    car: str
    city: str
    motive: str
    consent: bool
    quality: float
    chances: list[float] = field(repr=False)


LURKER = Character("lurker", 430, (0.01, 0.10), "steady", 0.01, 0.8, 0.02, 0.2, (0.30, 0.60))
CASUAL = Character("casual", 205, (0.04, 0.17), "steady", 0.14, 1.1, 0.3, 0.4, (0.40, 0.72), stages=(("emerging", 8),))
RISER = Character("riser", 110, (0.20, 0.50), "rising", 0.26, 1.2, 0.6, 0.5, (0.57, 0.85), stages=(("emerging", 18),))
NEWCOMER = Character("newcomer", 90, (0.10, 0.45), "arriving", 0.12, 1.2, 0.5, 0.3, (0.40, 0.75))
STEADY = Character(
    "steady", 75, (0.22, 0.55), "steady", 0.22, 1.2, 0.9, 0.55, (0.50, 0.80), "active", (("active", 35), ("mature", 8))
)
FADER = Character(
    "fader", 55, (0.28, 0.55), "fading", 0.20, 1.2, 0.8, 0.5, (0.50, 0.78), "active", (("active", 30), ("mature", 12))
)
TROUBLE = Character("trouble", 9, (0.15, 0.50), "steady", 0.35, 1.2, 1.2, 0.1, (0.30, 0.65), strikes=(1, 3))
QUARREL = Character("quarrel", 6, (0.20, 0.50), "steady", 0.25, 1.2, 1.5, 0.2, (0.45, 0.70), "active", strikes=(2, 3))
STAR = Character(
    "star", 20, (0.72, 0.95), "steady", 0.30, 2.5, 1.4, 0.75, (0.74, 0.92), "active", (("active", 80), ("mature", 5))
)
PILLAR = Character(
    "pillar", 0, (0.55, 0.90), "steady", 0.30, 2.5, 1.6, 0.8, (0.72, 0.92), "core", (("active", 45), ("mature", 55))
)
TIRED = Character("tired", 0, (0.40, 0.60), "fading", 0.20, 1.2, 0.2, 0.6, (0.50, 0.62), "core", (("mature", 100),))
VOICE = Character(
    "voice", 0, (0.60, 0.92), "steady", 0.35, 2.5, 1.6, 0.8, (0.78, 0.94), "ambassador", (("mature", 100),)
)

DRAWN = (LURKER, CASUAL, RISER, NEWCOMER, STEADY, FADER, TROUBLE, QUARREL, STAR)
_UP_TO = tuple(accumulate(c.share for c in DRAWN))


def few(size: int) -> tuple[int, int]:
    """How many members of a community of this size are core and ambassador already: fewer than there are seats."""
    return min(24, max(2, size * 6 // 1000)), min(8, max(1, size * 2 // 1000))


def character(place: int, size: int, draw: Random) -> Character:
    """Whom the member at this place is like; the first places are those of the few who stand high."""
    core, ambassadors = few(size)
    if place < ambassadors:
        return VOICE
    if place < ambassadors + core:
        return TIRED if (place - ambassadors) % 5 == 4 else PILLAR
    return DRAWN[min(bisect(_UP_TO, draw.random() * _UP_TO[-1]), len(DRAWN) - 1)]


def presence(who: Character, draw: Random, days: int, joined: int) -> list[float]:
    """The chance that the member comes, for each of the last `days` days, the latest first, before the season is known.

    Args:
        joined: so many days ago; nobody comes before.
    """
    lowest, highest = who.comes
    base = lowest + (highest - lowest) * draw.betavariate(1.5, 2.2)
    known = min(days, joined + 1)
    if who.course == "rising":
        turn, before = 6 + int(draw.random() ** 1.3 * 160), base * 0.18
        chances = [base] * min(turn, known) + [before] * max(0, known - turn)
    elif who.course == "fading":
        turn, left = 18 + int(draw.random() ** 1.3 * 165), base * draw.random() * 0.25
        chances = [left] * min(turn, known) + [base] * max(0, known - turn)
    elif who.course == "arriving":
        stays = draw.random() < 0.45
        chances = [base if stays else base * 0.94 ** (joined - day) for day in range(known)]
    else:
        chances = [base] * known
    return chances
