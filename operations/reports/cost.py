"""Cost: what works of which kind of member cost, and what they brought: which kind is most worth its money."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from fractions import Fraction
from typing import Any

from operations.errors import Refusal
from operations.house import House
from operations.reports.care import Taken, taken_by, taken_by_kind
from operations.reports.effects import Effect, effects_of, price, regrouped, work_metrics
from operations.reports.page import Bars, Number, Report, Table, text_of
from operations.reports.pool import Pooled, adds, pooled
from rules.names import metric_type
from rules.spec import Community
from rules.spec.documents.metrics import Ratio
from rules.values import duration_said, duration_text

BY = ("author.tier", "author.origin")
"""Kinds of members that are compared unless others are named."""


def cost_effectiveness(
    house: House,
    community: Community,
    *,
    at: datetime,
    by: Sequence[str] = BY,
    metrics: Sequence[str] = (),
    rank: str | None = None,
    runs: Collection[str] | None = None,
    since: datetime | None = None,
) -> Report:
    """Cost and effect of each kind of member, the best first; a kind of which nothing is known stands last.

    Args:
        by: what tells kinds apart.
        metrics: about works; those that the modes measure, without any.
        rank: the metric that orders them, lowest first if it is a price, otherwise highest first.

    Raises:
        Refusal: a name is not one of the community's.
    """
    asked = tuple(metrics) or tuple(work_metrics(community))
    _refuse_unknown(community, (*asked, *([rank] if rank else ())))
    order = rank or price(community, asked) or (asked[0] if asked else None)
    if order is None:
        raise Refusal(f"{community.id} measures nothing of works.", "Name metrics with --metric.")
    wanted = tuple(dict.fromkeys((*asked, order)))
    effects = effects_of(house, community, at=at, metrics=wanted, by=by, runs=runs, since=since)
    cheap = order == price(community, [order])
    tables, charts, data, care = [], [], {}, {}
    kinds = taken_by_kind(house, community, taken_by(house, community, at=at, since=since), by, at=at)
    for name in by:
        lines = ranked(community, regrouped(effects, name), wanted, order, cheap=cheap)
        data[name] = [_data(community, line) for line in lines]
        tables.append(_table(community, name, lines, wanted))
        charts.append(_bars(community, name, lines, order, cheap=cheap))
        if kinds.get(name):
            care[name] = _besides(community, kinds[name], lines, order, cheap=cheap)
            tables.append(_care_table(name, care[name]))
    return Report(
        name="cost",
        title=f"{community.id}: what works cost and what they brought, by kind of member",
        data={"community": community.id, "at": at, "rank": order, "works": len(effects), "by": data, "besides": care},
        tables=tables,
        charts=charts,
        remarks=[*_remarks(community, effects, wanted), *_unpriced(care)],
    )


def ranked(
    community: Community, groups: dict[str, list[Effect]], metrics: Sequence[str], order: str, *, cheap: bool
) -> list[dict[str, Any]]:
    """Each group with its pooled figures, in order of one of them; unknown ones last, by name."""
    lines: list[dict[str, Any]] = [
        {
            "kind": name,
            "works": len(effects),
            "members": len({one.author for one in effects if one.author}),
            "figures": {metric: pooled(community, metric, [one.figures for one in effects]) for metric in metrics},
        }
        for name, effects in groups.items()
    ]

    def key(line: dict[str, Any]) -> tuple[Any, ...]:
        value = line["figures"][order].value
        return (value is None, Fraction(0) if value is None else value if cheap else -value, line["kind"])

    lines.sort(key=key)
    place = 0
    for line in lines:
        known = line["figures"][order].value is not None
        place += known
        line["place"] = place if known else None
    return lines


def shown(community: Community, metric: str, one: Pooled) -> str | int | None:
    """A pooled figure in the metric's own places, with how many of the works it is known of where not of all."""
    value = figure_text(community, metric, one.value)
    if value is None or one.known == one.of:
        return value
    return f"{value} ({one.known} of {one.of})"


def figure_text(community: Community, metric: str, value: Number) -> str | int | None:
    """A figure for people, in the metric's own places; a length in days and hours instead of seconds."""
    if value is not None and metric_type(community, metric).kind == "duration":
        return duration_said(duration_text(round(value)))
    return text_of(value, places_of(community, metric))


