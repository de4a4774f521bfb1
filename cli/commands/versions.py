"""`trellis versions`: what was published when, by whom and why; what is on trial, and what it shows."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import Community, Json

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from cli.console import Output
    from cli.memory import Memory
    from operations.ports.specs import Version
    from operations.ports.trials import Compared, Trial

SHOWN = 12
"""Digits of a digest in tables."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("versions")(versions)


def versions(
    digest: Annotated[
        str | None, typer.Argument(metavar="[DIGEST]", help="What one version showed day by day; all without it.")
    ] = None,
    community: Community = None,
    json: Json = False,
) -> None:
    """List the versions of the specs, newest first, and what is on trial; or show what one of them did.

    Of a version in the shadow: who would come out otherwise at each review, by transition. Of one that members were
    judged under: what was decided by it at each review.
    """
    from cli.console import Output
    from cli.wiring import memory
    from operations.errors import Refusal

    out = Output(json)
    with memory() as remembered:
        if digest is not None:
            _one(out, remembered, remembered.specs.find(digest, community), community)
            return
        found = remembered.specs.versions(community)
        trials = remembered.trials.all(community)
        known = remembered.specs.communities()
        zones = {one: remembered.specs.current(one).zone for one in known}
    if community is not None and not found:
        raise Refusal(f"No community {community} is published here.", f"There is {', '.join(known) or 'none yet'}.")
    from dataclasses import asdict

    out.data({"versions": [asdict(version) for version in found], "trials": [told(trial) for trial in trials]})
    if not found:
        out.say("Nothing is published yet. Begin with: trellis apply specs/auto -m 'First'")
        return
    _list(out, found, trials, zones)


def _list(
    out: "Output", found: "Sequence[Version]", trials: "Sequence[Trial]", zones: "Mapping[str, ZoneInfo]"
) -> None:
    rows = [
        [
            version.community,
            str(version.number),
            "current" if version.current else "",
            f"{version.at.astimezone(zones[version.community]):%Y-%m-%d %H:%M}",
            version.author,
            version.message,
            _short(version.digest),
        ]
        for version in found
    ]
    out.table("", ["community", "version", "", "published", "by", "why", "digest"], rows, right=["version"])
    if trials:
        tried = [
            [one.community, one.kind, _state(one, zones[one.community]),
             f"{one.at.astimezone(zones[one.community]):%Y-%m-%d %H:%M}", one.author, one.message, _short(one.digest)]
            for one in trials
        ]  # fmt: skip
        out.table("On trial", ["community", "how", "state", "since", "by", "why", "digest"], tried)


def _one(out: "Output", remembered: "Memory", digest: str, community: str | None) -> None:
    from dataclasses import asdict

    spec = remembered.specs.at(digest, community)
    published = [version for version in remembered.specs.versions(spec.id) if version.digest == digest]
    trials = [trial for trial in remembered.trials.all(spec.id) if trial.digest == digest]
    shown = [(trial, remembered.trials.comparisons(trial)) for trial in trials]
    decided = remembered.decisions.under(spec.id, digest)
    out.data(
        {
            "community": spec.id,
            "digest": digest,
            "versions": [asdict(version) for version in published],
            "trials": [{**told(trial), "reviews": [_compared(one) for one in seen]} for trial, seen in shown],
            "decisions": [asdict(one) for one in decided],
        }
    )
    out.say(f"{spec.id} {digest}")
    for version in published:
        current = ", current" if version.current else ""
        day = f"{version.at.astimezone(spec.zone):%Y-%m-%d}"
        out.say(f"  version {version.number}{current}: {version.message} ({version.author}, {day})")
    for trial, seen in shown:
        day = f"{trial.at.astimezone(spec.zone):%Y-%m-%d}"
        out.say(f"  {trial.kind} trial since {day}, {_state(trial, spec.zone)}: {trial.message}")
        _differences(out, seen, str(spec.zone))
    if decided:
        rows = [
            (one.at.astimezone(spec.zone).date().isoformat(), one.rule, one.outcome, one.from_, one.to, one.members)
            for one in decided
        ]
        out.table("Decided under it", ["day", "rule", "outcome", "from", "to", "members"], rows, right=["members"])


def _differences(out: "Output", seen: "Sequence[Compared]", zone: str) -> None:
    from zoneinfo import ZoneInfo

    rows: list[list[object]] = []
    for one in seen:
        day = one.at.astimezone(ZoneInfo(zone)).date().isoformat()
        if not one.differences and not one.problems:
            rows.append([day, "", "nobody differs", "", "", one.members, ""])
        for other in one.differences:
            named = ", ".join(other.some[:3]) + (" …" if other.members > 3 else "")
            rows.append([day, other.part, other.from_, other.here, other.there, other.members, named])
        rows.extend([day, problem, "", "", "", None, ""] for problem in one.problems)
    if rows:
        columns = ["day", "part", "from", "now", "under it", "members", "such as"]
        out.table("Who would come out otherwise", columns, rows, right=["members"])
    else:
        out.say("  No review has looked at it yet.")


def _state(trial: "Trial", zone: "ZoneInfo") -> str:
    from operations.ports.trials import RUNNING, shown

    if trial.state != RUNNING:
        return f"{trial.state}: {trial.why}" if trial.why else trial.state
    if not trial.steps:
        return trial.state
    days = [f" from {step.at.astimezone(zone):%Y-%m-%d}" if step.at else "" for step in trial.steps]
    steps = " → ".join(shown(step.share) + day for step, day in zip(trial.steps, days, strict=True))
    return f"{shown(trial.share)} of members ({steps})" + "".join(f", stop if {bound}" for bound in trial.bounds)


def told(trial: "Trial") -> dict[str, Any]:
    """A trial as data: its shares as percentages, its bounds as they are written."""
    from dataclasses import asdict

    from operations.ports.trials import shown

    return {
        **asdict(trial),
        "steps": [{"share": shown(step.share), "at": step.at} for step in trial.steps],
        "stop_if": [str(bound) for bound in trial.bounds],
        "share": shown(trial.share),
    }


def _compared(one: "Compared") -> dict[str, Any]:
    from dataclasses import asdict

    found = asdict(one)
    for other in found["differences"]:
        other["from"] = other.pop("from_")
    return found


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:SHOWN]
