"""Reach: whom each node of the network has influenced: members it invited, mentored, hosted."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction
from typing import Any

from operations.errors import Refusal
from operations.house import House
from operations.known import Known
from operations.reports.page import Bars, Report, Table
from rules.counted import counted
from rules.spec import Community
from rules.time.window import Window

VIA = "via"
"""The field of facts that names the member through whom something came about."""
MOST_FACTS = 500_000
SHOWN = 25


def reach(
    house: House,
    community: Community,
    *,
    at: datetime,
    metric: str | None = None,
    over: str = "365d",
    limit: int = SHOWN,
) -> Report:
    """The members with the widest reach, and what it is made of.

    Args:
        metric: a metric of whoever stands in the field `via`; the first such metric without one.
        over: the window.

    Raises:
        Refusal: there is no such metric.
    """
    metrics = counted(community)
    through = [one for one in metrics.values() if one.key == VIA]
    asked = metrics.get(metric) if metric else next(iter(through), None)
    if asked is None or asked.subject != "member":
        names = ", ".join(one.id for one in through) or "none"
        raise Refusal(f"{community.id} has no metric {metric or 'of whom members reach'}.", f"There is {names}.")
    known = Known(house, community, at, past=True)
    values = known.figures([(asked.id, over)], members=_everybody(known))[asked.id, over]
    nodes = {who: value for who, value in values.items() if isinstance(value, Fraction) and value > 0}
    kinds = _made_of(house, community, list(asked.kinds), over, at)
    people = known.members(sorted(nodes))
    lines: list[dict[str, Any]] = [
        {
            "member": who,
            "tier": people[who].attributes.get("tier") if who in people else None,
            "reach": int(value),
            **{kind: len(kinds.get((who, kind), ())) for kind in asked.kinds},
        }
        for who, value in sorted(nodes.items(), key=lambda one: (-one[1], one[0]))
    ]
    columns = ["member", "tier", "reach", *asked.kinds]
    title = community.metrics[asked.id].title
    return Report(
        name="reach",
        title=f"{community.id}: whom each node has influenced over {over}",
        data={"community": community.id, "at": at, "metric": asked.id, "over": over, "nodes": lines},
        tables=[
            Table(
                f"{title.en} {title.zh}: {len(lines):,} nodes",
                columns,
                [[line[column] for column in columns] for line in lines[:limit]],
                right=columns[2:],
            )
        ],
        charts=[
            Bars(
                f"{title.en} {title.zh} over {over}",
                "members",
                [(line["member"], Fraction(line["reach"]), str(line["tier"] or "")) for line in lines[:limit]],
            )
        ],
        remarks=[] if lines else ["Nobody has influenced anybody yet."],
    )


def _everybody(known: Known) -> list[str]:
    return list(known.members(None))


def _made_of(
    house: House, community: Community, kinds: list[str], over: str, at: datetime
) -> dict[tuple[str, str], set[str]]:
    """Whom each node has influenced, by kind of fact."""
    since, until = Window.parse(over).span(at, community.zone)
    found: dict[tuple[str, str], set[str]] = {}
    for kind in kinds:
        for fact in house.facts(community).find(kinds=[kind], limit=MOST_FACTS):
            node = fact.fields.get(VIA)
            if isinstance(node, str) and fact.member is not None and since <= fact.at < until:
                found.setdefault((node, kind), set()).add(fact.member)
    return found
