"""Columns: the same conditions and procedures read over a whole community at once, with Polars."""

from rules.columns.truths import Columns, evidence_of
from rules.columns.verdicts import VERDICTS, judge, verdicts

__all__ = ["VERDICTS", "Columns", "evidence_of", "judge", "verdicts"]
