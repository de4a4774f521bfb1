"""Accounting: whatever a command writes is in the audit log, with who gave the command and with what arguments."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cli.memory import Memory

WRITES = ("INSERT", "UPDATE", "DELETE", "WITH", "SELECT TRELLIS_", "COPY")
"""How statements begin that may change something (a `WITH` only if it says so)."""
UNTOLD = frozenset({"up", "worker", "demo", "doctor"})
"""Commands that are servers, or look after them: what happens there others have asked for."""
OPEN_ENDED = 200
"""Characters of an argument that are kept."""


@contextmanager
def accounted(memory: Memory) -> Iterator[None]:
    """Around a command: if it wrote and has not said so itself, an entry says who did what with what arguments."""
    from sqlalchemy import event

    context = _command()
    if context is None or context.info_name in UNTOLD:
        yield
        return
    mine, wrote = threading.get_ident(), False

    def looked(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        nonlocal wrote
        if not wrote and threading.get_ident() == mine:
            start = statement.lstrip().upper()
            wrote = start.startswith(WRITES) and (
                not start.startswith("WITH") or " INTO " in start or "UPDATE" in start
            )

    event.listen(memory.engine, "before_cursor_execute", looked)
    try:
        yield
    finally:
        event.remove(memory.engine, "before_cursor_execute", looked)
    if wrote and not memory.audit.noted:
        _note(memory, context)


def _note(memory: Memory, context: Any) -> None:
    given = {
        name: value for name, value in context.params.items() if value not in (None, False, (), []) and name != "json"
    }
    actor = given.pop("by", None) or "operator"
    community = given.pop("community", None) or _only(memory)
    positional = [one.name for one in context.command.params if one.param_type_name == "argument"]
    what = next((str(given[name]) for name in positional if name in given), community)
    memory.audit.note(
        community,
        actor=str(actor),
        verb=context.command_path.partition(" ")[2] or context.info_name,
        what=what,
        at=datetime.now(UTC),
        details={name: str(value)[:OPEN_ENDED] for name, value in sorted(given.items())},
    )


def _command() -> Any:
    """The command that is being run, with its arguments; None outside of one. Newer typers bring their own click."""
    try:
        globals_: Any = import_module("typer._click.globals")
    except ModuleNotFoundError:
        globals_ = import_module("click.globals")
    return globals_.get_current_context(silent=True)


def _only(memory: Memory) -> str:
    """The community that is meant when none is named; "" for the installation as a whole."""
    known = list(memory.specs.communities())
    return known[0] if len(known) == 1 else ""
