"""Values: the typed gate that everything passes before a rule sees it, and the way back into readable text.

Inside, a value is one of four Python types and nothing else: `int` (whole numbers, decimals scaled by
10^places, money in cents, durations in seconds, dates in days since 1970-01-01), `bool`, `str`, or a
`frozenset` of texts. Unknown is None and never passes through here.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Literal

from rules.errors import Unfit
from rules.reading import Reading
from rules.time.duration import Duration

Value = int | bool | str | frozenset[str]
Kind = Literal["integer", "decimal", "boolean", "text", "date", "duration", "money", "set", "tier", "member"]

LARGEST = 2**53  # beyond it other engines compare as doubles
LONGEST = 1000  # characters of a text, and items of a set
MOST_PLACES = 6

_UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86_400}
_EPOCH = date(1970, 1, 1)
_DECIMAL = re.compile(r"(-?)([0-9]{1,16})(?:\.([0-9]+))?", re.ASCII)
_RAW = re.compile(r"(-?)([1-9][0-9]*)(s|min|h)", re.ASCII)
_LONG = re.compile(r"-?[1-9]([0-9]{4,}s|[0-9]{3,}min|[0-9]{2,}h)", re.ASCII)
_SECONDS = re.compile(r"(0|[1-9][0-9]{0,11})(s|min|h|d)", re.ASCII)  # how lengths are shown, so also read
_MONEY = re.compile(r"(-?[0-9]{1,13})\.([0-9]{2}) ([A-Z]{3})", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
BREAKS = ("\x00", "\x1e", "\x1f")
"""Characters that no text holds: PostgreSQL refuses the first, the others stand between the fields of stored facts."""
_NUMERIC = frozenset({"integer", "decimal", "date", "duration", "money"})


@dataclass(frozen=True, slots=True)
class ValueType:
    """What a name holds.

    Args:
        kind: which kind of value; `tier` is a standing on a ladder, compared by rank.
        places: decimal places of a `decimal`; 0 for all others, 2 for money.
        listed: the only values allowed; empty allows any. Of a `tier`: the ladder, lowest first.
        unit: currency of money.
    """

    kind: Kind
    places: int = 0
    listed: tuple[str, ...] = ()
    unit: str = ""

    @property
    def numeric(self) -> bool:
        """Whether values are scaled whole numbers with an order."""
        return self.kind in _NUMERIC

    @property
    def scale(self) -> int:
        """How many units of the value make one."""
        return int(10 ** (2 if self.kind == "money" else self.places))

    def rank(self, tier: str) -> int:
        """How high a tier stands on its ladder, 0 being lowest.

        Raises:
            Unfit: the ladder has no such tier.
        """
        try:
            return self.listed.index(tier)
        except ValueError:
            raise Unfit(f"{tier!r} is no tier of this ladder", f"one of {', '.join(self.listed)}") from None


INTEGER = ValueType("integer")
BOOLEAN = ValueType("boolean")
TEXT = ValueType("text")
DATE = ValueType("date")
DURATION = ValueType("duration")
SET = ValueType("set")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of one subject at one moment, scaled. A key that is missing, or None, is unknown.

    Args:
        attributes: by the name a condition reads: `tier`, `days_in_tier`, `author.stage`, `maintenance@network`;
            also `below_for`, `met_for` (days), `pinned`, which the procedures of ladders read.
        readings: metrics over windows; a reading of a derived metric that is given stands for its computation.
    """

    attributes: Mapping[str, Value | None] = field(default_factory=dict)
    readings: Mapping[Reading, Value | None] = field(default_factory=dict)


def fit(raw: Any, type_: ValueType, name: str) -> Value:
    """Take one raw value (from JSON, YAML or CSV text already typed) through the gate.

    Args:
        raw: an int, bool, str, or a list of str for a set; decimals, money, dates and durations are text.
        type_: what `name` holds.
        name: the field, for the refusal.

    Raises:
        Unfit: the value is of another type, out of bounds, or not one of the listed values.
    """
    match type_.kind:
        case "integer":
            if type(raw) is not int:
                raise Unfit(f"{name}: expected a whole number, found {_shown(raw)}", "such as 40")
            return _bounded(raw, name)
        case "decimal":
            return _decimal(raw, type_.places, name)
        case "boolean":
            if type(raw) is not bool:
                raise Unfit(f"{name}: expected true or false, found {_shown(raw)}")
            return raw
        case "text" | "tier" | "member":
            return _text(raw, type_, name)
        case "set":
            if not isinstance(raw, list | tuple | set | frozenset):
                raise Unfit(f"{name}: expected a list of texts, found {_shown(raw)}", "such as [one, two]")
            if len(raw) > LONGEST:
                raise Unfit(f"{name}: {len(raw)} values are too many", f"at most {LONGEST}")
            return frozenset(_text(item, type_, name) for item in raw)
        case "date":
            return _date(raw, name)
        case "duration":
            return _duration(raw, name)
        case "money":
            return _money(raw, type_.unit, name)


def show(value: Value | None, type_: ValueType) -> int | bool | str | list[str] | None:
    """Write a value in the language's own form: decimals as `"0.70"`, durations as `14d`, sets as sorted lists."""
    if value is None:
        return None
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, str | bool):
        return value
    match type_.kind:
        case "decimal":
            return decimal_text(value, type_.places)
        case "money":
            return f"{decimal_text(value, 2)} {type_.unit}".rstrip()
        case "duration":
            return duration_text(value)
        case "date":
            return date_text(value)
        case _:
            return value


