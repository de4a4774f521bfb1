"""Spending: what of each budget went where, beside what was planned for each tier."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction
from typing import Any

from operations.house import House
from operations.reports.page import Bars, Report, Table
from rules.spec import Community
from rules.values import ValueType, decimal_text, fit

OTHERS = ""
"""The line of what cannot be told of a tier."""


def spending(house: House, community: Community, *, at: datetime, budget: str | None = None) -> Report:
    """Plan and spending of budgets, by period and by tier; a period in which nothing happened is not there."""
    unit = community.document.currency
    planned = {one.id: _planned(one, unit) for one in community.resources.values() if one.kind == "budget"}
    lines: list[dict[str, Any]] = []
    periods: list[list[Any]] = []
    for account in house.resources.accounts(community.id, budget):
        plan = planned.get(account.budget, {})
        lines += [
            {
                "budget": account.budget,
                "period": account.period,
                "tier": tier,
                "planned": plan.get(tier),
                "spent": account.lines.get(tier, 0),
            }
            for tier in dict.fromkeys((*plan, *account.lines))
        ]
        periods.append(
            [
                account.budget,
                account.period,
                *(_money(one) for one in (account.granted, account.carried, account.spent, account.left)),
                _money(account.lapsed),
            ]
        )
    rows = [
        [
            line["budget"],
            line["period"],
            line["tier"] or "others",
            "" if line["planned"] is None else _money(line["planned"]),
            _money(line["spent"]),
            f"{100 * line['spent'] // line['planned']} %" if line["planned"] else "",
            "over" if line["planned"] is not None and line["spent"] > line["planned"] else "",
        ]
        for line in lines
    ]
    bars = [
        (f"{line['budget']} {line['period']} {line['tier'] or 'others'}", Fraction(line["spent"], 100), "")
        for line in lines
    ]
    marks = {
        f"{line['budget']} {line['period']} {line['tier'] or 'others'}": Fraction(line["planned"], 100)
        for line in lines
        if line["planned"] is not None
    }
    numbers = ["planned", "spent", "share"]
    return Report(
        name="spending",
        title=f"{community.id}: spending against the plan, in {unit}",
        data={
            "community": community.id,
            "at": at,
            "currency": unit,
            "lines": [
                {
                    **line,
                    "planned": None if line["planned"] is None else _money(line["planned"]),
                    "spent": _money(line["spent"]),
                }
                for line in lines
            ],
        },
        tables=[
            Table("By tier", ["budget", "period", "tier", *numbers, ""], rows, right=numbers),
            Table(
                "By period",
                ["budget", "period", "granted", "carried over", "spent", "left", "lapsed"],
                periods,
                right=["granted", "carried over", "spent", "left", "lapsed"],
            ),
        ],
        charts=[Bars("Spent 支出 (bar) and planned 计划 (mark)", unit, bars, marks)] if bars else [],
        remarks=[] if lines else ["Nothing was spent yet."],
    )


def _planned(budget: Any, unit: str) -> Mapping[str, int]:
    """What a budget plans for each tier, in hundredths."""
    money = ValueType("money", unit=unit)
    return {
        str(line.for_).partition(":")[2]: int(fit(str(line.amount), money, "amount"))  # type: ignore[arg-type]
        for line in budget.lines or ()
    }


def _money(hundredths: int) -> str:
    return decimal_text(hundredths, 2)
