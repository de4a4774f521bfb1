"""Time: what durations, windows, deadlines, rhythms and working hours mean, with the time passed in, never read."""

from rules.time.duration import Duration
from rules.time.local import (
    DAWN,
    FOREVER,
    day_start,
    end_of,
    instant,
    local_day,
    moment,
    to_date,
    to_day,
    wall_clock,
)
from rules.time.scale import ClockScale
from rules.time.schedule import RhythmSpec, SlaSpec, SlaTimes, deadline, next_time, sla_times
from rules.time.window import CALENDAR_WINDOWS, ENTRY_WINDOWS, WINDOWS, Window
from rules.time.working import CalendarSpec, WorkCalendar, add, subtract

__all__ = [
    "CALENDAR_WINDOWS",
    "DAWN",
    "ENTRY_WINDOWS",
    "FOREVER",
    "WINDOWS",
    "CalendarSpec",
    "ClockScale",
    "Duration",
    "RhythmSpec",
    "SlaSpec",
    "SlaTimes",
    "Window",
    "WorkCalendar",
    "add",
    "day_start",
    "deadline",
    "end_of",
    "instant",
    "local_day",
    "moment",
    "next_time",
    "sla_times",
    "subtract",
    "to_date",
    "to_day",
    "wall_clock",
]
