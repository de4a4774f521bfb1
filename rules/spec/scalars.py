"""Scalars: how plain values are spelled. Ids, counts, decimals, money, durations, moments, references."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from typing import Annotated, Any, NamedTuple

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from rules.spec.diagnostics import listed, nearest
from rules.spec.node import mistake, shown, wrong_shape

BIG = 2**53

_DURATION = re.compile(r"[1-9][0-9]{0,4}(min|h|d|w|mo|y|bd|bh)")
_ID = re.compile(r"[a-z][a-z0-9]*([_-][a-z0-9]+)*")
_KINDS = "tier|stage|role|title|cohort|space|channel|budget|stock|fleet|benefit|message|task"
_REF = re.compile(
    r"everyone|none|\$[a-z][a-z0-9_]*|(" + _KINDS + r"):[a-z][a-z0-9]*([_-][a-z0-9]+)*|"
    r"[a-z][a-z0-9]*([_-][a-z0-9]+)*(\.[a-z][a-z0-9]*([_-][a-z0-9]+)*)?"
)
WINDOW_WORDS = (
    "all", "this_week", "last_week", "this_month", "last_month", "this_year", "last_year", "in_tier", "in_stage",
)  # fmt: skip


def _is_day(value: Any) -> bool:
    if not (isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value)):
        return False
    try:
        datetime.date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _is_moment(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    day, space, clock = value.partition(" ")
    return _is_day(day) and (not space or bool(_CLOCK.fullmatch(clock)))


_CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
MIDNIGHT = "24:00"
"""How hours end that last until the day is over."""


def _is_hours(value: Any) -> bool:
    if not isinstance(value, str) or not re.fullmatch(r"\S{5}-\S{5}", value):
        return False
    return bool(_CLOCK.fullmatch(value[:5]) and (value[6:] == MIDNIGHT or _CLOCK.fullmatch(value[6:])))


def _is_day_of_year(value: Any) -> bool:
    return isinstance(value, str) and bool(re.fullmatch(r"[0-9]{2}-[0-9]{2}", value)) and _is_day("2024-" + value)


def _matches(pattern: str) -> Callable[[Any], bool]:
    compiled = re.compile(pattern)
    return lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None


def _whole(low: int, high: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


class Spelling(NamedTuple):
    """One way of writing a plain value."""

    fits: Callable[[Any], bool]
    says: str  # what it is, with an example, for messages
    schema: dict[str, Any]  # for editors


def _text(pattern: str, says: str) -> Spelling:
    return Spelling(_matches(pattern), says, {"type": "string", "pattern": f"^({pattern})$"})


def _number(low: int, high: int, says: str) -> Spelling:
    return Spelling(_whole(low, high), says, {"type": "integer", "minimum": low, "maximum": high})


SPELLINGS: dict[str, Spelling] = {
    "id": _text(_ID.pattern, "an id such as owners-council"),
    "name": _text(_ID.pattern + r"(\." + _ID.pattern + ")?", "a name such as active_days or community.posts"),
    "ref": _text(_REF.pattern, "a reference such as tier:core, role:planner or judging.winners"),
    "arg": _text(r"\$[a-z][a-z0-9]*([_-][a-z0-9]+)*", "$parameter"),
    "duration": _text(_DURATION.pattern, "a duration such as 14d, 4h, 30min or 3bd"),
    "window": _text(
        r"[1-9][0-9]{0,4}(min|h|d|w|mo|y)|" + "|".join(WINDOW_WORDS), "a window such as 90d, 12h or this_month"
    ),
    "ago": _text(r"[1-9][0-9]{0,4}(d|w|mo|y) ago", 'a distance such as "7d ago"'),
    "sla": _text(r"sla:" + _ID.pattern, "a service level such as sla:standard"),
    "share": _text(r"(100|[1-9]?[0-9])%", "a share such as 50%"),
    "decimal": _text(r"-?(0|[1-9][0-9]{0,11})\.[0-9]{1,6}", 'a decimal in quotes such as "0.70"'),
    "money": _text(r"(0|[1-9][0-9]{0,11})\.[0-9]{2} [A-Z]{3}", 'an amount such as "1200.00 CNY"'),
    "clock": _text(_CLOCK.pattern, 'a time such as "06:00"'),
    "zone": _text(r"[A-Z][A-Za-z]+(/[A-Z][A-Za-z_+-]*)+|UTC", "a time zone such as Asia/Shanghai"),
    "currency": _text(r"[A-Z]{3}", "a currency such as CNY"),
    "pack": _text(r"[a-z][a-z0-9_]*/[a-z][a-z0-9_]*", "a metric of a pack such as engagement/depth"),
    "target": _text(
        r"end:" + _ID.pattern + "|" + _ID.pattern, "a phase, next, leave, stop, cancel, end or end:word"
    ),
    "party": _text(_ID.pattern + "(:" + _ID.pattern + ")?", "a person of the play or role:planner"),
    "reading": _text(
        r"([1-9][0-9]{0,4}(min|h|d|w|mo|y)|" + "|".join(WINDOW_WORDS) + r")(, [1-9][0-9]{0,4}(d|w|mo|y) ago)?(@"
        + _ID.pattern + ")?",
        'a window such as 90d, "90d, 7d ago" or "90d@network"',
    ),
    "key": Spelling(  # a name declared elsewhere: whether it exists is a question across documents
        lambda v: isinstance(v, str) and 0 < len(v) <= 200,
        "a name", {"type": "string", "minLength": 1, "maxLength": 200},
    ),
    "sentence": Spelling(
        lambda v: isinstance(v, str) and len(v.strip()) > 0 and len(v) <= 500,
        "a sentence", {"type": "string", "minLength": 1, "maxLength": 500},
    ),
    "day": Spelling(
        _is_day, 'a date in quotes such as "2027-03-08"', {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d$"}
    ),
    "moment": Spelling(
        _is_moment, 'a moment in quotes such as "2027-03-08 10:00"',
        {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d( \d\d:\d\d)?$"},
    ),
    "hours": Spelling(
        _is_hours, 'hours such as "09:00-18:00", at most "00:00-24:00"',
        {"type": "string", "pattern": r"^\d\d:\d\d-\d\d:\d\d$"},
    ),
    "day_of_year": Spelling(
        _is_day_of_year, 'a day of the year such as "03-08"', {"type": "string", "pattern": r"^\d\d-\d\d$"}
    ),
    "whole": _number(-BIG, BIG, "a whole number"),
    "count": _number(0, 10_000_000, "a number from 0"),
    "positive": _number(1, 10_000_000, "a number from 1"),
    "day_of_month": _number(1, 31, "a day of the month (1 to 31)"),
    "flag": Spelling(lambda v: isinstance(v, bool), "true or false", {"type": "boolean"}),
    "text": Spelling(lambda v: isinstance(v, str) and len(v) <= 2000, "a text", {"type": "string", "maxLength": 2000}),
}  # fmt: skip


class Plain:
    """In `Annotated[str, Plain("duration", "moment")]`: one of these spellings, or one of `words`."""

    def __init__(self, *spellings: str, words: tuple[str, ...] = ()) -> None:
        self.spellings = spellings
        self.words = words
        parts = [SPELLINGS[s].says for s in spellings]
        if words:
            parts.insert(0, f"one of {listed(words, 30)}" if len(words) > 1 else words[0])
        self.says = " or ".join(parts)
        self._fits = tuple(SPELLINGS[s].fits for s in spellings)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.check)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        options = [dict(SPELLINGS[s].schema) for s in self.spellings]
        if self.words:
            options.insert(0, {"enum": list(self.words)})
        shape = options[0] if len(options) == 1 else {"anyOf": options}
        return {"description": self.says, **shape}

    def check(self, value: Any) -> Any:
        """The value, if it is spelled so.

        Raises:
            PydanticCustomError: with our code, what was expected and a way out.
        """
        if isinstance(value, str) and value in self.words:
            return value
        for fits in self._fits:
            if fits(value):
                return value
        raise self._refusal(value)

    def may_be(self, value: Any) -> bool:
        """Whether the value is spelled so."""
        return (isinstance(value, str) and value in self.words) or any(fits(value) for fits in self._fits)

    def _refusal(self, value: Any) -> Exception:
        if isinstance(value, dict | tuple | list):
            return wrong_shape(value, self.says)
        code = "TRL205" if self.words and not set(self.spellings) - {"arg"} else "TRL206"
        if isinstance(value, int) and not isinstance(value, bool) and set(self.spellings) & _NUMBERS:
            code = "TRL207"
        if isinstance(value, str) and self.words:
            near = nearest(value, self.words)
            if near:
                return mistake(code, f"unknown word '{value}'", f"did you mean '{near}'?")
        return mistake(code, f"{shown(value)} is not {self.says}", advice(value, self.spellings))


_NUMBERS = {"whole", "count", "positive", "day_of_month"}


def advice(value: Any, spellings: tuple[str, ...]) -> str:
    """The way out for the slips that are made most often."""
    wanted = set(spellings)
    if isinstance(value, bool):
        return "quote it if it is meant as a text" if wanted & {"id", "name", "text"} else ""
    if isinstance(value, int):
        if "duration" in wanted or "window" in wanted:
            return f"{value} of what? write {value}d for days, {value}h for hours, {value}min for minutes"
        if "decimal" in wanted and "whole" not in wanted:
            return f'write "{value}.00", in quotes'
        if "share" in wanted:
            return f"write {value}%"
        if wanted & {"id", "text"}:
            return f'write "{value}", in quotes' if "text" in wanted else "an id begins with a letter"
        return ""
    text = str(value)
    if wanted & {"duration", "window", "reading"}:
        if re.fullmatch(r"[0-9]+m", text):
            return f"minutes or months? write {text}in or {text}o"
        found = re.fullmatch(
            r"0*([0-9]+) ?(s|sec|seconds?|minutes?|mins?|hours?|hrs?|days?|weeks?|months?|years?|[A-Z]+)", text
        )
        if found:
            unit = {"s": "min", "m": "min", "h": "h", "d": "d", "w": "w", "y": "y"}.get(found[2][0].lower(), "d")
            return (
                f"write {found[1]}{'mo' if found[2].lower().startswith('mo') else unit}; units are min h d w mo y bd bh"
            )
        if re.fullmatch(r"[0-9]+[a-z]+", text):
            return "units are min h d w mo y, and bd bh for working time"
    if wanted & {"day", "moment"} and re.match(r"[0-9]{4}[-/.][0-9]", text):
        return "dates are written year-month-day and must exist, such as 2027-03-08"
    if "money" in wanted and re.search(r"[0-9]", text):
        return 'two places and the currency, in quotes, such as "1200.00 CNY"'
    if "decimal" in wanted and re.fullmatch(r"-?[0-9]*[.,]?[0-9]*", text):
        return 'digits before and after the point, at most six places, such as "0.70"'
    if "id" in wanted or "name" in wanted or "ref" in wanted:
        if any(c.isupper() for c in text) and _ID.fullmatch(text.lower().replace(" ", "-")):
            return f"ids are written small: {text.lower().replace(' ', '-')}"
        if "ref" in wanted and ":" in text:
            kind = text.partition(":")[0]
            near = nearest(kind, _KINDS.split("|"))
            if near and near != kind:
                return f"did you mean '{near}:{text.partition(':')[2]}'?"
            if near is None:
                return f"references are written {', '.join(k + ':…' for k in _KINDS.split('|')[:6])} and so on"
        return "small letters, digits, - or _; begins with a letter"
    return ""


def words(*choices: str) -> Plain:
    """One of these words."""
    return Plain(words=choices)


def words_or_arg(*choices: str) -> Plain:
    """One of these words, or a parameter."""
    return Plain("arg", words=choices)


Id = Annotated[str, Plain("id")]
IdArg = Annotated[str, Plain("id", "arg")]
Name = Annotated[str, Plain("name")]
Key = Annotated[str, Plain("key")]  # of a mapping whose keys are names declared elsewhere
Ref = Annotated[str, Plain("ref")]
Arg = Annotated[str, Plain("arg")]
Duration = Annotated[str, Plain("duration")]
DurationArg = Annotated[str, Plain("duration", "arg")]
Window = Annotated[str, Plain("window")]
WindowArg = Annotated[str, Plain("window", "arg")]
Ago = Annotated[str, Plain("ago")]
Sla = Annotated[str, Plain("sla")]
Within = Annotated[str, Plain("duration", "moment", "sla")]
WithinArg = Annotated[str, Plain("duration", "moment", "sla", "arg")]
Moment = Annotated[str, Plain("moment")]
Day = Annotated[str, Plain("day")]
Clock = Annotated[str, Plain("clock")]
Money = Annotated[str, Plain("money")]
MoneyArg = Annotated[str, Plain("money", "arg")]
Share = Annotated[str, Plain("share")]
Number = Annotated[int | str, Plain("whole", "decimal")]
Count = Annotated[int, Plain("count")]
CountArg = Annotated[int | str, Plain("count", "arg")]
Positive = Annotated[int, Plain("positive")]
PositiveArg = Annotated[int | str, Plain("positive", "arg")]
PositiveShareArg = Annotated[int | str, Plain("positive", "share", "arg")]
CountShareArg = Annotated[int | str, Plain("count", "share", "arg")]
Flag = Annotated[bool, Plain("flag")]
FlagArg = Annotated[bool | str, Plain("flag", "arg")]
Text = Annotated[str, Plain("text")]
Sentence = Annotated[str, Plain("sentence")]
Target = Annotated[str, Plain("target")]


class Bounded(Plain):
    """A whole number from `low` to `high`."""

    def __init__(self, low: int, high: int) -> None:
        super().__init__("whole")
        self.low, self.high = low, high
        self.says = f"a whole number from {low} to {high}"

    def check(self, value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int):
            raise (
                mistake("TRL206", f"{shown(value)} is not {self.says}")
                if not isinstance(value, dict | tuple)
                else wrong_shape(value, self.says)
            )
        if not self.low <= value <= self.high:
            raise mistake("TRL207", f"{value} is out of bounds", f"expected {self.says}")
        return value

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "integer", "minimum": self.low, "maximum": self.high}


def number_of(value: int | str) -> tuple[int, int]:
    """A whole number or decimal as (digits, places): "0.70" is (70, 2), 5 is (5, 0)."""
    if isinstance(value, int):
        return value, 0
    head, _, tail = value.partition(".")
    return int(head + tail), len(tail)


def less(a: int | str, b: int | str) -> bool:
    """Whether one written number is smaller than another."""
    (x, p), (y, q) = number_of(a), number_of(b)
    return bool(x * 10**q < y * 10**p)
