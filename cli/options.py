"""Options that many commands share, so that they read and mean the same everywhere."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from operations.errors import Refusal

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

Json = Annotated[bool, typer.Option("--json", help="Print data for programs instead of text for people.")]
Community = Annotated[
    str | None, typer.Option("--community", metavar="ID", help="Which community; needed when several are published.")
]
As = Annotated[
    str | None,
    typer.Option(
        "--as",
        "--by",
        metavar="PERSON",
        envvar="TRELLIS_AS",
        help="Who does it: a member or a colleague. Without it the installation's own hand, where that may.",
    ),
]
At = Annotated[
    str | None,
    typer.Option("--at", metavar="TIME", help="As of this time, e.g. 2026-11-21 or 2026-11-21T06:00:00+08:00."),
]


def moment(text: str | None, zone: "ZoneInfo | None" = None, option: str = "--at") -> datetime:
    """The time that `--at` names, in UTC; now when it is not given.

    Args:
        text: an ISO date or time; a date means its first instant, a time without offset is local.
        option: the option that names it, for the refusal.
        zone: the community's zone for what has no offset, UTC otherwise.

    Raises:
        Refusal: when it is not a date or time.
    """
    if text is None:
        return datetime.now(UTC)
    try:
        read = datetime.fromisoformat(text)
        if read.tzinfo is None:
            read = read.replace(tzinfo=zone or UTC)
        return read.astimezone(UTC)
    except (ValueError, OverflowError):  # what lies beyond the calendar in UTC is no time either
        raise Refusal(
            f"{option} {text!r} is not a time.", "Write 2026-11-21, or with time and offset 2026-11-21T06:00:00+08:00."
        ) from None


def whoever() -> str:
    """Whoever is logged in here, where nobody is named; `operator` where that cannot be told, as in many containers."""
    import getpass

    from operations.ports.audit import OPERATOR

    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return OPERATOR


def refuse_other(said: str | None, known: Sequence[str], option: str) -> None:
    """Refuse a word that is none of those which an option takes, instead of finding nothing.

    Raises:
        Refusal: it is none of them.
    """
    if said is not None and said not in known:
        raise Refusal(f"{option} {said!r} is not known.", f"One of {', '.join(known)}.")
