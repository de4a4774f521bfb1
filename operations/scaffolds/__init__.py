"""Scaffolds: what a new pack or phase kind begins with; one module each, files as text."""
