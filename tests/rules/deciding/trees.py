"""Random condition trees and random evidence: every node, every type, every kind of threshold, unknowns everywhere."""

from fractions import Fraction

import polars as pl
from hypothesis import strategies as st

from rules.condition import (
    AllOf,
    AnyOf,
    AtLeastOf,
    Attribute,
    Best,
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
    Same,
    Score,
    Share,
    Source,
    Titles,
)
from rules.reading import Reading
from rules.values import BOOLEAN, DATE, DURATION, INTEGER, LARGEST, SET, TEXT, Evidence, Value, ValueType

TIERS = ("base", "active", "core", "ambassador")
TIER = ValueType("tier", listed=TIERS)
WORDS = ("core", "core!", "Core", "车主", "车主同行", "", "a b", 'quo"te', "back\\slash", "None", "true", "5", "é", "𝄞")
MONEY = ValueType("money", 2, unit="CNY")
MEMBER = ValueType("member")

ATTRIBUTES: dict[str, ValueType] = {
    "tier": TIER,
    "grade@one": TIER,
    "grade@two": TIER,
    "stage": TEXT,
    "city": TEXT,
    "pinned": BOOLEAN,
    "consent": BOOLEAN,
    "tags": SET,
    "titles": SET,
    "days": INTEGER,
    "joined": DATE,
    "age": DURATION,
    "fee": MONEY,
    "by": MEMBER,
    "subject": MEMBER,
}
READINGS: dict[Reading, ValueType] = {
    Reading("posts", "30d"): INTEGER,
    Reading("posts", "90d", "90d ago"): INTEGER,
    Reading("posts", "90d", of="two"): INTEGER,
    Reading("posts", "100d", scope="community"): INTEGER,
    Reading("quality", "90d"): ValueType("decimal", 2),
    Reading("fine", "all"): ValueType("decimal", 6),
    Reading("whole", "all"): ValueType("decimal", 0),
    Reading("quiet"): DURATION,
    Reading("choice", "in_stage"): TEXT,
    Reading("seen"): BOOLEAN,
}
NUMERIC = [reading for reading, type_ in READINGS.items() if type_.numeric]
DERIVED = (Reading("share", "90d"), Reading("score", "90d"), Reading("ok", "all"))

numbers = st.one_of(
    st.integers(-4, 4),
    st.integers(-400, 400),
    st.sampled_from([LARGEST, -LARGEST, LARGEST - 1, 2**31, -(2**31), 2**52 + 1]),
)
words = st.one_of(st.sampled_from(WORDS), st.text(max_size=4).filter(lambda text: "\x00" not in text))


def value(type_: ValueType) -> st.SearchStrategy[Value]:
    """A value that passed the gate."""
    match type_.kind:
        case "tier":
            return st.sampled_from(TIERS)
        case "boolean":
            return st.booleans()
        case "set":
            return st.frozensets(words, max_size=3)
        case "text" | "member":
            return words
        case _:
            return numbers


def known_or_not(type_: ValueType) -> st.SearchStrategy[Value | None]:
    return st.one_of(st.none(), value(type_), value(type_))


@st.composite
def evidence(draw: st.DrawFn) -> Evidence:
    """What may be known of one subject; derived metrics are given now and then."""
    attributes = {name: draw(known_or_not(type_)) for name, type_ in ATTRIBUTES.items()}
    readings = {reading: draw(known_or_not(type_)) for reading, type_ in READINGS.items()}
    if draw(st.integers(0, 3)) == 0:
        readings[DERIVED[0]] = draw(st.one_of(st.none(), numbers))
        readings[DERIVED[1]] = draw(st.one_of(st.none(), numbers))
        readings[DERIVED[2]] = draw(st.one_of(st.none(), st.booleans()))
    return Evidence(attributes, readings)


