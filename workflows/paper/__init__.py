"""Paper: runs of tasks played without any server, on a clock that only the play itself moves."""
