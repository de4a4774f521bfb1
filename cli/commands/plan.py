"""`trellis plan`: what the specs of a folder would change, for whom, and why, before they are current."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import At, Json

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from cli.console import Output
    from operations.preview import Preview
    from rules.spec import Loaded


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("plan")(plan)


def plan(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of a community, such as specs/auto.")],
    at: At = None,
    out_file: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write the plan to a file, for `apply --plan FILE`.")
    ] = None,
    members: Annotated[
        Path | None,
        typer.Option("--members", metavar="FILE", help="Write a CSV with everybody by name; `-` is standard output."),
    ] = None,
    json: Json = False,
) -> None:
    """Compare the specs in DIR with the current ones over the whole community; nothing is changed.

    Shows who would move at the next review and which condition with which threshold makes the difference, graces that
    would begin, seats, tasks under way, waits and money. Exit 3 when something changes, 0 when nothing does.
    """
    import gc

    from cli.console import FINDINGS, Output, encode
    from operations.errors import Refusal

    gc.disable()  # everything made here is shown and then the process ends
    out = Output(json)
    if members is not None and str(members) == "-" and json:
        raise Refusal("--members - and --json both want standard output.", "Give --members a file.")
    found, zone = _previewed(out, folder, at)
    document = found.data()
    if out_file is not None:
        _written(out_file, encode(document) + b"\n")
    if members is not None:
        from operations.preview import members_of

        _members(members, members_of(found.groups))
    out.data(document)
    if members is None or str(members) != "-":
        _show(out, found, document, zone)
    gc.freeze()  # nor is it gone through once more on the way out
    raise typer.Exit(FINDINGS if found.changes else 0)


_TURN = 0.0005
"""Seconds that a thread may keep Python to itself: the one that looks asks for it often, and briefly."""


def _previewed(out: "Output", folder: Path, at: str | None) -> "tuple[Preview, ZoneInfo]":
    """Look at everybody in one thread while the specs are checked in this one; neither needs the other's answer."""
    import sys
    from concurrent.futures import ThreadPoolExecutor

    from cli.options import moment
    from cli.specs import read_specs
    from cli.wiring import memory
    from operations.preview import preview

    new = read_specs(folder, checked=False).community
    if new is None:
        raise _refused(out, read_specs(folder))
    when = moment(at, new.zone)
    with memory() as remembered, out.progress(f"looking at {new.id}"), ThreadPoolExecutor(1) as beside:
        remembered.members(new), remembered.measures(new)  # imported before there are two threads to share the time
        sys.setswitchinterval(_TURN)
        looked = beside.submit(preview, remembered.desk, remembered.runs, new, at=when, given=at is not None)
        loaded = read_specs(folder)
        if loaded.community is None:
            raise _refused(out, loaded)
        if loaded.community.digest == new.digest:
            return looked.result(), new.zone
        again = preview(remembered.desk, remembered.runs, loaded.community, at=when, given=at is not None)
        return again, new.zone


def _refused(out: "Output", loaded: "Loaded") -> typer.Exit:
    from cli.console import INVALID
    from cli.specs import show_diagnostics

    out.data({"ok": False, "diagnostics": [d.as_json() for d in loaded.diagnostics]})
    show_diagnostics(loaded.diagnostics, out.warn)
    return typer.Exit(INVALID)


def _written(path: Path, content: bytes) -> None:
    from operations.errors import Refusal

    try:
        path.write_bytes(content)
    except OSError as error:
        raise Refusal(f"{path} cannot be written: {error.strerror or error}.") from None


