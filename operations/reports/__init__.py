"""Reports: what came of it, as tables, pictures and data; every figure that nobody knows stays unknown.

Each module is one report: a function from the memory to a `Report`. Nothing here writes anything.
"""

from operations.reports.page import Bars, Boxes, Chart, Dots, Grid, Report, Span, Table, Timeline

__all__ = ["Bars", "Boxes", "Chart", "Dots", "Grid", "Report", "Span", "Table", "Timeline"]
