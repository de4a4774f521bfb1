"""`trellis consent`, `trellis export` and `trellis erase`: what a person may ask for, and what is done at once."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import As, Community, Json

if TYPE_CHECKING:
    from typing import Any

Member = Annotated[str, typer.Argument(metavar="MEMBER", help="Id of the member.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("consent")(consent)
    app.command("export")(export)
    app.command("erase")(erase)


def consent(
    member: Member,
    given: Annotated[bool | None, typer.Option("--give/--withdraw", help="Say yes, or take it back.")] = None,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="How it was said.")] = "told us",
    by: As = None,
    community: Community = None,
    json: Json = False,
) -> None:
    """Show whether a member agreed to be part of the programme, record that they do, or that they do not any more.

    After a withdrawal there is no contact of any kind: notices, invitations and questions end at once, and so do runs
    about the member. What was accepted stays, with its credit.
    """
    from datetime import UTC, datetime

    from cli.console import Output
    from cli.wiring import memory, room
    from operations import consent as operation
    from operations.errors import Refusal
    from workflows import turns

    out = Output(json)
    ended: dict[str, object] = {}
    if given is False:
        with room() as found:
            spec = found.memory.specs.current(community)
            done = operation.withdraw(
                found.memory.desk,
                found.memory.persons,
                spec,
                member,
                at=datetime.now(UTC),
                by=by or member,
                reason=reason,
            )
            for flow in done.workflows:
                found.gateway.signal(flow, turns.POKE)
            known, log = _of(found.memory, spec, member)
        ended = {
            "notices": done.released.notices, "invitations": len(done.released.moves), "items": done.released.items,
            "runs": list(done.released.runs),
        }  # fmt: skip
    else:
        with memory() as remembered:
            spec = remembered.specs.current(community)
            if not remembered.members(spec).find([member]):
                raise Refusal(f"{spec.id} has no member {member}.", "`trellis members` lists them.")
            if given:
                at = datetime.now(UTC)
                operation.give(remembered.desk, remembered.persons, spec, member, at=at, by=by or member, reason=reason)
            known, log = _of(remembered, spec, member)
    out.data({"member": member, "consent": known, "ended": ended, "log": log})
    word = {True: "agrees", False: "does not agree", None: "has not been asked, or has not answered"}[known]
    out.say(f"{member} {word}.")
    if ended:
        out.say(f"Ended at once: {', '.join(f'{name} {_plain(value)}' for name, value in ended.items())}.")
    shown = [
        [f"{one['at'].astimezone(spec.zone):%Y-%m-%d %H:%M}", one["what"], one["by"], one["reason"]] for one in log
    ]
    out.table("What was said and done", ["at", "what", "by", "reason"], shown)


def _plain(value: object) -> object:
    """A list as people write it."""
    return (", ".join(map(str, value)) or "none") if isinstance(value, list) else value


def export(
    member: Member,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="FILE", help="Write it there instead of showing it.")
    ] = None,
    by: As = None,
    community: Community = None,
    json: Json = False,
) -> None:
    """Give out everything that is kept about a person, as JSON; that it was asked for is kept too."""
    from datetime import UTC, datetime

    import orjson

    from cli.console import Output
    from cli.wiring import memory
    from operations import consent as operation
    from operations.errors import Refusal
    from operations.ports.audit import OPERATOR

    with memory() as remembered:
        spec = remembered.specs.current(community)
        at = datetime.now(UTC)
        held = operation.export(remembered.desk, remembered.persons, spec, member, at=at, by=by or OPERATOR)
    text = orjson.dumps(held, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode()
    areas = held["held"]
    out = Output(json or to is None)
    if to is None:
        out.data(held)
        return
    try:
        to.touch(mode=0o600)  # it is about a person: at first nobody else reads it
        to.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise Refusal(
            f"{to} cannot be written: {error.strerror or error}.", "Name a file in a folder that is there."
        ) from None
    out.data({"member": member, "file": str(to), "areas": {name: len(rows) for name, rows in areas.items()}})
    out.table(f"Kept about {member}", ["area", "rows"], [[n, len(rows)] for n, rows in areas.items()], right=["rows"])
    out.say(f"Written to {to}.")


def erase(
    member: Member,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it is kept without the name.")],
    yes: Annotated[bool, typer.Option("--yes", help="It cannot be undone, and that is understood.")] = False,
    by: As = None,
    community: Community = None,
    json: Json = False,
) -> None:
    """Forget a person: facts, works and contact data are gone; decisions and books stay, under a pseudonym."""
    from datetime import UTC, datetime

    from cli.console import Output
    from cli.wiring import room
    from operations import consent as operation
    from operations.errors import Refusal
    from operations.ports.audit import OPERATOR
    from workflows import turns

    if not yes:
        raise Refusal(
            f"Erasing {member} cannot be undone.", "`trellis export` first if they want a copy; then add --yes."
        )
    out = Output(json)
    with room() as found:
        spec = found.memory.specs.current(community)
        done, flows = operation.erase(
            found.memory.desk,
            found.memory.persons,
            spec,
            member,
            at=datetime.now(UTC),
            by=by or OPERATOR,
            reason=reason,
        )
        for flow in flows:
            found.gateway.signal(flow, turns.POKE)
        found.memory.measures(spec).tidy()
        found.memory.audit.note(  # the name is not to come back by the log of what was done by hand
            spec.id,
            actor=str(done["pseudonym"]) if by == member else by or OPERATOR,
            verb="erase",
            what=str(done["pseudonym"]),
            at=datetime.now(UTC),
            details={"reason": reason.replace(member, str(done["pseudonym"]))},
        )
    out.data(dict(done))
    rows = [[name, count] for name, count in done.items() if name != "pseudonym" and count]
    out.table("Erased or reduced", ["area", "rows"], rows, right=["rows"])
    out.say(f"What remains says {done['pseudonym']}.")


def _of(remembered: "object", spec: "object", member: str) -> "tuple[bool | None, list[dict[str, Any]]]":
    from typing import cast

    memory, community = cast("Any", remembered), cast("Any", spec)
    found = next(iter(memory.members(community).find([member])), None)
    known = found.attributes.get("consent") if found is not None else None
    log = [
        {"at": one.at, "what": one.what, "by": one.actor, "reason": one.reason}
        for one in memory.persons.log(community.id, member)
    ]
    return (known if isinstance(known, bool) else None), log
