"""Migrations: how a database becomes what this version of Trellis needs, one numbered step after another."""
