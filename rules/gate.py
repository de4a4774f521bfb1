"""Gate: what somebody says of a subject (attributes, readings) becomes evidence, or is refused by name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rules.condition import Attribute, Best, sources
from rules.errors import Unfit
from rules.names import attribute_type, metric_type
from rules.reading import Reading, parse_reading, split_scope
from rules.rulebook import Rulebook, procedure_facts
from rules.spec.community import Community
from rules.values import LARGEST, Evidence, Value, ValueType, fit


@dataclass
class Gate:
    """Lets values in that fit the types of a community, and remembers which names it did not know.

    Args:
        community: whose names and types.
        rulebook: its compiled rules; readings they share are handed out as the very same objects.
        ignored: names that were given and mean nothing here, in the order met.
    """

    community: Community
    rulebook: Rulebook
    ignored: dict[str, None] = field(default_factory=dict)
    _attributes: dict[str, "_Way | None"] = field(default_factory=dict, repr=False)
    _readings: dict[str, "dict[str, _Way] | None"] = field(default_factory=dict, repr=False)
    _shared: dict[Reading, Reading] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        for name, type_ in procedure_facts(self.rulebook).items():
            self._attributes[name] = _Way(name, type_)
        for subject in ("member", "community", "work", "team", "run", "cohort", "space"):
            for condition in self.rulebook.conditions(subject):
                for source in sources(condition):
                    if not isinstance(source, Attribute | Best):
                        self._shared.setdefault(source.reading, source.reading)

    def evidence(
        self,
        attributes: Mapping[str, Any],
        metrics: Mapping[str, Mapping[str, Any]],
        community: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> Evidence:
        """Everything that is said of one subject, scaled; null is unknown.

        Args:
            attributes: by name.
            metrics: name → window text → value.
            community: readings of the community, in the same form.

        Raises:
            Unfit: a value is not of the type of its name, or a window is none.
        """
        found = self.readings(metrics)
        if community:
            found.update(self.readings(community, "community."))
        return Evidence(self.attributes(attributes), found)

    def attributes(self, given: Mapping[str, Any]) -> dict[str, Value | None]:
        """Attributes by name, scaled.

        Raises:
            Unfit: a value is not of the type of its name.
        """
        found: dict[str, Value | None] = {}
        ways = self._attributes
        for name, raw in given.items():
            if raw is None:
                continue
            way = ways[name] if name in ways else self._attribute(name)
            if way is None:
                self.ignored.setdefault(name)
            else:
                found[name] = way.take(raw)
        return found

    def readings(self, given: Mapping[str, Mapping[str, Any]], prefix: str = "") -> dict[Reading, Value | None]:
        """Readings, from metric name and window text, scaled.

        Raises:
            Unfit: a window is none, or a value is not of the type of its metric.
        """
        found: dict[Reading, Value | None] = {}
        known = self._readings
        for metric, windows in given.items():
            if not isinstance(windows, dict):
                raise Unfit(f"{metric}: expected windows with values", f'such as {{"{metric}": {{"90d": 5}}}}')
            name = prefix + metric
            ways = known[name] if name in known else self._metric(name)
            if ways is None:
                self.ignored.setdefault(name)
                continue
            for window, raw in windows.items():
                if raw is not None:
                    way = ways.get(window) or self._reading(name, window, ways)
                    found[way.reading] = way.take(raw)
        return found

    def _attribute(self, name: str) -> "_Way | None":
        bare, _, value = name.partition("@")
        type_ = attribute_type(self.community, bare)
        if type_ is not None and type_.kind == "tier" and value and self.community.ladders[bare].per is None:
            type_ = None
        way = self._attributes[name] = None if type_ is None else _Way(name, type_)
        return way

    def _metric(self, name: str) -> "dict[str, _Way] | None":
        ways: dict[str, _Way] | None = {} if split_scope(name)[1] in self.community.metrics else None
        self._readings[name] = ways
        return ways

    def _reading(self, name: str, window: str, ways: "dict[str, _Way]") -> "_Way":
        asked = parse_reading(name, window)
        type_ = metric_type(self.community, asked.metric)
        way = ways[window] = _Way(f"{name} over {window}", type_, self._shared.setdefault(asked, asked))
        return way


_NO_READING = Reading("")
_MOST_REMEMBERED = 4096


class _Way:
    """The way of one name through the gate; texts that came through before are not looked at again."""

    __slots__ = ("_met", "_name", "_plain", "_type", "reading")

    def __init__(self, name: str, type_: ValueType, reading: Reading = _NO_READING) -> None:
        self._name, self._type, self.reading = name, type_, reading
        self._plain = type_.kind == "integer"
        self._met: dict[str, Value] = {}

    def take(self, raw: Any) -> Value:
        """The value, scaled.

        Raises:
            Unfit: it is not of the type.
        """
        if type(raw) is int:
            if self._plain and -LARGEST <= raw <= LARGEST:
                return raw
        elif type(raw) is str:
            met = self._met.get(raw)
            if met is None:
                met = fit(raw, self._type, self._name)
                if len(self._met) < _MOST_REMEMBERED:
                    self._met[raw] = met
            return met
        return fit(raw, self._type, self._name)
