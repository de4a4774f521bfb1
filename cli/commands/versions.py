"""`trellis versions`: what was published when, by whom and why."""

import typer

from cli.options import Community, Json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("versions")(versions)


def versions(community: Community = None, json: Json = False) -> None:
    """List the published versions of the specs, newest first; the current one is marked."""
    from dataclasses import asdict

    from cli.console import Output
    from cli.wiring import memory
    from operations.errors import Refusal

    out = Output(json)
    with memory() as remembered:
        found = remembered.specs.versions(community)
        known = remembered.specs.communities()
    if community is not None and not found:
        raise Refusal(f"No community {community} is published here.", f"There is {', '.join(known) or 'none yet'}.")
    out.data({"versions": [asdict(version) for version in found]})
    if not found:
        out.say("Nothing is published yet. Begin with: trellis apply specs/auto -m 'First'")
        return
    rows = [
        [
            version.community,
            str(version.number),
            "current" if version.current else "",
            version.at.astimezone().strftime("%Y-%m-%d %H:%M"),
            version.author,
            version.message,
            version.digest.removeprefix("sha256:")[:12],
        ]
        for version in found
    ]
    out.table("", ["community", "version", "", "published", "by", "why", "digest"], rows, right=["version"])
