"""`trellis members`: who is here, and where they stand."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import At, Community, Json

if TYPE_CHECKING:
    from cli.console import Output
    from cli.memory import Memory
    from rules.spec import Community as Spec

SHOWN = 50


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("members")(members)


def members(
    member: Annotated[str | None, typer.Argument(metavar="[ID]", help="One member, with everything known.")] = None,
    tier: Annotated[str | None, typer.Option("--tier", metavar="ID", help="Only those in this tier.")] = None,
    stage: Annotated[str | None, typer.Option("--stage", metavar="ID", help="Only those in this stage.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, metavar="N", help="At most so many.")] = SHOWN,
    community: Community = None,
    at: At = None,
    json: Json = False,
) -> None:
    """List members with their standing, or show one with attributes, standings and latest facts."""
    from cli.console import Output
    from cli.options import moment
    from cli.wiring import memory

    out = Output(json)
    with memory() as remembered:
        spec = remembered.specs.current(community)
        when = moment(at, spec.zone)
        if member is not None:
            _one(out, remembered, spec, member, when)
            return
        frame = _standings(remembered, spec, when)
        for column, wanted in (("tier", tier), ("stage", stage)):
            if wanted is not None:
                frame = _only(spec, frame, column, wanted)
        total = frame.height
        rows = frame.head(limit).to_dicts()
        out.data({"community": spec.id, "total": total, "members": rows})
        columns = [name for name in frame.columns if name != "subject"]
        out.table(
            f"{total:,} members of {spec.id}" + (f", the first {limit}" if total > limit else ""),
            ["member", *columns],
            [[row["subject"], *(row[name] for name in columns)] for row in rows],
            right=[name for name in columns if name.startswith("days")],
        )


def _standings(remembered: "Memory", spec: "Spec", at: Any) -> Any:
    """All members with the plain standings as of a moment: tiers, stage, days."""
    import polars as pl

    people = remembered.members(spec).frame(at).select("subject", "days_member")
    standings = remembered.standings.as_of(spec, at)
    wanted = [ladder.id for ladder in spec.ladders.values() if ladder.per is None]
    names = [name for ladder in wanted for name in (ladder, f"days_in_{ladder}") if name in standings.columns]
    names += [name for name in ("stage", "days_in_stage") if name in standings.columns]
    return people.join(standings.select("subject", *names), on="subject", how="left").sort(pl.col("subject"))


def _only(spec: "Spec", frame: Any, column: str, wanted: str) -> Any:
    import polars as pl

    from operations.errors import Refusal

    if column == "stage":
        known = [one.id for one in spec.lifecycle.stages] if spec.lifecycle else []
    else:
        known = [one.id for ladder in spec.ladders.values() if ladder.per is None for one in ladder.tiers]
    if wanted not in known:
        raise Refusal(f"{spec.id} has no {column} {wanted}.", f"One of {', '.join(known)}." if known else "")
    where = pl.lit(False)
    for name in ["stage"] if column == "stage" else [id_ for id_ in spec.ladders if id_ in frame.columns]:
        where = where | (pl.col(name) == wanted)
    return frame.filter(where)


def _one(out: "Output", remembered: "Memory", spec: "Spec", member: str, at: Any) -> None:
    from dataclasses import asdict

    from operations.errors import Refusal
    from rules.values import show

    people = remembered.members(spec)
    found = next(iter(people.find([member])), None)
    if found is None:
        raise Refusal(f"{spec.id} has no member {member}.", "`trellis members` lists them.")
    types = people.attributes()
    known = {name: show(value, types[name]) for name, value in sorted(found.attributes.items()) if name in types}
    standings = remembered.standings.of(spec.id, member)
    facts = remembered.facts(spec).find(member=member, limit=20)
    out.data(
        {
            "community": spec.id,
            "member": member,
            "joined": found.joined,
            "attributes": known,
            "standings": [asdict(standing) for standing in standings],
            "facts": [{"kind": f.kind, "at": f.at, "fields": _shown(spec, f.kind, f.fields)} for f in facts],
        }
    )
    joined = found.joined.astimezone(spec.zone).strftime("%Y-%m-%d") if found.joined else ""
    out.table(f"{member}, since {joined}", ["attribute", "value"], [[k, _text(v)] for k, v in known.items()])
    rows = [
        [s.place.ladder, s.place.value, s.at, f"{s.since.astimezone(spec.zone):%Y-%m-%d}" if s.since else None]
        for s in standings
    ]
    out.table("Standings", ["ladder", "value", "stands", "since"], [[*r[:3], _text(r[3])] for r in rows])
    latest = [
        [f.at.astimezone(spec.zone).strftime("%Y-%m-%d %H:%M"), f.kind, _fields(_shown(spec, f.kind, f.fields))]
        for f in facts
    ]
    out.table("Latest facts", ["at", "kind", "fields"], latest)


def _shown(spec: "Spec", kind: str, fields: Any) -> dict[str, Any] | None:
    """The fields of a fact as they are written, 0.75 and not 75; None of what is for the member's contact only."""
    from rules.counted import fact_kinds
    from rules.values import show

    if kind in spec.facts and spec.facts[kind].private:
        return None
    known = fact_kinds(spec).get(kind)
    types = {} if known is None else {name: one.type for name, one in known.fields.items()}
    return {name: show(value, types[name]) if name in types else value for name, value in fields.items()}


def _fields(fields: Any) -> str:
    if fields is None:
        return "private"
    return ", ".join(f"{name} {_text(value)}" for name, value in sorted(fields.items()))


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list | frozenset | set):
        return ", ".join(sorted(map(str, value)))
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)
