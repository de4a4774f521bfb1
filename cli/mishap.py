"""Mishaps: what people read when the tool itself failed, and where the details are kept."""

import traceback
from collections.abc import Sequence
from datetime import UTC, datetime

from cli.home import Home


def explain_mishap(error: BaseException, arguments: Sequence[str]) -> tuple[str, str]:
    """A sentence and a hint for an unexpected error; the traceback goes to `log/errors.log` of the state folder."""
    message, hint = _known(error) or (f"something went wrong inside: {_first_line(error)}", "")
    where = _write(error, arguments)
    if where:
        hint = f"{hint} Details: {where}".strip()
    return message, hint


def _known(error: BaseException) -> tuple[str, str] | None:
    kind = f"{type(error).__module__}.{type(error).__qualname__}"
    if kind.startswith(("sqlalchemy.exc.OperationalError", "psycopg.OperationalError")):
        return (
            "PostgreSQL cannot be reached.",
            "Check DATABASE_URL, or unset it to use the embedded server; `trellis doctor` looks closer.",
        )
    if kind.startswith("temporalio.service.RPCError"):
        return (
            f"Temporal answered with an error: {_first_line(error)}",
            "Check TEMPORAL_ADDRESS, or unset it to use the embedded server; `trellis doctor` looks closer.",
        )
    if isinstance(error, RuntimeError) and "Failed client connect" in str(error):
        return ("Temporal cannot be reached.", "Check TEMPORAL_ADDRESS, or run `trellis up` first.")
    if isinstance(error, TimeoutError) and str(error):
        return (f"{error}.", "`trellis doctor` looks closer.")
    if isinstance(error, PermissionError):
        return (f"not allowed to touch {error.filename}.", "Check the owner and the mode of that path.")
    if isinstance(error, OSError) and error.errno == 28:
        return ("the disk is full.", "Free some space and run the command again.")
    return None


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def _write(error: BaseException, arguments: Sequence[str]) -> str:
    try:
        path = Home.here().log("errors")
        with path.open("a", encoding="utf-8") as log:
            log.write(f"\n{datetime.now(UTC).isoformat(timespec='seconds')} trellis {' '.join(arguments)}\n")
            log.write("".join(traceback.format_exception(error)))
    except OSError:
        return ""
    return str(path)
