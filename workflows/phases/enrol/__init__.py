"""Enrol: members come in, by themselves or invited."""
