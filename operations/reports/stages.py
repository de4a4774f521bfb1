"""Stages: how members are spread over tiers and stages, and whether shares lie in the bands that rules want."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction
from typing import Any

from operations.house import House
from operations.ports.standings import LIFECYCLE
from operations.reports.page import Bars, Report, Table, text_of
from rules.compile import compile_condition
from rules.condition import Leaf, base_readings, leaves
from rules.evaluate import evaluate, read
from rules.spec import Community
from rules.spec.effects import verb_of
from rules.values import Evidence


def stages(house: House, community: Community, *, at: datetime) -> Report:
    """The distribution of members at a moment, target bands of shares, and what a breach asks for.

    Bands are the `between` of rules about the community; a rule that would fire now recommends what it opens.
    """
    sizes = house.standings.sizes(community, at)
    spread = [(where, name, count) for where, names in sorted(sizes.items()) for name, count in names.items()]
    order = {one.id: place for place, one in enumerate(community.lifecycle.stages)} if community.lifecycle else {}
    bands, advice = _bands(house, community, at)
    lifecycle = sorted(sizes.get(LIFECYCLE, {}).items(), key=lambda one: order.get(one[0], 99))
    return Report(
        name="stages",
        title=f"{community.id}: generations side by side",
        data={
            "community": community.id,
            "at": at,
            "sizes": {where: dict(names) for where, names in sizes.items()},
            "bands": bands,
            "recommendations": advice,
        },
        tables=[
            Table("Where members stand", ["ladder", "stands", "members"], spread, right=["members"]),
            Table(
                "Target bands",
                ["share", "is", "from", "to", ""],
                [[one["metric"], one["value"], one["low"], one["high"], _word(one)] for one in bands],
                right=["is", "from", "to"],
            ),
            Table("What to do", ["rule", "open to", "what"], [[a["rule"], a["by"], a["title"]] for a in advice]),
        ],
        charts=[
            Bars("Members by stage 各阶段人数", "members", [(name, Fraction(count), "") for name, count in lifecycle])
        ],
        remarks=[] if bands else ["No rule about the community says in which bands shares should lie."],
    )


def _bands(house: House, community: Community, at: datetime) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    bands: dict[str, dict[str, Any]] = {}
    advice: list[dict[str, Any]] = []
    for rule in community.rules.values():
        if rule.of != "community":
            continue
        condition = compile_condition(community, rule.when)
        banded = [one for one in leaves(condition) if isinstance(one, Leaf) and one.comparison == "between"]
        if not banded:
            continue
        readings = base_readings(condition)
        evidence = Evidence({}, house.measures(community).community(readings, at))
        for leaf in banded:
            low, high = leaf.bounds
            value = read(leaf.source, evidence)
            places = leaf.source.type.places
            number = Fraction(value, leaf.source.type.scale) if isinstance(value, int) else None
            lowest, highest = (Fraction(one) if isinstance(one, int | Fraction) else None for one in (low, high))
            bands[leaf.name] = {
                "metric": leaf.name,
                "value": text_of(number, places),
                "low": text_of(lowest, places),
                "high": text_of(highest, places),
                "state": _state(number, lowest, highest),
            }
        if evaluate(condition, evidence).truth is True:
            for effect in rule.then:
                verb, body = verb_of(effect)
                if verb == "open":
                    title = f"{body.title.en} {body.title.zh}"
                    advice.append({"rule": rule.id, "by": str(body.by), "title": title})
    return list(bands.values()), advice


def _state(value: Fraction | None, low: Fraction | None, high: Fraction | None) -> str:
    if value is None:
        return "unknown"
    if low is not None and value < low:
        return "below"
    return "above" if high is not None and value > high else "inside"


def _word(one: Mapping[str, Any]) -> str:
    words = {"below": "too few: bring more in", "above": "too many: help the others along", "inside": "as it should be"}
    return words.get(one["state"], "unknown")
