"""`trellis team …`: who is in which team and why; taking, leaving and exchanging parts; the ledger of contributions."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import As, Community, Json

if TYPE_CHECKING:
    from collections.abc import Callable

    from operations.ports.runs import Run
    from operations.ports.teams import Seat, Team
    from workflows.teamwork import Teamwork

RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="The run, as `trellis tasks` shows it.")]
Member = Annotated[str, typer.Argument(metavar="MEMBER", help="The member.")]
Phase = Annotated[str | None, typer.Option("--phase", help="The phase that forms the teams, if there are several.")]
Slot = Annotated[str, typer.Option("--slot", help="The part of the team.")]
ToTeam = Annotated[str | None, typer.Option("--to", metavar="TEAM", help="The team, by its number or id.")]

LINES = 50
"""Lines of a ledger that people see; data has all."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    team = typer.Typer(no_args_is_help=True, help="Who is in which team and why; changes by hand; credit.")
    team.command("show")(show)
    team.command("yes")(yes)
    team.command("no")(no)
    team.command("take")(take)
    team.command("leave")(leave)
    team.command("place")(place)
    team.command("credit")(credit)
    app.add_typer(team, name="team")


def show(
    run: RunArgument,
    member: Annotated[str | None, typer.Option("--member", help="Only the teams of this member.")] = None,
    history: Annotated[bool, typer.Option("--history", help="Also who was there before, and why they left.")] = False,
    community: Community = None,
    json: Json = False,
) -> None:
    """Show the teams of a run: who is in which part since when, and what spoke for them."""
    from cli.console import Output
    from cli.given import run_named
    from cli.wiring import memory

    out = Output(json)
    with memory() as remembered:
        spec = remembered.specs.current(community)
        found = run_named(remembered.runs, spec.id, run)
        teams = [
            team
            for team in remembered.teams.of_run(found.id)
            if member is None or any(seat.member == member for seat in team.seats)
        ]
        waiting, bound = _left_over(remembered, found)
    out.data({"run": found.id, "teams": [_told(team) for team in teams], "waiting": waiting, "bound": bound})
    for team in teams:
        rows = [
            [seat.slot, seat.member, f"{seat.since.astimezone(spec.zone):%Y-%m-%d %H:%M}", _state(seat), _why(seat)]
            for seat in team.seats
            if (history or seat.until is None) and member in (None, seat.member)
        ]
        over = "" if team.ended_at is None else ", over"
        out.table(f"{team.phase} {team.number} ({team.id}{over})", ["part", "member", "since", "", "why"], rows)
    if bound is not None:
        out.say(f"{len(teams)} teams; there cannot be more than {bound}.")
    if waiting:
        out.say(f"{len(waiting)} wait: {', '.join(waiting[:12])}{' …' if len(waiting) > 12 else ''}")
    if not teams:
        out.say(f"{found.id} has no teams{f' with {member}' if member else ''}.")


def yes(run: RunArgument, member: Member, phase: Phase = None, community: Community = None, json: Json = False) -> None:
    """Say yes to a part that is offered."""
    _change(run, phase, community, json, f"{member} is in.", lambda work: work.confirm(member))


def no(run: RunArgument, member: Member, phase: Phase = None, community: Community = None, json: Json = False) -> None:
    """Say no to a part that is offered; the next who fits is asked."""
    _change(run, phase, community, json, f"{member} is not in.", lambda work: work.decline(member))


def take(
    run: RunArgument,
    member: Member,
    slot: Slot,
    to: ToTeam = None,
    phase: Phase = None,
    community: Community = None,
    json: Json = False,
) -> None:
    """Take a part that nobody has, such as a chapter."""
    _change(run, phase, community, json, f"{member} has {slot}.", lambda work: work.claim(member, slot, team=to))


def leave(
    run: RunArgument,
    member: Member,
    by: As = None,
    phase: Phase = None,
    community: Community = None,
    json: Json = False,
) -> None:
    """Leave a part; it is offered again as the phase says."""
    told = f"{member} has left."
    _change(
        run, phase, community, json, told, lambda work: work.leave(member, by=by), edits=by if by != member else None
    )


def place(
    run: RunArgument,
    member: Member,
    slot: Slot,
    to: ToTeam = None,
    instead: Annotated[str | None, typer.Option("--instead", metavar="MEMBER", help="Whom they change with.")] = None,
    by: As = None,
    phase: Phase = None,
    community: Community = None,
    json: Json = False,
) -> None:
    """Put somebody into a part by hand; refused if it breaks what the mode asks of teams, with what it breaks."""
    _change(
        run,
        phase,
        community,
        json,
        f"{member} is {slot}.",
        lambda work: work.place(member, slot, team=to, instead=instead, by=by or "operator"),
        edits=by,
        leads=True,
    )