def _members(path: Path, rows: Any) -> None:
    import csv
    import io
    import sys

    text = io.StringIO()
    table = csv.DictWriter(text, ("member", "ladder", "kind", "from", "to", "change", "asked"), lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    if str(path) == "-":
        sys.stdout.write(text.getvalue())
    else:
        _written(path, text.getvalue().encode())


_KINDS = {
    "below": "grace begins",
    "above": "grace ends well",
    "met": "observation begins",
    "unmet": "observation ends",
}


def _show(out: "Output", found: "Preview", document: dict[str, Any], zone: "ZoneInfo") -> None:
    from operations.preview.documents import brief

    if not found.changes:
        out.say(f"{found.community}: nothing changes; these are the current specs, version {found.version}.")
        return
    as_of = f"{found.at.astimezone(zone):%Y-%m-%d %H:%M}"
    out.say(
        f"{found.community}: {found.new.removeprefix('sha256:')[:12]} against version {found.version}"
        f" ({found.current.removeprefix('sha256:')[:12]}), {found.members:,} members as of {as_of}."
    )
    edits = [(edit.file, edit.path, brief(edit.old), brief(edit.new)) for edit in found.edits]
    out.table("What is written otherwise", ("file", "path", "now", "then"), edits)
    rows = [
        (one["ladder"], one["from"] or "none", one["to"], one["current"], one["members"], one["new"], one["gone"],
         one["asked"])
        for one in document["transitions"]
    ]  # fmt: skip
    numbers = ["now", "then", "new", "no more", "asked first"]
    out.table("Moves at the next review", ("ladder", "from", "to", *numbers), rows, right=numbers)
    show_begun(out, document)
    _show_why(out, document)
    _show_rest(out, document, zone)
    out.say("Publish it with: trellis apply DIR -m TEXT; with --plan FILE only if all this still holds then.")


def show_begun(out: "Output", document: dict[str, Any]) -> None:
    """The graces and observations of a plan that begin or end."""
    rows = [
        (one["ladder"], one["from"], _KINDS[one["kind"]], one["current"], one["members"], one["new"], one["gone"])
        for one in (*document["graces"], *document["observations"])
    ]
    numbers = ["now", "then", "new", "no more"]
    out.table("Graces and observations", ("ladder", "at", "what", *numbers), rows, right=numbers)


def _show_why(out: "Output", document: dict[str, Any]) -> None:
    rows: list[tuple[Any, ...]] = []
    for one in (*document["transitions"], *document["graces"], *document["observations"], *document["rules"]):
        for change, reasons in (("new", one["why_new"]), ("no more", one["why_gone"])):
            rows.extend(
                (_named(one), change, why["condition"], _compared(why, "old"), _compared(why, "new"), why["members"])
                for why in reasons
            )
    if rows:
        out.table("Why", ("who", "", "condition", "now", "then", "members"), rows, right=["members"])


def _named(one: dict[str, Any]) -> str:
    if one["kind"] == "fire":
        return f"rule {one['rule']}"
    if one["kind"] == "move":
        return f"{one['ladder']} {one['from'] or 'none'} → {one['to']}"
    return f"{one['ladder']} {one['from']}: {_KINDS[one['kind']]}"


def _compared(why: dict[str, Any], side: str) -> str:
    if why["metric"] is None or why[side] is None:
        return ""
    over = "" if why["over"] in (None, "all") else f" over {why['over']}"
    return f"{why['metric']}{over} {why['comparison']} {why[side]}"


def _local(cell: object, zone: "ZoneInfo") -> object:
    """A moment as people of the community read it; anything else as it is."""
    from datetime import datetime

    if isinstance(cell, str) and "T" in cell and cell[:4].isdigit():
        return f"{datetime.fromisoformat(cell).astimezone(zone):%Y-%m-%d %H:%M}"
    return f"{cell.astimezone(zone):%Y-%m-%d %H:%M}" if isinstance(cell, datetime) else cell


def _show_rest(out: "Output", document: dict[str, Any], zone: "ZoneInfo") -> None:
    fired = [one for one in document["rules"] if one["new"] or one["gone"]]
    if fired:
        rows = [(one["rule"], one["current"], one["members"], one["new"], one["gone"]) for one in fired]
        numbers = ["now", "then", "new", "no more"]
        out.table("Rules that act", ("rule", *numbers), rows, right=numbers)
    for title, name, columns in (
        ("Renamed", "renamed", ("kind", "ladder", "from", "to", "members")),
        ("Seats", "seats", ("ladder", "tier", "seats", "taken", "entering", "leaving", "without_seat", "over")),
        ("Tasks under way go on under the version they began with", "runs",
         ("task", "mode", "runs", "becomes", "deadlines", "next_deadline")),
        ("Waits", "timers", ("what", "old", "new")),
        ("Points, gifts and money at the next review", "budgets", ("kind", "account", "current", "new", "left")),
    ):  # fmt: skip
        if document[name]:
            lines = [tuple(_local(row[column], zone) for column in columns) for row in document[name]]
            headings = [column.replace("_", " ") for column in columns]
            right = [h for h, cell in zip(headings, lines[0], strict=True) if isinstance(cell, int)]
            out.table(title, headings, lines, right=right)
    pending = ", ".join(f"{number:,} in {name}" for name, number in document["promised"].items() if number)
    if pending:
        out.say(f"What was promised is kept as it was promised: {pending}.")
