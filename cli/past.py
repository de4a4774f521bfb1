"""Past: the options that say over which history a ladder is replayed, and against which truth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from cli.console import Output
    from operations.ports.history import Histories
    from operations.scene import Scene
    from operations.truth_file import Truth
    from rules.spec import Community

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The folder of a community; its specs are replayed.")]
TruthFile = Annotated[
    Path,
    typer.Option(
        "--truth", metavar="FILE", help="CSV or NDJSON of real standings: member, tier, from; perhaps to and bulk."
    ),
]
Members = Annotated[
    Path | None,
    typer.Option("--members", metavar="FILE", help="Members from a file instead of the memory; with --facts."),
]
Facts = Annotated[Path | None, typer.Option("--facts", metavar="FILE", help="Facts from a file; with --members.")]
LadderName = Annotated[
    str | None,
    typer.Option("--ladder", metavar="NAME", help="Which ladder, such as tier or field@video; else the first."),
]
Meant = Annotated[
    list[str] | None,
    typer.Option(
        "--as", metavar="TRUTH=TIER", help="What a tier of the truth is on the ladder; TRUTH=none leaves it out."
    ),
]
Every = Annotated[
    str, typer.Option("--every", metavar="RHYTHM", help="Review each day, week or month, or as the specs say: review.")
]
Where = Annotated[
    str | None,
    typer.Option("--where", metavar="COND", help="Score only rows of the truth with, such as 'events_before>=20'."),
]
AsRecorded = Annotated[
    bool, typer.Option("--as-recorded", help="Let facts count from when they were recorded, if that was later.")
]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the options name."""

    community: Community
    scene: Scene
    truth: Truth
    strangers: int


def read_community(folder: Path) -> Community:
    """The specs in a folder, if they have no mistakes.

    Raises:
        Refusal: they have.
    """
    from cli.specs import read_specs
    from operations.errors import Refusal

    loaded = read_specs(folder)
    if loaded.community is None:
        first = next((d for d in loaded.diagnostics if d.severity == "error"), loaded.diagnostics[0])
        raise Refusal(
            f"The specs in {folder} have mistakes: {first.file}:{first.line}:{first.column}: {first.message}.",
            f"`trellis check {folder}` shows them all.",
        )
    return loaded.community


def asked(
    out: Output,
    folder: Path,
    *,
    truth: Path,
    members: Path | None,
    facts: Path | None,
    ladder: str | None,
    meant: Sequence[str] | None,
    every: str,
    where: str | None,
    as_recorded: bool,
) -> Asked:
    """Read everything the options name.

    Raises:
        Refusal: something of it is missing or wrong.
    """
    from cli.given import pairs
    from operations.errors import Refusal
    from operations.scene import ladder_named, set_scene
    from operations.truth_file import check_known, latest, read_truth

    if (members is None) != (facts is None):
        raise Refusal("--members and --facts belong together.", "Give both files, or neither to read the memory.")
    community = read_community(folder)
    found = ladder_named(community, ladder)
    tiers = [rung.id for rung in found.rungs]
    told = read_truth(truth, tiers, community.zone, meant=pairs(meant or (), "--as"), where=where)
    with _histories(out, members, facts) as histories:
        scene = set_scene(community, histories, ladder=found, every=every, until=latest(told), as_recorded=as_recorded)
    return Asked(community, scene, told, check_known(truth, told, scene.subjects))


def day(text: str | None, option: str, community: Community) -> datetime | None:
    """A date as the moment at which it begins.

    Raises:
        Refusal: it is none.
    """
    from operations.errors import Refusal
    from operations.fact_gate import moment

    if text is None:
        return None
    try:
        return moment(text, community.zone)
    except ValueError:
        raise Refusal(f"{option} {text!r} is no date.", "Such as 2026-11-21.") from None


@contextmanager
def _histories(out: Output, members: Path | None, facts: Path | None) -> Iterator[Histories]:
    from store.history import FileHistories, SqlHistories

    if members is not None and facts is not None:
        from operations.rows import size_of

        with out.progress("Reading", size_of(members) + size_of(facts)) as step:
            files = FileHistories(members, facts, step.advance)
            yield files
        for path, (count, first) in files.rejected.items():
            out.warn(f"{path}: {count} rows do not fit and are left out, the first of them {first}")
        return
    from cli.wiring import memory

    with memory() as remembered:
        yield SqlHistories(remembered.engine, remembered.members)
