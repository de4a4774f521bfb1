"""Run: other tasks are started and waited for."""
