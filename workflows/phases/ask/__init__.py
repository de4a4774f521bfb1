"""Ask: one answer, or one for each thing or person."""