def frame(rows: list[Evidence]) -> pl.DataFrame:
    """The same evidence as the memory's frames hold it."""
    columns: dict[str, pl.Series] = {"subject": pl.Series([f"m{place}" for place in range(len(rows))], dtype=pl.String)}
    for name, type_ in ATTRIBUTES.items():
        columns[name] = _series([row.attributes.get(name) for row in rows], type_)
    for reading, type_ in {**READINGS, **dict(zip(DERIVED, (DECIMAL, DECIMAL, BOOLEAN), strict=True))}.items():
        found = [row.readings.get(reading) for row in rows]
        if reading not in DERIVED or any(one is not None for one in found):
            columns[reading.key] = _series(found, type_)
    return pl.DataFrame(columns)


def _series(values: list[Value | None], type_: ValueType) -> pl.Series:
    if type_.kind == "set":
        lists = [None if one is None else sorted(one) for one in values]  # type: ignore[arg-type]
        return pl.Series(lists, dtype=pl.List(pl.String))
    dtype = pl.Int64 if type_.numeric else pl.Boolean if type_.kind == "boolean" else pl.String
    return pl.Series(values, dtype=dtype)


DECIMAL = ValueType("decimal", 2)

fractions = st.one_of(
    st.integers(-4, 4).map(Fraction),
    st.builds(Fraction, st.integers(-400, 400), st.sampled_from([1, 2, 10, 100])),
    st.builds(Fraction, st.integers(-(10**8), 10**8), st.just(10**6)),
    st.sampled_from([Fraction(LARGEST), Fraction(-LARGEST), Fraction(2**53 * 10 - 1, 10)]),
)
small = st.builds(Fraction, st.integers(-300, 300), st.sampled_from([1, 2, 100]))
maybe = st.one_of(st.none(), fractions)


def measured(reading: Reading) -> Measured:
    return Measured(reading, READINGS[reading])


@st.composite
def numeric_source(draw: st.DrawFn, depth: int = 2) -> Source:
    if depth and draw(st.integers(0, 2)) == 0:
        if draw(st.booleans()):
            above, below = draw(numeric_source(depth=depth - 1)), draw(numeric_source(depth=depth - 1))
            return Ratio(_derived(draw, 0), ValueType("decimal", draw(st.integers(0, 6))), above, below)
        parts = draw(st.lists(st.builds(Part, numeric_source(depth=depth - 1), small, maybe), min_size=1, max_size=3))
        type_ = draw(st.sampled_from([INTEGER, DECIMAL, ValueType("decimal", 6)]))
        return Score(_derived(draw, 1), type_, tuple(parts), draw(maybe), draw(maybe))
    name = draw(st.sampled_from(["days", "joined", "age", "fee", *NUMERIC]))
    return Attribute((name,), ATTRIBUTES[name]) if isinstance(name, str) else measured(name)


def _derived(draw: st.DrawFn, place: int) -> Reading:
    """Mostly a derived metric that nobody gives; now and then the one that evidence may hold."""
    given = draw(st.integers(0, 5)) == 0
    return DERIVED[place] if given else Reading(f"derived{place}", "90d")


@st.composite
def share(draw: st.DrawFn, depth: int = 1) -> Share:
    of = draw(share(depth=0)) if depth and draw(st.booleans()) else draw(numeric_source(depth=1))
    rounding = draw(st.sampled_from(["exact", "half_up", "half_even", "up", "down"]))
    return Share(of, draw(fractions), rounding, draw(maybe), draw(maybe))


number_bounds = st.one_of(fractions, fractions, share())