def decimal_text(value: int, places: int) -> str:
    """A scaled whole number as a decimal with exactly its places: (70, 2) is `0.70`."""
    if places == 0:
        return str(value)
    whole, part = divmod(abs(value), 10**places)
    return f"{'-' if value < 0 else ''}{whole}.{part:0{places}d}"


def duration_text(seconds: int) -> str:
    """Seconds in the largest unit that holds them wholly: days, hours, minutes, else seconds."""
    unit = next((unit for unit in ("d", "h", "min") if seconds % _UNITS[unit] == 0), "s")
    return f"{seconds // _UNITS[unit]}{unit}"


def duration_said(shown: str) -> str:
    """A length as `duration_text` shows it, for people: `34d 7h` instead of seconds, or of hours that are days."""
    found = _RAW.fullmatch(shown)
    left = 0 if found is None else int(found[2]) * _UNITS[found[3]]
    if found is None or (found[3] != "s" and left < 2 * _UNITS["d"]):
        return shown
    parts: list[str] = []
    for unit in ("d", "h", "min", "s"):
        number, left = divmod(left, _UNITS[unit])
        parts += [f"{number}{unit}"] if number or parts else []
    return found[1] + " ".join(part for part in parts[:2] if not part.startswith("0"))


def legible(shown: Any) -> Any:
    """What is shown of a value whose type is not at hand, for people: nothing that takes hours is in seconds."""
    return duration_said(shown) if isinstance(shown, str) and _LONG.fullmatch(shown) else shown


def date_text(days: int) -> str:
    """Days since 1970-01-01 as an ISO date; the bare number where the calendar has no such day."""
    try:
        return (_EPOCH + timedelta(days=days)).isoformat()
    except OverflowError:
        return str(days)


def scaled(text: str) -> tuple[int, int]:
    """A decimal as written into (number, places): `0.70` is (70, 2), `12` is (12, 0).

    Raises:
        Unfit: the text is no decimal of the language.
    """
    found = _DECIMAL.fullmatch(text)
    if found is None or len(found[3] or "") > MOST_PLACES:
        raise Unfit(f"{text!r} is no decimal", 'such as "0.70", with at most 6 places')
    part = found[3] or ""
    number = int(found[2] + part)
    return (-number if found[1] else number), len(part)


def _bounded(number: int, name: str) -> int:
    if abs(number) > LARGEST:
        raise Unfit(f"{name}: {number if abs(number) < 10**30 else 'the number'} is too large", "at most 2^53")
    return number


def _decimal(raw: Any, places: int, name: str) -> int:
    if type(raw) is int:
        return _bounded(raw * 10**places, name)
    if not isinstance(raw, str):
        hint = f'as quoted text, such as "{raw}"' if isinstance(raw, float) else 'such as "0.70"'
        raise Unfit(f"{name}: expected a decimal, found {_shown(raw)}", hint)
    try:
        number, given = scaled(raw)
    except Unfit as problem:
        raise Unfit(f"{name}: {problem.message}", problem.hint) from None
    if given <= places:
        return _bounded(number * 10 ** (places - given), name)
    whole, rest = divmod(number, 10 ** (given - places))
    if rest:
        raise Unfit(f"{name}: {raw} has more than {places} decimal places", f"{places} are kept")
    return _bounded(whole, name)


def _text(raw: Any, type_: ValueType, name: str) -> str:
    if not isinstance(raw, str):
        raise Unfit(f"{name}: expected a text, found {_shown(raw)}")
    if len(raw) > LONGEST:
        raise Unfit(f"{name}: a text of {len(raw)} characters is too long", f"at most {LONGEST}")
    half = not raw.isascii() and any("\ud800" <= letter <= "\udfff" for letter in raw)
    if half or any(letter in raw for letter in BREAKS):
        hint = "plain Unicode text without control characters"
        raise Unfit(f"{name}: the text holds a character that is not allowed", hint)
    if type_.listed and raw not in type_.listed:
        raise Unfit(f"{name}: {_shown(raw)} is not one of its values", _one_of(type_.listed))
    return raw


def _date(raw: Any, name: str) -> int:
    if isinstance(raw, str) and _DATE.fullmatch(raw):
        try:
            return (date.fromisoformat(raw) - _EPOCH).days
        except ValueError:
            pass
    raise Unfit(f"{name}: expected a date, found {_shown(raw)}", 'such as "2027-03-08"')


def _duration(raw: Any, name: str) -> int:
    if isinstance(raw, str):
        if shown := _SECONDS.fullmatch(raw):
            return _bounded(int(shown[1]) * _UNITS[shown[2]], name)
        try:
            return Duration.parse(raw).seconds
        except ValueError:
            pass
    raise Unfit(f"{name}: expected a duration, found {_shown(raw)}", "such as 90d, 4h, 30min")


def _money(raw: Any, currency: str, name: str) -> int:
    found = _MONEY.fullmatch(raw) if isinstance(raw, str) else None
    if found is None or (currency and found[3] != currency):
        raise Unfit(f"{name}: expected money, found {_shown(raw)}", f'such as "1200.00 {currency or "CNY"}"')
    return _bounded(int(found[1] + found[2]), name)


def _one_of(listed: Iterable[str]) -> str:
    names = list(listed)
    return f"one of {', '.join(names[:12])}{', …' if len(names) > 12 else ''}"


def _shown(raw: Any) -> str:
    """A raw value in a refusal: short, in JSON's words."""
    if raw is None:
        return "null"
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, list | tuple | set | frozenset):
        return "a list"
    if isinstance(raw, dict):
        return "a mapping"
    text = (
        repr(raw)
        if isinstance(raw, str)
        else str(raw)
        if not isinstance(raw, int) or abs(raw) < 10**30
        else "a huge number"
    )
    return text if len(text) <= 60 else text[:57] + "…"
