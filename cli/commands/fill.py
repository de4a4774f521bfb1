"""`trellis fill FORM`: writes down what somebody saw or did, as the fact that the form is."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from cli.options import As, At, Community, Json


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("fill")(fill)
    app.command("filled")(filled)


def fill(
    form: Annotated[str, typer.Argument(help="A kind of fact of the community, e.g. touched.")],
    about: Annotated[str | None, typer.Option("--about", help="Whom or what it is about.")] = None,
    fields: Annotated[list[str] | None, typer.Option("--form", help="A field, name=value; may be repeated.")] = None,
    key: Annotated[str | None, typer.Option("--key", help="The same key never writes it twice.")] = None,
    by: As = None,
    at: At = None,
    community: Community = None,
    json: Json = False,
) -> None:
    """Fill in a form outside of any run: a genuine contact, a talk, an upheld complaint."""
    from cli.console import Output
    from cli.given import pairs, typed
    from cli.options import moment
    from cli.wiring import memory
    from operations.by_form import fill_in, types_of

    out = Output(json)
    with memory() as remembered:
        spec = remembered.specs.current(community)
        given = typed(pairs(fields or [], "--form"), types_of(spec, form))
        fact = fill_in(
            remembered.house,
            spec,
            form,
            given,
            about=about,
            by=by,
            at=moment(at, spec.zone) if at else datetime.now(UTC),
            key=key,
        )
    out.data({"fact": fact.id, "kind": fact.kind, "member": fact.member, "at": fact.at, "fields": given})
    out.say(f"{form} about {about or spec.id} is written down.")


def filled(
    form: Annotated[str, typer.Argument(help="A kind of fact of the community, e.g. touched.")],
    about: Annotated[str | None, typer.Option("--about", help="Only about this member.")] = None,
    limit: Annotated[int, typer.Option("--limit", help="At most so many.")] = 50,
    community: Community = None,
    json: Json = False,
) -> None:
    """List what was filled in, latest first: the log of contacts with somebody, the notes of a mentor."""
    from cli.console import Output
    from cli.wiring import memory
    from operations.by_form import types_of
    from rules.values import show

    out = Output(json)
    with memory() as remembered:
        spec = remembered.specs.current(community)
        types = types_of(spec, form)
        found = remembered.facts(spec).find(member=about, kinds=[form], limit=limit)
    told = [
        {
            "at": fact.at,
            "member": fact.member,
            "by": fact.fields.get("by"),
            "fields": {name: show(value, types[name]) for name, value in fact.fields.items() if name in types},
        }
        for fact in found
    ]
    out.data({"filled": told})
    rows = [
        [
            f"{fact.at.astimezone(spec.zone):%Y-%m-%d %H:%M}",
            fact.member,
            fact.fields.get("by"),
            ", ".join(f"{name} {show(value, types[name])}" for name, value in fact.fields.items() if name in types),
        ]
        for fact in found
    ]
    out.table("", ["when", "about", "by", "what"], rows)
