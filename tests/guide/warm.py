"""Warm: imports what `trellis` commands need, so that a fork begins with it."""

import importlib
import pkgutil

import cli.commands

LATER = (
    "cli.memory",
    "cli.wiring",
    "operations.explain",
    "operations.import_facts",
    "operations.preview",
    "operations.publish",
    "operations.review",
    "psycopg",
    "rich.table",
    "store.embedded",
    "store.schema",
    "temporalio.client",
    "workflows.desk",
    "workflows.gateway",
    "workflows.launch",
    "workflows.phases.ask.play",
    "workflows.server",
    "workflows.summary",
)
for name in (*(f"cli.commands.{found.name}" for found in pkgutil.iter_modules(cli.commands.__path__)), *LATER):
    importlib.import_module(name)
