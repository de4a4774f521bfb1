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
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = 50,
    by: As = None,
    community: Community = None,
    json: Json = False,
) -> None:
    """List what was filled in, latest first: the log of contacts with somebody, the notes of a mentor.

    With --as, what a private form holds is shown only to whoever filled it in and to the member's contact.
    """
    from cli.console import Output
    from cli.wiring import memory
    from operations.by_form import types_of
    from rules.values import show

    out = Output(json)
    with memory() as remembered:
        spec = remembered.specs.current(community)
        types = types_of(spec, form)
        found = remembered.facts(spec).find(member=about, kinds=[form], limit=limit)
        hidden = set()
        if by is not None and form in spec.facts and spec.facts[form].private:
            about_whom = {fact.member for fact in found if fact.member}
            contacts = {who: remembered.effects.assigned(spec.id, who).get("contact") for who in about_whom}
            hidden = {fact.id for fact in found if by not in (fact.fields.get("by"), contacts.get(fact.member or ""))}
    said = [
        None
        if fact.id in hidden
        else {name: show(value, types[name]) for name, value in fact.fields.items() if name in types}
        for fact in found
    ]
    told = [
        {"at": fact.at, "member": fact.member, "by": fact.fields.get("by"), "fields": fields}
        for fact, fields in zip(found, said, strict=True)
    ]
    out.data({"filled": told})
    rows = [
        [
            f"{fact.at.astimezone(spec.zone):%Y-%m-%d %H:%M}",
            fact.member,
            fact.fields.get("by"),
            "private" if fields is None else ", ".join(f"{name} {value}" for name, value in fields.items()),
        ]
        for fact, fields in zip(found, said, strict=True)
    ]
    out.table("", ["when", "about", "by", "what"], rows)
