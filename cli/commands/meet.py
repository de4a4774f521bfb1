"""`trellis meet RUN`: a gathering: set the day, say who was there, write the minutes."""

from typing import Annotated

import typer

from cli.options import As, Community, Json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("meet")(meet)


def meet(
    run: Annotated[str, typer.Argument(metavar="RUN", help="The run, as `trellis tasks` shows it.")],
    phase: Annotated[str | None, typer.Option("--phase", help="Its phase, if several meet at once.")] = None,
    day: Annotated[
        str | None, typer.Option("--day", help="When it takes place: 2027-03-08 10:00 local, or 3d from now.")
    ] = None,
    attended: Annotated[
        str | None, typer.Option("--attended", help="Who was there, with commas; whoever says it without names.")
    ] = None,
    came: Annotated[bool, typer.Option("--i-was-there", help="The one of --as was there.")] = False,
    with_role: Annotated[
        list[str] | None, typer.Option("--with-role", metavar="ROLE=PERSON", help="Staff who were there in a role.")
    ] = None,
    minutes: Annotated[bool, typer.Option("--minutes", help="Write the minutes; it is over with them.")] = False,
    form: Annotated[
        list[str] | None, typer.Option("--form", metavar="FIELD=VALUE", help="A field of the minutes; repeat.")
    ] = None,
    by: As = None,
    community: Community = None,
    json: Json = False,
) -> None:
    """Hold a gathering. Without an option: who is invited, the agenda, and who was there so far.

    What is said in one command is written down as a whole, or nothing of it is.
    """
    from cli.console import Output
    from cli.given import pairs, run_named, typed
    from cli.wiring import room
    from operations.errors import Refusal
    from workflows.desk import Desk
    from workflows.meeting import Meeting

    out = Output(json)
    happened = bool(attended or came or with_role or minutes)
    if day and happened:
        raise Refusal(
            "--day says when it will be and the rest what happened there, so nothing was written down.",
            "Set the day with a command of its own; say who was there, and write the minutes, once it has come.",
        )
    if (day or happened) and not by:
        raise Refusal("It must be said who does this.", "Add --as PERSON.")
    who = by or ""
    poked: list[tuple[str, str]] = []
    people = [one.strip() for one in (attended or "").split(",") if one.strip()]
    roles = dict(_pair(one) for one in with_role or ())
    with room() as here:
        spec = here.memory.specs.current(community)
        found = run_named(here.memory.runs, spec.id, run)
        desk = Desk(here.memory.house, poke=lambda run, what: poked.append((run, what)))
        meeting = Meeting(desk, found.id, phase)
        said = []
        with here.memory.together():
            if day:
                meeting.set_day(day, by=who)
                said.append(f"The day is set: {day}.")
            if people or roles:
                meeting.attend(by=who, people=people, roles=roles)
                said.append(f"{len({*people, *roles})} were there.")
            if came:
                meeting.attend(by=who)
                said.append(f"{who} was there.")
            if minutes:
                types = desk.fields(desk.form_of(found.id, meeting.phase), spec)
                meeting.minutes(typed(pairs(form or [], "--form"), types), by=who)
                said.append("The minutes are in.")
        for one, what in dict.fromkeys(poked):  # only now is there something to see
            here.gateway.poke(one, what)
        state = None if minutes else Meeting(desk, found.id, meeting.phase).state()
    out.data({"run": found.id, "phase": meeting.phase, "done": said, "state": state})
    for line in said:
        out.say(line)
    if state is not None and not said:
        out.table("", ["", ""], [[name, ", ".join(v) if isinstance(v, list) else v] for name, v in state.items()])


def _pair(text: str) -> tuple[str, str]:
    """`management=kim` as kim, who was there as `role:management`."""
    from operations.errors import Refusal

    role, equals, person = text.partition("=")
    if not equals or not role or not person:
        raise Refusal(f"--with-role {text!r} names no person.", "Write --with-role management=kim.")
    return person, f"role:{role.removeprefix('role:')}"