def credit(run: RunArgument, community: Community = None, json: Json = False) -> None:
    """Show the ledger of contributions of a run: what was accepted from whom, and what it adds up to."""
    from cli.console import Output
    from cli.given import run_named
    from cli.wiring import memory

    out = Output(json)
    with memory() as remembered:
        spec = remembered.specs.current(community)
        found = run_named(remembered.runs, spec.id, run)
        totals = remembered.teams.credit(found.id)
        lines = remembered.teams.contributions(found.id, limit=1_000_000 if json else LINES)
    told = [
        {"at": one.at, "member": one.member, "work": one.work, "weight": one.weight, "line": one.line} for one in lines
    ]
    out.data({"run": found.id, "credit": dict(totals), "lines": told, "whole": sum(totals.values())})
    rows = [[f"{one.at.astimezone(spec.zone):%Y-%m-%d %H:%M}", one.member, one.work, one.weight] for one in lines]
    out.table(f"Contributions to {found.id}", ["at", "member", "work", "weight"], rows, right=["weight"])
    out.say(f"{len(totals)} people, {sum(totals.values())} in all.")


def _change(
    run: str,
    phase: str | None,
    community: str | None,
    json: bool,
    told: str,
    change: "Callable[[Teamwork], object]",
    *,
    edits: str | None = None,
    leads: bool = False,
) -> None:
    from datetime import UTC, datetime

    from cli.console import Output
    from cli.given import run_named
    from cli.wiring import room
    from workflows.desk import Desk
    from workflows.teamwork import Teamwork

    out = Output(json)
    with room() as here:
        spec = here.memory.specs.current(community)
        found = run_named(here.memory.runs, spec.id, run)
        desk = Desk(here.memory.house, poke=here.gateway.poke)
        if leads or edits is not None:
            desk.leads(found.id, edits, "edit")
        change(Teamwork(desk, found.id, phase))
        if leads or edits is not None:
            actor, at = edits or "operator", datetime.now(UTC)
            here.memory.audit.note(spec.id, actor=actor, verb="team", what=found.id, at=at, details={"what": told})
    out.data({"run": found.id, "done": told})
    out.say(told)


def _left_over(remembered: Any, run: "Run") -> tuple[list[str], int | None]:
    """Who waits, and how many teams there can be at most, where that was proved."""
    visits = [one for one in remembered.runs.visits(run.id) if one.kind == "form_teams" and one.state == "closed"]
    if not visits:
        return [], None
    last = visits[-1].results
    return list(last.get("waiting", ())), last.get("@bound")


def _told(team: "Team") -> dict[str, Any]:
    return {
        "id": team.id,
        "phase": team.phase,
        "number": team.number,
        "formed_at": team.formed_at,
        "ended_at": team.ended_at,
        "slots": [{"id": s.id, "needs": s.needs, "limit": s.limit, "share": s.share} for s in team.slots],
        "seats": [
            {
                "slot": seat.slot,
                "member": seat.member,
                "since": seat.since,
                "offered_until": seat.offered_until,
                "until": seat.until,
                "left": seat.left,
                "why": dict(seat.why),
            }
            for seat in team.seats
        ],
    }


def _state(seat: "Seat") -> str:
    if seat.until is not None:
        return f"left: {seat.left}"
    return "asked" if seat.offered_until is not None else ""


_HOW = {"solve": "put together", "claim": "took it", "invite": "invited", "by_hand": "by hand"}


def _why(seat: "Seat") -> str:
    """What spoke for somebody, in words."""
    why = seat.why
    said = [_HOW.get(str(why.get("how")), "")]
    if why.get("place") and why.get("of"):
        said.append(f"one of {why['of']} who can")
    if why.get("could"):
        said.append(f"could be {', '.join(why['could'])}")
    if "load" in why:
        said.append(f"{why['load']} other runs")
    said += [f"{name} {', '.join(values)}" for name, values in sorted(dict(why.get("traits", {})).items()) if values]
    if why.get("instead"):
        said.append(f"instead of {why['instead']}")
    if why.get("by"):
        said.append(f"by {why['by']}")
    return "; ".join(one for one in said if one)
