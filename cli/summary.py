"""Summary: what people are shown at the end of a demo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cli.console import Output

BOOKS = (
    "In and out are counted from what caused it, left is what the account says. Stock: put in, given away. Budgets: "
    "granted, spent. Bookings: promised, brought back. Points: awarded. Contributions: credit of accepted works, and "
    "what the ledger says. Rewards by credit: to be divided, divided."
)
"""What the figures of the books mean."""


def show(out: Output, summary: Mapping[str, Any]) -> None:
    """Tables of the standing, of what was played, of the journey and of the books; then what all of it comes to."""
    outcome = summary["outcome"]
    out.table(
        "Final standing",
        ["ladder", "tier or stage", "members"],
        [[name, tier, count] for name, sizes in outcome["standings"].items() for tier, count in sizes.items()],
        right=["members"],
    )
    out.table(
        "Winners of the contest",
        ["place", "author", "score", "work"],
        [[line["place"], line["author"], line["score"], line["work"]] for line in outcome["ranking"]],
        right=["place", "score"],
    )
    out.table(
        "What was played",
        ["mode", "run", "ended", "what came of it"],
        [[one["mode"], one["run"], one["ended"], _in_words(one["came"])] for one in outcome["played"]],
    )
    if outcome["journey"]:
        out.table(
            "One member's journey",
            ["day", "stage", "how"],
            [[one["day"], one["what"], one["detail"]] for one in outcome["journey"]],
        )
    left = [(what, _figure(what.partition(" ")[0], amount)) for what, amount in outcome["awards"].items()]
    out.table("Awards and what is left", ["what", "amount"], left, right=["amount"])
    for place, lines in summary["books"].items():
        out.table(
            f"The books of {place}",
            ["book", "account", "in", "out", "left", "balances"],
            list(_lines(lines)),
            right=["in", "out", "left"],
        )
    out.say(BOOKS)
    out.say(f"Every workflow finished and the books balance; {summary['seconds']:.1f} s in all.")
    out.say(f"Outcome {summary['digest']}")


def _lines(lines: Sequence[Mapping[str, Any]]) -> list[list[object]]:
    """The books one after the other, the runs of a task in one line; money in the currency, all else in pieces."""
    sums: dict[tuple[str, str], list[int]] = {}
    balances: dict[tuple[str, str], bool] = {}
    for line in lines:
        key = (line["book"], line["account"].rpartition("/")[0] or line["account"])
        figures = sums.setdefault(key, [0, 0, 0, 0])
        for place, name in enumerate(("came", "went", "left")):
            figures[place] += line[name]
        figures[3] += 1
        balances[key] = balances.get(key, True) and line["balances"]
    rows: list[list[object]] = []
    told = ""
    for (book, account), (*figures, count) in sums.items():
        many = f" ({count} runs)" if count > 1 else ""
        shown = [_figure(book, amount) for amount in figures]
        rows.append([book if book != told else "", f"{account}{many}", *shown, balances[book, account]])
        told = book
    return rows


def _figure(book: str, amount: int) -> object:
    return f"{amount / 100:,.2f}" if book == "budget" else amount


def _in_words(counts: Mapping[str, Any]) -> str:
    return ", ".join(f"{n:,} {what}" if isinstance(n, int) else f"{what} {n}" for what, n in counts.items())