def places_of(community: Community, metric: str) -> int:
    """Decimal places of a figure of a group: the metric's own; of a mean at least two."""
    own = metric_type(community, metric).places
    return own if adds(community, metric) else max(own, 2)


def _table(community: Community, name: str, lines: list[dict[str, Any]], metrics: Sequence[str]) -> Table:
    rows = [
        [line["place"] or "–", line["kind"], line["members"], line["works"]]
        + [shown(community, metric, line["figures"][metric]) for metric in metrics]
        for line in lines
    ]
    columns = ["place", name, "members", "works", *metrics]
    return Table(f"By {name}", columns, rows, right=[one for one in columns if one != name])


def _besides(
    community: Community, kinds: Mapping[str, Taken], lines: list[dict[str, Any]], order: str, *, cheap: bool
) -> list[dict[str, Any]]:
    """What members of each kind took besides the cost of their works; with it what the effect really costs.

    The whole price is known where the price of the works is: their cost and what can be told in money of the rest, in
    what the works brought.
    """
    works = {line["kind"]: line for line in lines}
    written = community.metrics[order]
    found = []
    for kind, taken in kinds.items():
        whole = None
        if cheap and isinstance(written, Ratio) and kind in works:
            spent, brought = (works[kind]["figures"].get(name) for name in written.ratio)
            if spent is not None and brought is not None and brought.value:
                whole = (Fraction(spent.value or 0) + taken.worth) / Fraction(brought.value)
        found.append(
            {
                "kind": kind,
                "members": len(taken.members),
                "money": text_of(Fraction(taken.money, 100)),
                "car_days": text_of(taken.car_days, 1),
                "cars": text_of(Fraction(taken.cars, 100)),
                "rights": taken.rights,
                "used": text_of(Fraction(taken.used, 100)),
                "asked": taken.asked,
                "attention": text_of(Fraction(taken.attention, 100)),
                "unpriced": sorted(taken.unpriced),
                "whole": text_of(whole),
            }
        )
    return sorted(found, key=lambda line: (line["whole"] is None, Fraction(line["whole"] or 0), line["kind"]))


def _care_table(name: str, lines: Sequence[dict[str, Any]]) -> Table:
    columns = ["kind", "members", "money", "car_days", "cars", "rights", "used", "asked", "attention", "whole"]
    titles = [name, "members", "money", "days of cars", "in money", "rights held", "rights in money",
              "answered about them", "answers in money", "whole price"]  # fmt: skip
    rows = [[line[column] for column in columns] for line in lines]
    return Table(f"Besides their works, by {name}", titles, rows, right=titles[1:])


def _bars(community: Community, name: str, lines: list[dict[str, Any]], order: str, *, cheap: bool) -> Bars:
    title = community.metrics[order].title
    bars = [
        (
            f"{line['kind']}",
            line["figures"][order].value,
            f"{line['members']} members, {line['works']} works",
        )
        for line in lines
    ]
    best = "lowest is best" if cheap else "highest is best"
    return Bars(f"{title.en} {title.zh} by {name} ({best})", order, bars)


def _data(community: Community, line: dict[str, Any]) -> dict[str, Any]:
    figures = {
        metric: {**asdict(one), "value": text_of(one.value, places_of(community, metric))}
        for metric, one in line["figures"].items()
    }
    return {**line, "figures": figures}


def _remarks(community: Community, effects: Sequence[Effect], metrics: Sequence[str]) -> list[str]:
    if not effects:
        return ["There are no works yet."]
    missing = [
        f"{metric} of {one.of - one.known} of {one.of} works"
        for metric in metrics
        if (one := pooled(community, metric, [effect.figures for effect in effects])).known < one.of
    ]
    return [f"Unknown, and left out rather than counted as nothing: {', '.join(missing)}."] if missing else []


def _unpriced(care: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[str]:
    named = sorted({what for lines in care.values() for line in lines for what in line["unpriced"]})
    said = "Not in the whole price, for the specs do not say what it is worth (cost)"
    return [f"{said}: {', '.join(named)}."] if named else []


def _refuse_unknown(community: Community, names: Sequence[str]) -> None:
    known = work_metrics(community)
    for name in names:
        if name not in community.metrics:
            measured = ", ".join(known) or "nothing"
            raise Refusal(f"{community.id} has no metric {name}.", f"About works it measures {measured}.")
