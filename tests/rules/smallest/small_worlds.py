"""Small worlds: random conditions over a handful of values, each with so few others that all can be tried."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from random import Random

from rules.condition import (
    AllOf,
    AnyOf,
    AtLeastOf,
    Attribute,
    Condition,
    ExactlyOne,
    Fixed,
    Held,
    Leaf,
    Measured,
    Named,
    Not,
    Part,
    Ratio,
    Score,
    Share,
    Source,
)
from rules.evaluate import truth
from rules.reading import Reading
from rules.smallest import ASKING, Cost, Lever
from rules.values import BOOLEAN, INTEGER, SET, TEXT, Evidence, Value, ValueType

TIER = ValueType("tier", listed=("base", "active", "core"))
TENTH = ValueType("decimal", 1)
POSTS, HELPS, GUIDES = Reading("posts", "90d"), Reading("helps", "30d"), Reading("guides", "90d")
QUALITY, EVERYBODY = Reading("quality", "90d"), Reading("posts", "100d", scope="community")
KEYS: dict[Reading | str, ValueType] = {
    POSTS: INTEGER,
    HELPS: INTEGER,
    GUIDES: INTEGER,
    QUALITY: TENTH,
    "days_in_tier": INTEGER,
    "consent": BOOLEAN,
    "tier": TIER,
    "city": TEXT,
    "titles": SET,
}
DOMAIN = 7  # whole numbers from 0 to 6, tenths from 0.0 to 0.6
LEVERS = (Lever("do", "wait", low=0), Lever("do", None, low=0), Lever("do", "do", low=0), Lever("wait", "do", low=0))


@dataclass(frozen=True)
class World:
    """A condition, a member, and how their values can move."""

    condition: Condition
    evidence: Evidence
    levers: dict[Reading | str, Lever]
    wanted: bool
    surely: bool

    def lever(self, key: Reading | str, type_: ValueType) -> Lever:
        return self.levers.get(key, Lever())

    def moved(self, values: Mapping[Reading | str, Value]) -> Evidence:
        """What would be known if these values were so."""
        return Evidence(
            {**self.evidence.attributes, **{key: value for key, value in values.items() if isinstance(key, str)}},
            {**self.evidence.readings, **{key: value for key, value in values.items() if not isinstance(key, str)}},
        )

    def flips(self, evidence: Evidence) -> bool:
        found = truth(self.condition, evidence)
        return found is self.wanted or (found is None and not self.surely)


def world(random: Random) -> World:
    """A random one: at most four values of it move."""
    keys = random.sample(list(KEYS), 4)
    numbers = [key for key in keys if KEYS[key].numeric]
    levers: dict[Reading | str, Lever] = {}
    for key in keys:
        if random.random() < 0.9:
            if not KEYS[key].numeric or random.random() < 0.1:
                levers[key] = Lever("others", "others", low=0)
            else:
                levers[key] = random.choice(LEVERS)
    attributes: dict[str, Value | None] = {}
    readings: dict[Reading, Value | None] = {EVERYBODY: random.choice([None, 10, 20, 40])}
    for key in keys:
        value = None if random.random() < 0.15 else random.choice(_values(KEYS[key]))
        if isinstance(key, str):
            attributes[key] = value
        else:
            readings[key] = value
    condition = _tree(random, keys, numbers, random.choice([0, 1, 1, 2, 2, 3]))
    return World(condition, Evidence(attributes, readings), levers, random.random() < 0.7, random.random() < 0.7)


def every_change(world: World, up_to: Cost | None) -> Iterator[tuple[Cost, dict[Reading | str, Value]]]:
    """Every change of the world's values to others of the domain that its levers allow, if it costs no more than so."""
    choices = []
    for key, lever in world.levers.items():
        now = world.evidence.attributes.get(key) if isinstance(key, str) else world.evidence.readings.get(key)
        choices.append([(key, None, 0, ""), *_ways(key, KEYS[key], now, lever)])
    for chosen in itertools.product(*choices):
        hows = [how for _, _, _, how in chosen if how]
        cost = Cost(
            sum([steps for _, _, steps, _ in chosen]) + ASKING * hows.count("others"), len(hows), hows.count("wait")
        )
        if up_to is None or cost <= up_to:
            yield cost, {key: value for key, value, _, how in chosen if how}


def _ways(key, type_, now, lever):  # type: ignore[no-untyped-def]
    for value in _values(type_):
        if value == now:
            continue
        if type_.kind == "set":
            steps = 1 if now is None else len(value ^ now)
            yield key, value, steps, lever.up
        elif not type_.numeric or now is None:
            how = "do" if type_.numeric and "do" in (lever.up, lever.down) else lever.up or lever.down
            if type_.kind == "boolean" and type_.numeric is False:
                how = (lever.up if value else lever.down) or how
            yield key, value, 1, how
        else:
            how = lever.up if value > now else lever.down
            if how is not None:
                yield key, value, abs(value - now), how


