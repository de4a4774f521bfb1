"""Parallel: branches at the same time."""
