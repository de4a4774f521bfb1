"""`trellis apply`: publish the specs of a folder."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import Json, whoever

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cli.console import Output


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("apply")(apply)


def apply(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of a community, such as specs/auto.")],
    message: Annotated[str, typer.Option("--message", "-m", metavar="TEXT", help="Why, in a sentence.")] = "",
    author: Annotated[str, typer.Option("--author", metavar="NAME", help="Who publishes; you, if not given.")] = "",
    shadow: Annotated[
        bool, typer.Option("--shadow", help="Only judge by them beside the current ones; nothing follows from it.")
    ] = False,
    steps: Annotated[
        str | None,
        typer.Option(
            "--steps",
            metavar="SHARES",
            help="Judge a growing share of members by them, such as '10% 50%@2027-02-01 100%'.",
        ),
    ] = None,
    share: Annotated[
        str | None, typer.Option("--share", metavar="SHARE", help="The same with one step, such as 10%.")
    ] = None,
    stop_if: Annotated[
        list[str] | None,
        typer.Option("--stop-if", metavar="BOUND", help="'demotions > 20' or 'moved > 5%'; may be repeated."),
    ] = None,
    plan: Annotated[
        Path | None,
        typer.Option("--plan", metavar="FILE", help="Only if this plan (`trellis plan --out FILE`) still holds."),
    ] = None,
    json: Json = False,
) -> None:
    """Check the specs in DIR and make them the community's current ones; metrics that are new are computed.

    What already runs goes on under the specs it began with. Publishing the same documents twice changes nothing.
    With --shadow or --steps they are tried first: `trellis versions DIGEST` shows what that comes to, and
    `trellis rollback` takes it back.
    """
    from dataclasses import asdict
    from datetime import UTC, datetime
    from functools import partial

    from cli.console import INVALID, Output
    from cli.specs import out_of_reach, read_specs
    from cli.wiring import memory
    from operations.preview import Stale, read_plan, refuse_stale
    from operations.publish import publish
    from store.folder import read_folder
    from workflows.phases import discover

    out = Output(json)
    tried = _tried(shadow, steps, share, stop_if)
    loaded = read_specs(folder)
    never = [] if loaded.community is None else out_of_reach(folder, loaded.community)
    if loaded.community is None or never:
        said = [*loaded.diagnostics, *never]
        out.data({"ok": False, "diagnostics": [d.as_json() for d in said]})
        for d in said:
            out.warn(f"{d.file}:{d.line}:{d.column}: {d.message}  [{d.code}]" + (f"\n    {d.hint}" if d.hint else ""))
        out.warn("Nothing was published.")
        raise typer.Exit(INVALID)
    who = author or whoever()
    if tried:
        _try_out(out, folder, loaded.community.id, steps=steps or share, stop_if=stop_if or (), message=message, by=who)
        return
    planned = None if plan is None else read_plan(plan)
    with memory() as remembered, out.progress(f"Publishing {loaded.community.id}"):
        if planned is not None:
            try:
                refuse_stale(remembered.desk, remembered.runs, loaded.community, planned, at=datetime.now(UTC))
            except Stale as stale:
                out.data({"ok": False, "error": stale.message, "hint": stale.hint, "since": list(stale.since)})
                out.warn("The plan has gone stale; nothing was published. Since it was made:")
                for sentence in stale.since:
                    out.warn(f"  {sentence}")
                raise typer.Exit(INVALID) from None
        done = publish(
            remembered.specs,
            read_folder(folder),
            discover(),
            message=message,
            author=who,
            at=datetime.now(UTC),
            staff=partial(remembered.effects.people, loaded.community.id),
        )
    version = done.version
    out.data({"ok": True, "new": done.new, "version": asdict(version)})
    if done.new:
        out.say(f"{version.community} version {version.number} is current: {version.digest}")
    else:
        out.say(f"{version.community} has these very specs already, as version {version.number}: {version.digest}")


def _tried(shadow: bool, steps: str | None, share: str | None, stop_if: "Sequence[str] | None") -> bool:
    """Whether the specs are to be tried first.

    Raises:
        Refusal: options that exclude each other.
    """
    from operations.errors import Refusal

    if sum((shadow, steps is not None, share is not None)) > 1:
        raise Refusal("--shadow, --steps and --share exclude each other.", "Give one of them.")
    if stop_if and steps is None and share is None:
        raise Refusal("--stop-if needs --steps or --share.", "It says when a share of members is too much.")
    return shadow or steps is not None or share is not None


def _try_out(
    out: "Output",
    folder: Path,
    community: str,
    *,
    steps: str | None,
    stop_if: "Sequence[str]",
    message: str,
    by: str,
) -> None:
    from datetime import UTC, datetime
    from functools import partial

    from cli.commands.versions import told
    from cli.wiring import memory
    from operations.trial import try_out
    from store.folder import read_folder
    from workflows.phases import discover

    with memory() as remembered, out.progress(f"Trying out {community}"):
        trial = try_out(
            remembered.specs,
            remembered.trials,
            read_folder(folder),
            discover(),
            message=message,
            author=by,
            at=datetime.now(UTC),
            steps=steps,
            stop_if=stop_if,
            staff=partial(remembered.effects.people, community),
        )
    out.data({"ok": True, "trial": told(trial)})
    if trial.steps:
        out.say(f"{trial.community} is judged by {trial.digest} in steps, beginning with the next review.")
    else:
        out.say(f"{trial.community} is judged by {trial.digest} in the shadow, beginning with the next review.")
    out.say(f"`trellis versions {trial.digest[7:19]}` shows what it comes to.")