def _values(type_: ValueType) -> list[Value]:
    match type_.kind:
        case "boolean":
            return [True, False]
        case "tier":
            return list(type_.listed)
        case "text":
            return ["north", "south", "…"]
        case "set":
            return [frozenset(), frozenset({"host"}), frozenset({"judge"}), frozenset({"host", "judge"})]
        case _:
            return list(range(DOMAIN))


def _source(random: Random, key: Reading | str) -> Source:
    return Attribute((key,), KEYS[key]) if isinstance(key, str) else Measured(key, KEYS[key])


def _tree(random: Random, keys: list[Reading | str], numbers: list[Reading | str], depth: int) -> Condition:
    if not depth:
        return _leaf(random, keys, numbers)
    nodes = tuple(_tree(random, keys, numbers, random.randrange(depth)) for _ in range(random.randint(1, 3)))
    match random.randrange(7):
        case 0 | 1:
            return AllOf(nodes)
        case 2 | 3:
            return AnyOf(nodes)
        case 4:
            return ExactlyOne(nodes)
        case 5:
            return AtLeastOf(random.randint(1, len(nodes)), nodes)
        case _:
            return Not(nodes[0])


def _leaf(random: Random, keys: list[Reading | str], numbers: list[Reading | str]) -> Condition:
    if random.random() < 0.03:
        return Fixed(random.choice([True, False, None]))
    if len(numbers) >= 2 and random.random() < 0.3:
        return _together(random, numbers)
    key = random.choice(keys)
    type_, source = KEYS[key], _source(random, key)
    name, over = (key, "all") if isinstance(key, str) else (key.name, key.text)
    if random.random() < 0.08:
        return Leaf(name, over, source, "is_known", (random.random() < 0.5,))
    match type_.kind:
        case "boolean":
            leaf = Leaf(name, over, source, random.choice(["is", "is_not"]), (random.random() < 0.5,))
            if random.random() < 0.3:
                return Leaf("ok", "all", Named(Reading("ok"), leaf), "is", (random.random() < 0.7,))
            return leaf
        case "tier":
            word = random.choice(["is", "is_not", "at_least", "at_most"])
            return Leaf(name, over, source, word, (random.choice(TIER.listed),))
        case "text":
            return Leaf(name, over, source, random.choice(["is", "is_not"]), (random.choice(["north", "south"]),))
        case "set":
            while_ = _leaf(random, [k for k in keys if k != key] or keys, []) if random.random() < 0.3 else None
            return Held("host", (random.choice(["host", "judge"]),), None, while_)
    word = random.choice(["at_least", "at_least", "at_most", "more_than", "less_than", "is", "is_not", "between"])
    scale = type_.scale
    bounds = [Fraction(random.randint(0, 6), scale) + random.choice([0, 0, 0, Fraction(1, 20)]) for _ in range(2)]
    if word == "between":
        return Leaf(name, over, source, word, tuple(sorted(bounds)))
    if random.random() < 0.2:
        of: Source = Measured(EVERYBODY, INTEGER)
        rounding = random.choice(["exact", "up", "down", "half_even"])
        share = Share(
            of, Fraction(random.choice([5, 10, 15])), rounding, Fraction(4), random.choice([None, Fraction(1)])
        )
        return Leaf(name, over, source, word, (share,))
    return Leaf(name, over, source, word, (bounds[0],))


def _together(random: Random, numbers: list[Reading | str]) -> Condition:
    """A leaf over several values."""
    one, two = random.sample(numbers, 2)
    word = random.choice(["at_least", "at_least", "more_than", "at_most", "less_than", "is"])
    match random.randrange(3):
        case 0:
            ratio = Ratio(Reading("ratio", "90d"), ValueType("decimal", 1), _source(random, one), _source(random, two))
            return Leaf("ratio", "90d", ratio, word, (Fraction(random.randint(0, 30), 10),))
        case 1:
            parts = tuple(
                Part(
                    _source(random, key), Fraction(random.choice([-2, 1, 1, 2, 3])), random.choice([None, Fraction(3)])
                )
                for key in random.sample(numbers, random.randint(1, min(3, len(numbers))))
            )
            low, high = random.choice([(None, None), (Fraction(0), Fraction(12))])
            return Leaf(
                "score",
                "90d",
                Score(Reading("score", "90d"), INTEGER, parts, low, high),
                word,
                (Fraction(random.randint(0, 14)),),
            )
        case _:
            share = Share(_source(random, two), Fraction(random.choice([50, 100, 30])), "exact", None, None)
            name, over = (one, "all") if isinstance(one, str) else (one.name, one.text)
            return Leaf(name, over, _source(random, one), word, (share,))
