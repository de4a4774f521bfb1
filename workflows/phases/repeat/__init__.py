"""Repeat: rounds, one after another."""
