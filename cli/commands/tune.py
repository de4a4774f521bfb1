"""`trellis tune`: thresholds that would have foretold more, found on one span of the past and tried on another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import Json
from cli.past import AsRecorded, Every, Facts, Folder, LadderName, Meant, Members, TruthFile, Where

if TYPE_CHECKING:
    from cli.console import Output
    from operations.tune import Both, Tuned, Tuning
    from rules.history.score import TierScore


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("tune")(tune)


def tune(
    folder: Folder,
    truth: TruthFile,
    members: Members = None,
    facts: Facts = None,
    ladder: LadderName = None,
    tier: Annotated[
        list[str] | None, typer.Option("--tier", metavar="ID", help="Tune only this tier; may be repeated.")
    ] = None,
    train_until: Annotated[
        str | None,
        typer.Option("--train-until", metavar="DATE", help="Search before this day, test from it on; else halfway."),
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Turn the thresholds of keep as well.")] = False,
    trials: Annotated[
        int, typer.Option("--trials", min=20, max=20_000, help="Settings to replay for each tier.")
    ] = 300,
    seed: Annotated[int, typer.Option("--seed", help="The same seed finds the same.")] = 1,
    meant: Meant = None,
    every: Every = "day",
    where: Where = None,
    as_recorded: AsRecorded = False,
    picture: Annotated[
        Path | None, typer.Option("--picture", metavar="FILE", help="Draw the trade-off as SVG.")
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Change the thresholds that hold on the span held out: one line each.")
    ] = False,
    json: Json = False,
) -> None:
    """Search thresholds on a training span of the past, and show both spans side by side.

    Recommended is what finds more on the training span at no less precision, and whose neighbours do too. What the
    span held out does not bear out is shown and not kept. Nothing is changed without --write.
    """
    from cli import past
    from cli.console import Output
    from operations import tune as tuning
    from store.folder import read_folder, write_file

    out = Output(json)
    given = past.asked(
        out,
        folder,
        truth=truth,
        members=members,
        facts=facts,
        ladder=ladder,
        meant=meant,
        every=every,
        where=where,
        as_recorded=as_recorded,
    )
    with out.progress("Settings replayed") as step:
        found = tuning.tune(
            given.scene,
            given.truth,
            train_until=past.day(train_until, "--train-until", given.community),
            tiers=tier,
            keep=keep,
            budget=trials,
            seed=seed,
            seen=step.advance,
        )
    files = read_folder(folder)
    changed = tuning.write_changes(files, found.scene.ladder.id, found.kept) if found.kept else None
    if changed is not None and write:
        write_file(folder / changed.file, changed.content, before=files[changed.file])
    if picture is not None:
        from cli.pictures import draw_tuning, save

        save(picture, draw_tuning(found))
    edits = [] if changed is None else [
        {"file": changed.file, "path": path, "line": line, "before": before, "after": after}
        for path, line, before, after in changed.paths
    ]  # fmt: skip
    out.data(
        {**found.data(), "edits": edits, "diff": changed.diff if changed else "", "written": write and bool(edits)}
    )
    _show(out, found)
    if changed is not None:
        out.say(changed.diff)
        out.say(f"{folder / changed.file} {'is changed' if write else 'would be changed; --write does it'}.")
    if picture is not None:
        out.say(f"Drawn to {picture}.")


def _show(out: Output, found: Tuning) -> None:
    start, border, end = found.train[0], found.train[1], found.held_out[1]
    out.say(
        f"{found.scene.community.id}, ladder {found.scene.ladder.name}: trained from {start:%Y-%m-%d} to "
        f"{border:%Y-%m-%d}, held out from there to {end:%Y-%m-%d}; reviews every {found.scene.every}."
    )
    for one in found.tiers:
        _trade(out, found.scene.ladder.rungs[one.rank].id, one)
    rows = []
    for before, after in zip(found.before, found.after, strict=True):
        tier = found.scene.ladder.rungs[before.train.rank].id
        rows.append((tier, "as it is", *_cells(before)))
        rows.append((tier, "with what holds", *_cells(after)))
    columns = ("train: precision", "recall", "rules", "held out: precision", "recall ", "rules ")
    out.table("All tiers, on both spans", ("tier", "", *columns), rows, right=columns)


def _trade(out: Output, tier: str, one: Tuned) -> None:
    names = [knob.label.partition(": ")[2] for knob in one.knobs]
    columns = ("train: precision", "recall", "rules", "held out: precision", "recall ", "rules ")
    rows = [("as it is", *_settings(one, one.start), *_cells(one.start))]
    if one.changes:
        rows.append(("recommended", *_settings(one, one.chosen), *_cells(one.chosen)))
    rows.extend(("", *_settings(one, both), *_cells(both)) for both in one.front)
    out.table(
        f"{tier}: what no other of {one.trials} settings beats on the training span",
        ("", *names, *columns),
        rows,
        right=(*names, *columns),
    )
    out.say(f"{tier}: {one.verdict}")
    out.say()


def _settings(one: Tuned, both: Both) -> list[object]:
    values = one.values(both.setting)
    return [knob.shown(values[knob]) for knob in one.knobs]


def _cells(both: Both) -> list[object]:
    return [*_span(both.train), *_span(both.held_out)]


def _span(score: TierScore) -> list[object]:
    from operations.backtest import share_text

    return [share_text(score.precision), share_text(score.recall), len(score.rules)]
