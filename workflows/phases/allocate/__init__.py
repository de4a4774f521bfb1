"""Allocate: goods, places, money."""
