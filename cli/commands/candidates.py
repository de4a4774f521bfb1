"""`trellis candidates`: who was spotted or named, by what evidence; also by topic."""

from typing import Annotated

import typer

from cli.options import Community, Json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("candidates")(candidates)


def candidates(
    named_for: Annotated[
        str | None,
        typer.Option("--for", metavar="LIST[:ID]", help="Named for a tier, title or task, e.g. tier:active."),
    ] = None,
    topic: Annotated[
        str | None, typer.Option("--topic", metavar="ID", help="Spotted with this topic; the deepest first.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, metavar="N", help="At most so many.")] = 50,
    community: Community = None,
    json: Json = False,
) -> None:
    """List candidates with source tag and first evidence: those who were spotted, or who were named for something.

    The tag is where somebody was found first and never changes; further evidence is only added.
    """
    from cli.console import Output
    from cli.wiring import memory
    from operations import candidates as operation

    out = Output(json)
    list_, _, of = (named_for or "").partition(":")
    with memory() as remembered:
        spec = remembered.specs.current(community)
        found = operation.candidates(
            remembered.desk, remembered.persons, spec, list_=list_ or None, of=of or None, topic=topic
        )
    shown = found[:limit]
    out.data(
        {
            "total": len(found),
            "candidates": [
                {
                    "member": one.member, "tag": one.tag, "origin": one.origin, "stage": one.stage,
                    "consent": one.consent, "topics": list(one.topics),
                    "depth": None if one.depth is None else f"{one.depth / 100:.2f}",
                    "evidence": [
                        {"at": e.at, "origin": e.origin, "place": e.place, "evidence": e.evidence, "topic": e.topic,
                         "by": e.by} for e in one.evidence
                    ],
                    "named_for": [
                        {"list": n[0], "of": n[1], "at": n[2], "source": n[3]} for n in one.named_for
                    ],
                }
                for one in shown
            ],
        }
    )  # fmt: skip
    rows = []
    for one in shown:
        first = one.evidence[0] if one.evidence else None
        named = ", ".join(dict.fromkeys(f"{n[0]}:{n[1]}" for n in one.named_for))
        seen = f"{first.place or ''} {first.evidence or ''}".strip() if first else ""
        rows.append([one.member, one.tag, one.stage, seen, len(one.evidence), ", ".join(one.topics) or named])
    out.table(
        f"Candidates: {len(found):,}" + (f", the first {limit}" if len(found) > limit else ""),
        ["member", "tag", "stage", "first evidence", "evidence", "topic or named for"],
        rows,
        right=["evidence"],
    )
