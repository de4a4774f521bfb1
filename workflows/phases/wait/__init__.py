"""Wait: for a time or for a condition."""
