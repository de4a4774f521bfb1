"""`trellis resources`: what there is of everything scarce, who has it, who waits, and what was spent of what plan."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import As, At, Community, Json

if TYPE_CHECKING:
    from cli.console import Output
    from operations.ports.resources import Claim
    from operations.stocktaking import Stocktaking
    from rules.spec import Community as Spec

ABOUT = "What there is of everything scarce, who has it, who waits, and what was spent of what plan."
Member = Annotated[str, typer.Argument(metavar="MEMBER", help="Who uses it.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    group = typer.Typer(help=ABOUT, invoke_without_command=True, no_args_is_help=False)
    group.callback()(resources)
    group.command("show")(show)
    group.command("stock")(stock)
    group.command("use")(use)
    group.command("post")(post)
    group.command("close")(close)
    app.add_typer(group, name="resources")


def resources(
    context: typer.Context,
    at: At = None,
    community: Community = None,
    json: Json = False,
) -> None:
    """Show budgets with plan and spending, stock, bookings, benefits, parcels to be posted, and who waits."""
    if context.invoked_subcommand is None:
        _show(None, at, community, json)


def show(
    resource: Annotated[str, typer.Argument(metavar="ID", help="A resource of resources.yaml.")],
    at: At = None,
    community: Community = None,
    json: Json = False,
) -> None:
    """Show one resource, with its last claims: who was served, who was not, and why in this order."""
    _show(resource, at, community, json)


def _show(resource: str | None, at: str | None, community: str | None, json: bool) -> None:
    from dataclasses import asdict

    from cli.console import Output
    from cli.options import moment
    from cli.wiring import memory
    from operations.known import Known
    from operations.stocktaking import take_stock

    out = Output(json)
    with memory() as remembered:
        spec = remembered.specs.current(community)
        when = moment(at, spec.zone)
        known = Known(remembered.house, spec, when)
        found = take_stock(remembered.house, spec, known, at=when, resource=resource)
    out.data({"community": spec.id, "at": when, "currency": spec.document.currency, **asdict(found)})
    tell(out, found, spec)


def stock(
    item: Annotated[str, typer.Argument(metavar="ITEM", help="A stock item of resources.yaml.")],
    count: Annotated[int, typer.Argument(metavar="COUNT", min=1, help="Pieces that came in.")],
    out_of: Annotated[bool, typer.Option("--out", help="They went out instead.")] = False,
    key: Annotated[
        str | None, typer.Option("--key", help="The same key is counted once, such as a delivery note.")
    ] = None,
    by: As = None,
    community: Community = None,
    json: Json = False,
) -> None:
    """Put pieces into stock, or take some out; never below zero."""
    from datetime import UTC, datetime

    from cli.console import Output
    from cli.wiring import memory
    from operations.errors import Refusal

    out = Output(json)
    with memory() as remembered:
        spec = remembered.specs.current(community)
        found = spec.resources.get(item)
        if found is None or found.kind != "stock":
            known = ", ".join(one.id for one in spec.resources.values() if one.kind == "stock") or "none"
            raise Refusal(f"{spec.id} has no stock {item!r}.", f"Stock items: {known}.")
        now = datetime.now(UTC)
        name = key or f"by hand {now.isoformat()}"
        left = remembered.effects.stocked(
            spec.id, item, -count if out_of else count, by=by or "operator", at=now, key=name
        )
    out.data({"item": item, "left": left})
    out.say(f"{left} {item} in stock.")


def use(
    benefit: Annotated[str, typer.Argument(metavar="BENEFIT", help="A benefit of resources.yaml.")],
    member: Member,
    key: Annotated[str | None, typer.Option("--key", help="The same key is one use.")] = None,
    community: Community = None,
    json: Json = False,
) -> None:
    """Note that a member used a benefit; refused when it rests, is used up, or is not held."""
    from datetime import UTC, datetime

    from cli.console import Output
    from cli.wiring import memory
    from operations.known import Known
    from operations.stocktaking import use_benefit

    out = Output(json)
    with memory() as remembered:
        spec, now = remembered.specs.current(community), datetime.now(UTC)
        name = f"use/{benefit}/{member}/{key or now.isoformat()}"
        known = Known(remembered.house, spec, now)
        use_benefit(remembered.house, spec, known, benefit, member, key=name, at=now)
    out.data({"benefit": benefit, "member": member, "key": name})
    out.say(f"{member} has used {benefit}.")


def post(
    parcels: Annotated[list[str], typer.Argument(metavar="PARCEL...", help="Keys, as `trellis resources` shows them.")],
    tracking: Annotated[str | None, typer.Option("--tracking", help="The carrier's number.")] = None,
    by: As = None,
    community: Community = None,
    json: Json = False,
) -> None:
    """Note that parcels left; their items in the inbox are done with that."""
    from datetime import UTC, datetime

    from cli.console import Output
    from cli.wiring import memory
    from operations.errors import Refusal

    out = Output(json)
    with memory() as remembered:
        spec = remembered.specs.current(community)
        known = {one.key for one in remembered.resources.parcels(spec.id, limit=100_000)}
        unknown = sorted(set(parcels) - known)
        if unknown:
            raise Refusal(f"There is no parcel {unknown[0]!r}.", "See `trellis resources`.")
        now = datetime.now(UTC)
        left = remembered.resources.posted(spec.id, parcels, by=by or "operator", at=now, tracking=tracking)
    out.data({"posted": left})
    out.say(f"{left} of {len(parcels)} left now; the others had before, or were cancelled.")


def close(
    budget: Annotated[str, typer.Argument(metavar="BUDGET", help="A budget of resources.yaml.")],
    period: Annotated[str, typer.Argument(metavar="PERIOD", help="2027, 2027-Q1 or 2027-03.")],
    community: Community = None,
    json: Json = False,
) -> None:
    """End a period of a budget that is over: what remains lapses, or goes on once. Reviews do it by themselves."""
    from dataclasses import asdict
    from datetime import UTC, datetime

    from cli.console import Output
    from cli.wiring import memory
    from operations.housekeeping import close_period

    out = Output(json)
    with memory() as remembered:
        spec = remembered.specs.current(community)
        with remembered.together():
            done = close_period(remembered.desk, spec, budget, period, at=datetime.now(UTC))
    out.data(asdict(done))
    goes = f"goes on into {done.carried_to}" if done.carried_to else "lapses"
    out.say(f"{period} of {budget} is closed; {_money(done.left)} {goes}.")


# ------------------------------------------------------------------------------------------------------------- telling
def tell(out: "Output", found: "Stocktaking", spec: "Spec") -> None:
    """Everything as tables for people."""
    if found.budgets:
        rows: list[list[Any]] = []
        for state in found.budgets:
            granted = _money(state.granted + state.carried)
            gone = [_money(state.spent), _money(state.left)]
            rows.append([state.id, state.period, state.holder, granted, *gone, _money(state.lapsed) or None])
            rows += [
                [
                    f"  {line.tier or 'not told'}",
                    None,
                    None,
                    _money(line.planned),
                    _money(line.spent),
                    _rest(line),
                    None,
                ]
                for line in state.lines
            ]
        out.table("Budgets", ["budget", "period", "holder", "plan", "spent", "left", "lapsed"], rows)
    if found.stock:
        rows = [
            [one.id, one.left, one.lent or None, one.reorder_at, "order more" if one.low else None]
            for one in found.stock
        ]
        out.table("Stock", ["item", "left", "lent", "order at", ""], rows)
    for fleet in found.fleets:
        rows = [
            [
                one.unit,
                one.member,
                _time(one.begins_at, spec),
                _time(one.ends_at, spec),
                "not back" if one.unit in fleet.overdue and one.state == "booked" else one.state,
            ]
            for one in fleet.bookings
        ]
        out.table(f"{fleet.id}: {', '.join(fleet.units)}", ["car", "with", "from", "to", ""], rows)
    if found.benefits:
        rows = [
            [one.id, f"{len(one.holders)} of {one.limit}" if one.limit else len(one.holders), _resting(one), _used(one)]
            for one in found.benefits
        ]
        out.table("Benefits", ["benefit", "held by", "rests for", "used"], rows)
    if found.parcels:
        rows = [
            [one.key, one.member, f"{one.count} {one.item}", _time(one.due, spec), _fate(one)] for one in found.parcels
        ]
        out.table("Parcels", ["parcel", "for", "what", "due", ""], rows)
    if found.claims:
        out.table("Claims, latest first", _CLAIM, [_row(one, spec) for one in found.claims])
    elif found.waiting:
        out.table("Waiting", _CLAIM, [_row(one, spec) for one in found.waiting])


_CLAIM = ["of", "for", "amount", "asked", "state", "place", "read", "why"]


def _row(claim: "Claim", spec: "Spec") -> list[Any]:
    why = claim.why
    place = f"{why['place']} of {why['of']}" if "place" in why else None
    reads = ", ".join(f"{name}: {'unknown' if value is None else value}" for name, value in why.get("order", []))
    after = f"; after {', '.join(why['after'])}" if why.get("after") and claim.state != "served" else ""
    said = f"{why.get('said', '')}{after}"
    amount = _money(claim.amount) if claim.kind == "budget" else claim.amount
    return [claim.resource, claim.receiver, amount, _time(claim.asked_at, spec), claim.state, place, reads, said]


def _money(cents: int | None) -> str | None:
    return None if cents is None else f"{cents // 100:,}.{cents % 100:02d}"


def _rest(line: Any) -> str | None:
    if line.planned is None:
        return None
    left = line.planned - line.spent
    return f"-{_money(-left)}" if left < 0 else _money(left)


def _time(at: Any, spec: "Spec") -> str:
    return f"{at.astimezone(spec.zone):%Y-%m-%d %H:%M}"


def _resting(state: Any) -> str | None:
    return ", ".join(one.member for one in state.holders if one.rests) or None


def _used(state: Any) -> str | None:
    if state.uses is None:
        return None
    times = sum(one.uses for one in state.holders)
    return f"{times} in {state.period}, {state.uses} each"


def _fate(parcel: Any) -> str | None:
    if parcel.cancelled_at is not None:
        return "cancelled"
    if parcel.posted_at is not None:
        return f"posted by {parcel.posted_by}"
    return "late" if parcel.late_at is not None else None
