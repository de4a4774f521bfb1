"""`trellis proposals`: changes of the specs that insights opened: look at them, accept or reject them."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import Community, Json, refuse_other, whoever

if TYPE_CHECKING:
    from cli.console import Output
    from cli.memory import Memory
    from operations.ports.proposals import Proposal
    from operations.proposals import Changed

Number = Annotated[int, typer.Argument(metavar="NUMBER", help="Of the proposal, as `trellis proposals` lists it.")]
By = Annotated[
    str,
    typer.Option("--as", "--by", metavar="NAME", envvar="TRELLIS_AS", help="Who decides; you, if not given."),
]

STATES = ("planning", "open", "broken", "accepted", "rejected", "withdrawn")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Changes of the specs that insights propose.", invoke_without_command=True)
    group.callback()(proposals)
    group.command("show")(show)
    group.command("plan")(plan)
    group.command("accept")(accept)
    group.command("reject")(reject)
    app.add_typer(group, name="proposals")


def proposals(
    context: typer.Context,
    state: Annotated[
        str | None, typer.Option("--state", help="planning, open, broken, accepted, rejected or withdrawn.")
    ] = None,
    community: Community = None,
    json: Json = False,
) -> None:
    """List the proposals, newest first. Nothing that is proposed changes anything until somebody accepts it."""
    if context.invoked_subcommand is not None:
        return
    from cli.console import Output
    from cli.wiring import memory, planner

    out = Output(json)
    refuse_other(state, STATES, "--state")
    with memory() as remembered:
        spec = remembered.specs.current(community)
        with out.progress("plans of new proposals"):
            planner(remembered)(spec.id)
        found = remembered.proposals.all(spec.id, state=state)
        out.data({"community": spec.id, "proposals": [_told(remembered, one, plan=False) for one in found]})
    if not found:
        out.say("There is no proposal.")
        return
    rows = [
        [one.number, one.state, one.run, f"{one.at.astimezone(spec.zone):%Y-%m-%d}", _edits(one), one.decided_by]
        for one in found
    ]
    out.table("", ["number", "state", "from", "at", "would change", "decided by"], rows, right=["number"])


def show(number: Number, community: Community = None, json: Json = False) -> None:
    """Show one proposal: the insight, the edits, and its plan: who would move, and why."""
    from cli.console import Output
    from cli.wiring import memory, planner

    out = Output(json)
    with memory() as remembered:
        spec = remembered.specs.current(community)
        with out.progress("plans of new proposals"):
            planner(remembered)(spec.id)
        found = _found(remembered, spec.id, number)
        told = _told(remembered, found, plan=True)
    out.data({"proposal": told})
    _show(out, found, told)


def plan(number: Number, community: Community = None, json: Json = False) -> None:
    """Make the plan of a proposal anew, against the specs and the members as they are now."""
    from datetime import UTC, datetime

    from cli.console import Output
    from cli.wiring import memory
    from operations.proposals import plan_one
    from workflows.phases import discover

    out = Output(json)
    with memory() as remembered:
        spec = remembered.specs.current(community)
        found = _found(remembered, spec.id, number)
        with out.progress(f"the plan of proposal {number}"):
            found = plan_one(
                remembered.desk, remembered.runs, remembered.proposals, discover(), found, at=datetime.now(UTC)
            )
        told = _told(remembered, found, plan=True)
    out.data({"proposal": told})
    _show(out, found, told)


def accept(
    number: Number,
    message: Annotated[str, typer.Option("--message", "-m", metavar="TEXT", help="Why, in a sentence.")] = "",
    folder: Annotated[
        Path | None,
        typer.Option("--dir", metavar="DIR", help="Write the edits into this folder of specs as well."),
    ] = None,
    by: By = "",
    community: Community = None,
    json: Json = False,
) -> None:
    """Publish what a proposal says, if its plan still holds; refused when the plan has gone stale.

    With --dir the files of a folder that says what is current now get the same edits, so that the next `trellis apply`
    of the folder does not take the change back.
    """
    from dataclasses import asdict
    from datetime import UTC, datetime

    from cli.console import INVALID, Output
    from cli.wiring import memory
    from operations.preview import Stale
    from operations.proposals import accept as accepted
    from workflows.phases import discover

    out = Output(json)
    who = by or whoever()
    with memory() as remembered, out.progress(f"Publishing proposal {number}"):
        spec = remembered.specs.current(community)
        found = _found(remembered, spec.id, number)
        if folder is not None:
            _refuse_other(folder, spec.digest)
        try:
            done, new = accepted(
                remembered.desk,
                remembered.runs,
                remembered.proposals,
                discover(),
                found,
                by=who,
                message=message,
                at=datetime.now(UTC),
            )
        except Stale as stale:
            hint = f"Make it anew, and look again: trellis proposals plan {number}"
            out.data({"ok": False, "error": stale.message, "hint": hint, "since": list(stale.since)})
            out.warn("The plan has gone stale; nothing was published. Since it was made:")
            for sentence in stale.since:
                out.warn(f"  {sentence}")
            out.warn(hint)
            raise typer.Exit(INVALID) from None
        files = _written(folder, new, found) if folder is not None else []
    out.data({"ok": True, "number": number, "version": asdict(done.version), "files": files})
    out.say(f"{spec.id} version {done.version.number} is current: {done.version.digest}")
    if folder is None:
        out.say("Edit the folder of your specs too, or the next `trellis apply` takes this back:")
        for file, path, value in found.edits:
            out.say(f"  trellis edit DIR/{file} '{path}' '{value}'")


def reject(
    number: Number,
    message: Annotated[str, typer.Option("--message", "-m", metavar="TEXT", help="Why, in a sentence.")] = "",
    by: By = "",
    community: Community = None,
    json: Json = False,
) -> None:
    """Decide against a proposal; the reason stays with it."""
    from datetime import UTC, datetime

    from cli.console import Output
    from cli.wiring import memory
    from operations.proposals import reject as rejected

    out = Output(json)
    with memory() as remembered:
        spec = remembered.specs.current(community)
        found = _found(remembered, spec.id, number)
        rejected(remembered.proposals, found, by=by or whoever(), reason=message, at=datetime.now(UTC))
        told = _told(remembered, _found(remembered, spec.id, number), plan=False)
    out.data({"ok": True, "proposal": told})
    out.say(f"Proposal {number} is rejected; nothing was changed.")


def _found(remembered: "Memory", community: str, number: int) -> "Proposal":
    from operations.errors import Refusal

    found = remembered.proposals.one(community, number)
    if found is None:
        raise Refusal(f"There is no proposal {number} in {community}.", "`trellis proposals` lists them.")
    return found


def _told(remembered: "Memory", one: "Proposal", *, plan: bool) -> dict[str, Any]:
    """A proposal as data, with the insight that it comes from."""
    from operations.proposals import authors_of

    insight: Mapping[str, Any] = {}
    if one.run is not None and one.source is not None:
        answers = [act for act in remembered.runs.acts(one.run, one.source) if act.verb == "answer"]
        insight = dict(answers[-1].fields) if answers else {}
    told = {
        "number": one.number,
        "state": one.state,
        "at": one.at,
        "run": one.run,
        "by": authors_of(remembered.runs, one),
        "insight": insight,
        "edits": [{"file": file, "path": path, "value": value} for file, path, value in one.edits],
        "base": one.base,
        "digest": one.digest,
        "problem": one.problem,
        "decided_by": one.decided_by,
        "decided_at": one.decided_at,
        "reason": one.reason,
        "version": one.version,
    }
    return {**told, "plan": one.plan} if plan else told


def _show(out: "Output", one: "Proposal", told: Mapping[str, Any]) -> None:
    by = ", ".join(told["by"]) or "nobody named"
    out.say(f"Proposal {one.number} ({one.state}), from {one.run or 'no run'} by {by}.")
    for name, value in told["insight"].items():
        out.say(f"  {name}: {value}")
    out.table("It would change", ["file", "path", "to"], [list(edit) for edit in one.edits])
    if one.problem:
        out.say(f"It has no plan: {one.problem}")
    if one.decided_by:
        out.say(f"{one.state} by {one.decided_by}: {one.reason}")
    if one.plan is None:
        return
    from cli.commands.plan import show_begun

    plan = one.plan
    rows = [
        [
            move["ladder"],
            move["from"] or "none",
            move["to"],
            move["current"],
            move["members"],
            move["new"],
            move["gone"],
        ]
        for move in plan["transitions"]
    ]
    numbers = ["now", "then", "new", "no more"]
    over = f"over {plan['members']:,} members"
    if rows:
        title = f"Its plan, {over}: moves at the next review"
        out.table(title, ["ladder", "from", "to", *numbers], rows, right=numbers)
    else:
        out.say(f"By its plan, {over}, nobody would move otherwise.")
    if plan["graces"] or plan["observations"]:
        show_begun(out, dict(plan))


def _edits(one: "Proposal") -> str:
    return "; ".join(f"{path} = {value}" for _, path, value in one.edits)


def _refuse_other(folder: Path, digest: str) -> None:
    """A folder that says something else than what is current must not be edited behind somebody's back."""
    from cli.specs import read_specs
    from operations.errors import Refusal

    loaded = read_specs(folder)
    if loaded.community is None or loaded.community.digest != digest:
        raise Refusal(
            f"{folder} does not say what is current now.",
            "Publish it or bring it up to date first, or leave out --dir.",
        )


def _written(folder: Path, new: "Changed", one: "Proposal") -> list[str]:
    files = sorted({file for file, _, _ in one.edits})
    for file in files:
        (folder / file).write_bytes(new.files[file])
    return files
