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
    _types: dict[str, ValueType | None] = field(default_factory=dict, repr=False)
    _readings: dict[tuple[str, str], tuple[Reading, ValueType] | None] = field(default_factory=dict, repr=False)
    _shared: dict[Reading, Reading] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self._types.update(procedure_facts(self.rulebook))
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
        types = self._types
        for name, raw in given.items():
            if raw is None:
                continue
            type_ = types[name] if name in types else self._type(name)
            if type_ is None:
                self.ignored.setdefault(name)
            else:
                found[name] = fit(raw, type_, name)
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
            for window, raw in windows.items():
                if raw is None:
                    continue
                pair = (name, window)
                reading = known[pair] if pair in known else self._reading(name, window)
                if reading is None:
                    self.ignored.setdefault(name)
                elif type(raw) is int and reading[1].kind == "integer" and -LARGEST <= raw <= LARGEST:
                    found[reading[0]] = raw
                else:
                    found[reading[0]] = fit(raw, reading[1], f"{name} over {window}")
        return found

    def _type(self, name: str) -> ValueType | None:
        bare, _, value = name.partition("@")
        type_ = attribute_type(self.community, bare)
        if type_ is not None and type_.kind == "tier" and value and self.community.ladders[bare].per is None:
            type_ = None
        self._types[name] = type_
        return type_

    def _reading(self, name: str, window: str) -> tuple[Reading, ValueType] | None:
        _, metric = split_scope(name)
        found = None
        if metric in self.community.metrics:
            asked = parse_reading(name, window)
            found = (self._shared.setdefault(asked, asked), metric_type(self.community, metric))
        self._readings[name, window] = found
        return found
