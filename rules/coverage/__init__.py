"""Coverage: which conditions of a community its cases saw hold, which they saw fail, and what is missing."""
