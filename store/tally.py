"""Tally: whole numbers added up by subject where there are so many cells that grouping them would take longest."""

from __future__ import annotations

import polars as pl

MANY = 2_500_000
"""From so many cells on it pays to count in places rather than to group, the start of NumPy included."""
SOME = 20_000
"""From so many cells on it pays to look whether days must be told apart at all."""
_EXACT = 2**53
"""Up to here sums of whole numbers are exact in the floating-point numbers that NumPy adds weights up in."""

_APART = 2**32
"""More than there are subjects: a day and a subject are packed into one number."""


def summed(cells: pl.DataFrame, **columns: pl.Expr) -> pl.DataFrame:
    """The sums of whole numbers for every `subject`, in no order.

    Args:
        columns: by the name of the sum.
    """
    numbers = cells.select("subject", **{name: column.cast(pl.Int64) for name, column in columns.items()})
    most = numbers.select(pl.col(*columns).abs().max()).row(0) if numbers.height else ()
    if numbers.height < MANY or any((bound or 0) * numbers.height >= _EXACT for bound in most):
        return numbers.group_by("subject").agg(pl.col(*columns).sum())
    import numpy  # only where it is worth a tenth of a second

    subject = numbers["subject"].to_numpy()
    times = numpy.bincount(subject)
    there = numpy.flatnonzero(times)
    found = [pl.Series("subject", there.astype(numpy.int32))]
    for name in columns:
        column = numbers[name]
        if bool((column == 1).all()):
            total = times[there]
        else:
            total = numpy.bincount(subject, weights=column.to_numpy())[there]
        found.append(pl.Series(name, total.astype(numpy.int64)))
    return pl.DataFrame(found)


def days(cells: pl.DataFrame) -> pl.DataFrame:
    """On how many days every `subject` has a cell: `value`."""
    if cells.height < SOME:
        return cells.group_by("subject").agg(pl.col("day").n_unique().cast(pl.Int64).alias("value"))
    packed = cells.select(pl.col("day").cast(pl.Int64) * _APART + pl.col("subject")).to_series()
    if not bool((packed.diff() > 0).all()):  # merged cells are in the order of days and subjects, one each
        packed = packed.unique()
    subject = (packed % _APART).cast(pl.Int32).alias("subject")
    return summed(subject.to_frame(), value=pl.lit(1, dtype=pl.Int64))
