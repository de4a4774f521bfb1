"""Columns: the same conditions and procedures read over a whole community at once, with Polars."""

from rules.columns.truths import Columns, evidence_of
from rules.columns.verdicts import VERDICTS, columns_of, holding, judge, verdicts

__all__ = ["VERDICTS", "Columns", "columns_of", "evidence_of", "holding", "judge", "verdicts"]