@st.composite
def leaf(draw: st.DrawFn, depth: int = 1) -> Condition:
    """A leaf of any type."""
    what = draw(
        st.sampled_from(["number", "number", "number", "text", "tier", "best", "truth", "set", "member", "named"])
    )
    known = draw(st.integers(0, 9)) == 0
    source: Source
    bounds: tuple = ()
    match what:
        case "number":
            source = draw(numeric_source())
            word = draw(
                st.sampled_from(["at_least", "at_most", "more_than", "less_than", "is", "is_not", "between", "one_of"])
            )
            if word == "one_of":
                word = draw(st.sampled_from(["one_of", "none_of"]))
                bounds = tuple(draw(st.lists(fractions, min_size=1, max_size=3)))
            else:
                bounds = tuple(draw(number_bounds) for _ in range(2 if word == "between" else 1))
        case "text":
            name = draw(st.sampled_from(["stage", "city", Reading("choice", "in_stage")]))
            source = Attribute((name,), TEXT) if isinstance(name, str) else measured(name)
            word = draw(st.sampled_from(["is", "is_not", "one_of", "none_of", "contains", "starts_with"]))
            bounds = tuple(draw(st.lists(words, min_size=1, max_size=3))) if word.endswith("of") else (draw(words),)
        case "tier" | "best":
            source = (
                Attribute(("grade@one", "tier"), TIER)
                if what == "tier"
                else Best("grade", ("grade@one", "grade@two"), TIER)
            )
            word = draw(st.sampled_from(["is", "is_not", "at_least", "at_most", "one_of", "none_of"]))
            several = word.endswith("of")
            bounds = tuple(draw(st.lists(st.sampled_from(TIERS), min_size=1, max_size=3 if several else 1)))
        case "truth":
            name = draw(st.sampled_from(["pinned", "consent", Reading("seen")]))
            source = Attribute((name,), BOOLEAN) if isinstance(name, str) else measured(name)
            word, bounds = draw(st.sampled_from(["is", "is_not"])), (draw(st.booleans()),)
        case "set":
            source = Attribute(("tags",), SET)
            word = draw(st.sampled_from(["contains", "one_of", "none_of"]))
            bounds = tuple(draw(st.lists(words, min_size=1, max_size=1 if word == "contains" else 3)))
        case "member":
            source = Attribute(("by",), MEMBER)
            word = draw(st.sampled_from(["is", "is_not"]))
            bounds = (Same(Attribute(("subject",), MEMBER)),)
        case _:
            inner = draw(condition(depth=depth - 1)) if depth else Fixed(None)
            source = Named(_derived(draw, 2) if draw(st.booleans()) else Reading("ok2"), inner)
            word, bounds = draw(st.sampled_from(["is", "is_not"])), (draw(st.booleans()),)
    if known:
        word, bounds = "is_known", (draw(st.booleans()),)
    return Leaf("leaf", "all", source, word, bounds)


@st.composite
def numeric_leaf(draw: st.DrawFn) -> Condition:
    """A comparison of derived metrics and shares, which exactness is hardest for."""
    word = draw(st.sampled_from(["at_least", "at_most", "more_than", "less_than", "is", "is_not", "between"]))
    source = draw(numeric_source(depth=3))
    near = st.one_of(share(), fractions)
    return Leaf("leaf", "all", source, word, tuple(draw(near) for _ in range(2 if word == "between" else 1)))


@st.composite
def titles(draw: st.DrawFn, depth: int) -> Condition:
    asked = tuple(draw(st.lists(st.sampled_from(["core", "车主", "a b"]), min_size=1, max_size=2)))
    held = tuple(
        Held(
            title,
            (title, f"{title}@one"),
            draw(condition(depth=depth - 1)) if draw(st.integers(0, 3)) == 0 else None,
            draw(condition(depth=depth - 1)) if draw(st.integers(0, 3)) == 0 else None,
        )
        for title in asked
    )
    return Titles("titles", "all", "one_of", asked, AnyOf(held))


def condition(depth: int = 3) -> st.SearchStrategy[Condition]:
    """A random tree."""
    if depth <= 0:
        return leaf(depth=0)
    deeper = condition(depth - 1)
    several = st.lists(deeper, min_size=1, max_size=3).map(tuple)
    return st.one_of(
        leaf(depth=1),
        leaf(depth=1),
        st.builds(AllOf, several),
        st.builds(AnyOf, several),
        st.builds(Not, deeper),
        st.builds(ExactlyOne, st.lists(deeper, min_size=2, max_size=3).map(tuple)),
        st.lists(deeper, min_size=2, max_size=4).flatmap(
            lambda nodes: st.integers(1, len(nodes)).map(lambda count: AtLeastOf(count, tuple(nodes)))
        ),
        titles(depth),
        st.sampled_from([Fixed(True), Fixed(False), Fixed(None)]),
    )
