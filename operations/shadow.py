"""Shadow: what a version would say of the members that a review has just read, without anything following from it.

Every review compares again, with the standings as they are: it says how the two would differ on that day, not where
members would stand by now had the version been current all along.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from operations.desk import Desk
from operations.looking import Found, has_part, is_rules, looking_at
from operations.ports.reviews import Plan
from operations.ports.standings import LIFECYCLE
from operations.ports.trials import Difference

if TYPE_CHECKING:
    from rules.spec import Community

SOME = 20
"""Members of one difference who are named."""
MISSING = "the version on trial has no such part"


def compare(
    desk: Desk, plan: Plan, shadow: Community, part: str, subjects: Sequence[str] | None, found: Found
) -> tuple[int, list[Difference], str]:
    """Who of those just found would come out otherwise: how many were compared, the differences, and a problem.

    A version that cannot be judged is a problem to be told, never one of the review.
    """
    if not has_part(shadow, part):
        return found.frame.height, [], MISSING
    try:
        there = looking_at(desk, plan, shadow, part).find(subjects)
        if is_rules(part):
            return found.frame.height, _rules(part, found, there), ""
        return found.frame.height, _standings(part, found, there), ""
    except Exception as error:  # whatever is wrong with it, the review goes on
        return found.frame.height, [], f"cannot be judged: {type(error).__name__}: {error}"


def _standings(part: str, here: Found, there: Found) -> list[Difference]:
    ours, theirs = (_came(part, one.frame).rename({"came": name}) for one, name in ((here, "here"), (there, "there")))
    both = ours.join(theirs.select("subject", "there"), on="subject", how="left")
    other = both.filter(pl.col("here").ne_missing(pl.col("there")))
    return _summed(part, other.with_columns(pl.col("from").fill_null("none")))


def _came(part: str, frame: pl.DataFrame) -> pl.DataFrame:
    """How each came out: `promote core`, `keep`, `move active`, `none`."""
    if part == LIFECYCLE:
        to = pl.col("·lifecycle:to")
        came = pl.when(to.is_null()).then(pl.lit("none")).otherwise(pl.concat_str(pl.lit("move "), to))
        return frame.select("subject", pl.col("stage").alias("from"), came.alias("came"))
    came = pl.concat_str(pl.col("·outcome"), pl.col("·to"), separator=" ", ignore_nulls=True)
    return frame.select("subject", pl.col("·from").alias("from"), came.alias("came"))


def _rules(part: str, here: Found, there: Found) -> list[Difference]:
    fired = [
        one.changes.filter(pl.col("kind") == "fire").select("subject", pl.col("rule").alias("from"))
        for one in (here, there)
    ]
    said = (pl.lit("fires").alias("fires"), pl.lit("does not").alias("not"))
    only_here = fired[0].join(fired[1], on=["subject", "from"], how="anti").with_columns(*said)
    only_there = fired[1].join(fired[0], on=["subject", "from"], how="anti").with_columns(*said)
    return [
        *_summed(part, only_here.rename({"fires": "here", "not": "there"})),
        *_summed(part, only_there.rename({"fires": "there", "not": "here"})),
    ]


def _summed(part: str, rows: pl.DataFrame) -> list[Difference]:
    keys = ["from", "here", "there"]
    summed = rows.sort("subject").group_by(keys, maintain_order=True).agg(
        pl.len().alias("members"), pl.col("subject").head(SOME).alias("some")
    )  # fmt: skip
    return [
        Difference(
            part=part,
            from_=row["from"],
            here=row["here"],
            there=row["there"] or "unknown",
            members=row["members"],
            some=tuple(row["some"]),
        )
        for row in summed.sort(keys).iter_rows(named=True)
    ]
