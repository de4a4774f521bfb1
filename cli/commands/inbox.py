"""`trellis inbox`: what people are asked to do."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import Community, Json, refuse_other

if TYPE_CHECKING:
    from operations.ports.inbox import Item
    from rules.spec import Community as Spec

STATES = ("open", "missed", "done", "gone")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("inbox")(inbox)


def inbox(
    role: Annotated[str | None, typer.Option("--role", help="What this role is asked.")] = None,
    member: Annotated[str | None, typer.Option("--member", help="What this member is asked.")] = None,
    run: Annotated[str | None, typer.Option("--run", help="What this run asks, as `trellis tasks` shows it.")] = None,
    state: Annotated[str, typer.Option("--state", help="open, missed, done or gone.")] = "open",
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = 50,
    community: Community = None,
    json: Json = False,
) -> None:
    """List open items, most urgent first; without a role or member, how many each role has as well."""
    from dataclasses import asdict

    from cli.console import Output
    from cli.given import item_called, run_named
    from cli.wiring import memory
    from operations.errors import Refusal

    out = Output(json)
    refuse_other(state, STATES, "--state")
    with memory() as remembered:
        spec = remembered.specs.current(community)
        if role is not None and role.removeprefix("role:") not in spec.roles:
            raise Refusal(f"{spec.id} has no role {role!r}.", f"Roles: {', '.join(spec.roles) or 'none'}.")
        run = run_named(remembered.runs, spec.id, run).id if run else None
        found = remembered.inbox.find(spec.id, role=role, member=member, run=run, state=state, limit=limit)
        counts = remembered.inbox.counts(spec.id)
    out.data({"items": [asdict(item) for item in found], "open": dict(counts)})
    if role is None and member is None and run is None:
        out.say("Open items: " + (", ".join(f"{who} {count}" for who, count in counts.items() if count) or "none"))
    elif not found:
        out.say("Nothing waits here.")
    if found:
        out.table(
            "",
            ["item", "what", "run and phase", "about", "asked", "outcomes", "fill in", "until", "with", "note"],
            [
                [
                    item_called(item.id),
                    item.title.get("en", ""),
                    _where(item, spec.id),
                    item.about,
                    ", ".join(item.asked[:3]) + (f" and {len(item.asked) - 3} more" if len(item.asked) > 3 else ""),
                    ", ".join(item.choices),
                    _form(spec, item.form),
                    f"{item.due.astimezone(spec.zone):%Y-%m-%d %H:%M}" if item.due else None,
                    item.claimed_by,
                    _note(item),
                ]
                for item in found
            ],
        )


def _note(item: "Item") -> str | None:
    """What whoever does it should know first."""
    if "returned" in item.details:
        said = [", ".join(str(word) for name, word in one.items() if name != "by") for one in item.details["returned"]]
        return "sent back: " + "; ".join(filter(None, said))
    return f"outside what was agreed: {item.details['outside']}" if "outside" in item.details else None


def _where(item: "Item", community: str) -> str | None:
    """The run that asks and its phase, such as `class-care/1 rating`."""
    return f"{item.run.removeprefix(community + '/')} {item.phase or ''}".rstrip() if item.run else None


def _form(spec: "Spec", form: str | None) -> str:
    """The fields that completing it asks for; those that may be left out in brackets."""
    kind = spec.facts.get(form) if form else None
    if kind is None:
        return ""
    return ", ".join(f"[{one.id}]" if one.optional else one.id for one in kind.fields)
