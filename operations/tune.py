"""Tune: better thresholds, found on one span of the past and tried on another; written as one changed line each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from operations.backtest import share_text, tier_data
from operations.edit import diff
from operations.errors import Refusal
from operations.scene import Scene, span_of
from operations.truth_file import Truth
from rules.history.knobs import Knob, knobs_of
from rules.history.score import Span, TierScore, first_promotions, score
from rules.history.search import Found, Search, Setting, Trials
from rules.history.stepper import Move
from rules.spec.layout import NotEditable, layout
from rules.spec.paths import written
from rules.spec.splice import Scalar, change

BUDGET = 300
"""Settings replayed for each tier."""


@dataclass(frozen=True, slots=True)
class Both:
    """One setting on the span it was found on, and on the one held out."""

    setting: Setting
    train: TierScore
    held_out: TierScore


@dataclass(frozen=True, slots=True)
class Tuned:
    """What tuning one tier came to.

    Args:
        rank: of the tier.
        knobs: the thresholds that were turned.
        values: the value of each knob of the ladder under a setting.
        start: as it was, with what was kept of lower tiers.
        chosen: what the training span recommends; the start where it recommends nothing.
        front: settings that none beats on the training span.
        steady: precision and recall of the chosen one on the training span, averaged with its neighbours'.
        trials: how many settings were replayed.
    """

    rank: int
    knobs: tuple[Knob, ...]
    values: Callable[[Setting], Mapping[Knob, Fraction]]
    start: Both
    chosen: Both
    front: tuple[Both, ...]
    steady: tuple[Fraction, Fraction]
    trials: int

    @property
    def changes(self) -> dict[Knob, Fraction]:
        """The thresholds that the recommendation changes."""
        before = self.values(self.start.setting)
        return {knob: v for knob, v in self.values(self.chosen.setting).items() if v != before[knob]}

    @property
    def holds(self) -> bool:
        """Whether the held-out span bears the recommendation out: better in recall or precision, worse in neither."""
        before, after = self._held_out
        return (
            bool(self.changes) and before != after and all(new >= old for old, new in zip(before, after, strict=True))
        )

    @property
    def _held_out(self) -> tuple[tuple[Fraction, Fraction], tuple[Fraction, Fraction]]:
        """Recall and precision on the span held out, before and after; nobody counts as 0."""
        zero = Fraction(0)
        before, after = (
            (one.held_out.recall or zero, one.held_out.precision or zero) for one in (self.start, self.chosen)
        )
        return before, after

    @property
    def verdict(self) -> str:
        """What came of it, in a sentence."""
        if not self.changes:
            return "Nothing better was found on the training span."
        before, after = self._held_out
        if self.holds:
            more = "more are found" if after[0] > before[0] else "as many are found"
            precise = "more precisely" if after[1] > before[1] else "no less precisely"
            return f"The held-out span bears it out: {more}, and {precise}."
        lost = [
            word
            for word, old, new in zip(("fewer are found", "it is less precise"), before, after, strict=True)
            if new < old
        ]
        return f"The held-out span does not bear it out: {' and '.join(lost) or 'nothing changes there'}."


@dataclass(frozen=True, slots=True)
class Tuning:
    """What tuning a ladder came to: one `Tuned` for each tier, lowest first, each upon what was kept of those before.

    Args:
        train, held_out: the spans.
        before, after: every tier on both spans, as it was and with all that was kept.
        kept: the thresholds that changed and hold.
    """

    scene: Scene
    train: Span
    held_out: Span
    tiers: tuple[Tuned, ...]
    before: tuple[Both, ...]
    after: tuple[Both, ...]
    kept: Mapping[Knob, Fraction]

    def data(self) -> dict[str, Any]:
        """As JSON."""
        ladder = self.scene.ladder
        return {
            "community": self.scene.community.id,
            "digest": self.scene.community.digest,
            "ladder": ladder.name,
            "train": {"from": self.train[0], "until": self.train[1]},
            "held_out": {"from": self.held_out[0], "until": self.held_out[1]},
            "tiers": [
                {
                    "tier": ladder.rungs[one.rank].id,
                    "trials": one.trials,
                    "knobs": [
                        {"threshold": k.label, "present": k.shown(k.present), "values": [k.shown(v) for v in k.values]}
                        for k in one.knobs
                    ],
                    "start": self._both(one, one.start),
                    "chosen": {
                        **self._both(one, one.chosen),
                        "steady": {"precision": share_text(one.steady[0]), "recall": share_text(one.steady[1])},
                    },
                    "front": [self._both(one, both) for both in one.front],
                    "changes": [
                        _changed(knob, one.values(one.start.setting)[knob], value)
                        for knob, value in one.changes.items()
                    ],
                    "holds": one.holds,
                    "verdict": one.verdict,
                }
                for one in self.tiers
            ],
            "before": [self._scores(one) for one in self.before],
            "after": [self._scores(one) for one in self.after],
            "kept": [_changed(knob, knob.present, value) for knob, value in self.kept.items()],
        }  # fmt: skip

    def _both(self, one: Tuned, both: Both) -> dict[str, Any]:
        mine = set(one.knobs)
        settings = {k.label: k.shown(v) for k, v in one.values(both.setting).items() if k in mine}
        return {"settings": settings, **self._scores(both)}

    def _scores(self, both: Both) -> dict[str, Any]:
        tier = self.scene.ladder.rungs[both.train.rank].id
        return {"tier": tier, "train": _figures(both.train), "held_out": _figures(both.held_out)}


def _changed(knob: Knob, before: Fraction, after: Fraction) -> dict[str, Any]:
    return {"threshold": knob.label, "before": knob.shown(before), "after": knob.shown(after)}


def _figures(one: TierScore) -> dict[str, Any]:
    wanted = ("people", "rules", "right", "found", "precision", "recall")
    return {name: value for name, value in tier_data(one, "").items() if name in wanted}


def tune(
    scene: Scene,
    truth: Truth,
    *,
    train_until: datetime | None = None,
    tiers: Sequence[str] | None = None,
    keep: bool = False,
    budget: int = BUDGET,
    seed: int = 1,
    seen: Callable[[int], None] = lambda _: None,
) -> Tuning:
    """Search the thresholds of each tier, lowest first, on the training span; then look at the span held out.

    Args:
        train_until: where the training span ends and the other begins; without, where people had made half of the
            promotions.
        tiers: only these.
        keep: turn the thresholds of `keep` as well.
        budget: settings replayed for each tier.
        seed: the same seed finds the same.
        seen: told how many settings were replayed.

    Raises:
        Refusal: a tier is unknown, a span holds no promotions, or nothing can be turned.
    """
    ladder = scene.ladder
    names = [rung.id for rung in ladder.rungs[1:]]
    for tier in tiers or ():
        if tier not in names:
            raise Refusal(f"--tier {tier}: the ladder has no tier {tier!r} to rise to.", f"It has {', '.join(names)}.")
    asked = list(tiers or names)
    knobs = knobs_of(ladder, scene.community.ladders[ladder.id], asked, about=("earn", "keep") if keep else ("earn",))
    if not knobs:
        raise Refusal(f"No threshold of {', '.join(asked)} can be turned.", "Only fixed numbers above 0 can.")
    train, held_out = _spans(scene, truth, train_until)
    trials = Trials(ladder, knobs, scene.history, scene.reviews)
    subjects = scene.subjects

    def scored(moves: Sequence[Move], rank: int, span: Span) -> TierScore:
        return score(truth.holdings, moves, scene.reviews, subjects, rank, span)

    def both(setting: Setting, rank: int) -> Both:
        moves = trials.moves(setting)
        return Both(setting, scored(moves, rank, train), scored(moves, rank, held_out))

    setting = trials.start
    done: list[Tuned] = []
    for rank, tier in enumerate(names, 1):
        mine = [place for place, knob in enumerate(knobs) if knob.tier == tier]
        if not mine:
            continue

        def on_train(moves: list[Move], rank: int = rank) -> TierScore:
            return scored(moves, rank, train)

        found: Found = Search(trials, on_train, start=setting, mine=mine, budget=budget, seed=seed, seen=seen).run()
        one = Tuned(
            rank,
            tuple(knobs[place] for place in mine),
            trials.values,
            both(setting, rank),
            both(found.chosen.setting, rank),
            tuple(both(trial.setting, rank) for trial in found.front),
            found.steady,
            found.trials,
        )
        done.append(one)
        if one.holds:
            setting = found.chosen.setting
    ranks = range(1, len(ladder.rungs))
    values = trials.values(setting)
    return Tuning(
        scene,
        train,
        held_out,
        tuple(done),
        tuple(both(trials.start, rank) for rank in ranks),
        tuple(both(setting, rank) for rank in ranks),
        {knob: value for knob, value in values.items() if value != knob.present},
    )


def _spans(scene: Scene, truth: Truth, until: datetime | None) -> tuple[Span, Span]:
    here = set(scene.subjects)
    promoted = sorted(first_promotions((one for one in truth.holdings if one.member in here), 1)[0].values())
    if len(promoted) < 2:
        raise Refusal(
            "Fewer than two members were promoted: nothing can be learned from that.", "Check --as and --where."
        )
    border = until or promoted[len(promoted) // 2]
    train, held_out = span_of(scene, None, border), span_of(scene, border, None)
    for name, (start, end) in (
        ("--train-until leaves the training span", train),
        ("the held-out span is left", held_out),
    ):
        if not any(start <= at < end for at in promoted):
            first, last = promoted[0].date().isoformat(), promoted[-1].date().isoformat()
            raise Refusal(f"{name} without a promotion.", f"People promoted from {first} to {last}.")
    return train, held_out


# ------------------------------------------------------------------------------------------------------------- writing
@dataclass(frozen=True, slots=True)
class Written:
    """The file of the ladder with its thresholds changed.

    Args:
        file: inside the folder.
        content: as it should be.
        paths: each changed value as people name it, with its line, and what it was and is.
        diff: unified.
    """

    file: str
    content: bytes
    paths: tuple[tuple[str, int, Scalar, Scalar], ...]
    diff: str


def write_changes(files: Mapping[str, bytes], ladder: str, changes: Mapping[Knob, Fraction]) -> Written:
    """Change one line for each threshold, comments kept.

    Raises:
        Refusal: the ladder is not found in the files, or a threshold is not a plain value there.
    """
    for name, content in sorted(files.items()):
        if b"tiers/v1" not in content:
            continue
        try:
            old = layout(name, content)
            tree = old.source.tree
            if tree.get("schema") != "tiers/v1" or tree.get("id", "tier") != ladder:
                continue
            values: dict[tuple[str | int, ...], Scalar] = {
                knob.path: knob.shown(value) for knob, value in changes.items()
            }
            changed = change(content, values, file=name)
        except NotEditable as refusal:
            raise Refusal(refusal.message, refusal.hint) from None
        paths = tuple(
            (written(tree, path), old.source.value_place(path).line, old.source.at(path), value)
            for path, value in values.items()
        )
        return Written(name, changed, paths, diff(name, content, changed))
    raise Refusal(f"No file here holds the ladder {ladder!r}.", "A file with schema: tiers/v1 declares it.")
