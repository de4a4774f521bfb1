"""What it means: the spec language, evaluation, explanation. Pure: no clock, no I/O, no framework."""
