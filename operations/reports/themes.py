"""Themes: which theme resonates with whom, as a table of themes by kinds of people."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from operations.errors import Refusal
from operations.house import House
from operations.reports.cost import figure_text, places_of
from operations.reports.effects import Effect, effects_of, in_order, work_metrics
from operations.reports.page import UNKNOWN, Grid, Report, Table, text_of
from operations.reports.pool import Pooled, pooled, spends
from rules.spec import Community
from rules.spec.documents.metrics import Ratio

THEMES = "work.theme"


def themes_by_segment(
    house: House,
    community: Community,
    *,
    at: datetime,
    by: str = "author.tier",
    metric: str | None = None,
    runs: Collection[str] | None = None,
    since: datetime | None = None,
) -> Report:
    """A metric of works by theme and by kind of member.

    Args:
        metric: the first share that modes measure and that is no price, without one.

    Raises:
        Refusal: nothing is measured of works, or there is no such metric.
    """
    known = work_metrics(community)
    asked = metric or next(
        (one for one in known if isinstance(community.metrics[one], Ratio) and not spends(community, one)),
        known[0] if known else None,
    )
    if asked is None or asked not in community.metrics:
        measured = ", ".join(known) or "nothing"
        raise Refusal(f"{community.id} has no metric {asked or 'about works'}.", f"About works it measures {measured}.")
    effects = effects_of(house, community, at=at, metrics=[asked], by=[THEMES, by], runs=runs, since=since)
    cells = _cells(community, effects, by, asked)
    rows = sorted({theme for theme, _ in cells}, key=lambda name: (name == UNKNOWN, name))
    columns = in_order(community, (segment for _, segment in cells))
    titles = {item.id: item.title for one in community.lists.values() for item in one.items}
    places = places_of(community, asked)

    def named(theme: str) -> str:
        title = titles.get(theme)
        return theme if title is None else f"{theme} {title.zh}"

    def cell(theme: str, segment: str) -> str | int | None:
        one = cells.get((theme, segment))
        if one is None:
            return ""
        value = figure_text(community, asked, one.value)
        return None if value is None else f"{value} ({one.known})"

    title = community.metrics[asked].title
    return Report(
        name="themes",
        title=f"{community.id}: {asked} by theme and {by}",
        data={
            "community": community.id,
            "at": at,
            "metric": asked,
            "by": by,
            "works": len(effects),
            "cells": [
                {
                    "theme": theme,
                    "segment": segment,
                    "value": text_of(one.value, places),
                    "known": one.known,
                    "works": one.of,
                }
                for (theme, segment), one in sorted(cells.items())
            ],
        },
        tables=[
            Table(
                f"{asked} (of so many works)",
                ["theme", *columns],
                [[named(theme), *(cell(theme, segment) for segment in columns)] for theme in rows],
                right=columns,
            )
        ],
        charts=[
            Grid(
                f"{title.en} {title.zh} by theme and {by}",
                asked,
                [named(theme) for theme in rows],
                columns,
                {
                    (named(theme), segment): (one.value, f"{one.known} of {one.of} works")
                    for (theme, segment), one in cells.items()
                },
            )
        ],
        remarks=[] if effects else ["There are no works yet."],
    )


def _cells(community: Community, effects: list[Effect], by: str, metric: str) -> dict[tuple[str, str], Pooled]:
    groups: dict[tuple[str, str], list[Any]] = {}
    for one in effects:
        groups.setdefault((one.groups[THEMES], one.groups[by]), []).append(one.figures)
    return {key: pooled(community, metric, figures) for key, figures in groups.items()}
