"""Search: settings of a ladder's thresholds that no other setting beats, on the span it is trained on.

The search is seeded and looks at nothing but the training span. What it recommends is not the highest peak but the
best plateau: a setting whose neighbours, one step of one threshold away, do nearly as well, for a peak that stands
alone is luck.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from random import Random

from rules.history.knobs import Knob, all_bounds, turned
from rules.history.past import History
from rules.history.reduced import reduce_ladder
from rules.history.replay import Replay, columns_over, read
from rules.history.reviews import Reviews
from rules.history.score import TierScore
from rules.history.stepper import Move, Stepper
from rules.ladder import Ladder

BEST = 10
"""How many of the best settings are looked at with their neighbours, for which a third of the budget is kept."""

Setting = tuple[int, ...]
"""For each knob the place of its value among its values."""


class Trials:
    """Replays settings of knobs, each once.

    Args:
        ladder: as it is.
        knobs: what may be turned.
        history, reviews: what it is replayed over.
    """

    def __init__(self, ladder: Ladder, knobs: Sequence[Knob], history: History, reviews: Reviews) -> None:
        self.knobs = tuple(knobs)
        self._ladder = ladder
        self._done: dict[Setting, list[Move]] = {}
        also = list(all_bounds(knobs))
        loosest = self.ladder(tuple(_loosest(knob) for knob in knobs))
        open_to = Replay(loosest, history, reviews, also=also).moves()
        replay = Replay(ladder, history, reviews, also=also, only=sorted({move.member for move in open_to}))
        self._past = replay.past
        self._readings = replay.readings
        self._columns = [columns_over(frame, replay.readings) for frame in replay.frames()]

    @property
    def start(self) -> Setting:
        """The thresholds as they are."""
        return tuple(knob.values.index(knob.present) for knob in self.knobs)

    def ladder(self, setting: Setting) -> Ladder:
        """The ladder under a setting."""
        return turned(self._ladder, self.values(setting))

    def values(self, setting: Setting) -> dict[Knob, Fraction]:
        """The thresholds of a setting."""
        return {knob: knob.values[place] for knob, place in zip(self.knobs, setting, strict=True)}

    def moves(self, setting: Setting) -> list[Move]:
        """Every change of standing under a setting."""
        found = self._done.get(setting)
        if found is None:
            reduced, reduction = reduce_ladder(self.ladder(setting))
            stepper = Stepper(reduced, reduction, self._past)
            found = self._done[setting] = [
                move
                for columns in self._columns
                for move in stepper.moves(read(columns.frame, reduction, self._readings, columns))
            ]
        return found


@dataclass(frozen=True, slots=True)
class Trial:
    """One setting and how it did on the training span."""

    setting: Setting
    score: TierScore

    @property
    def place(self) -> tuple[Fraction, Fraction]:
        """Precision and recall; nobody raised is no precision at all."""
        return self.score.precision or Fraction(0), self.score.recall or Fraction(0)


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found on the training span.

    Args:
        start: the thresholds as they are.
        front: settings that none beats in precision and recall both, by falling precision.
        chosen: the one that is recommended; the start where nothing is better.
        steady: its precision and recall, averaged with its neighbours'.
        trials: how many settings were replayed.
    """

    start: Trial
    front: tuple[Trial, ...]
    chosen: Trial
    steady: tuple[Fraction, Fraction]
    trials: int


class Search:
    """Searches the settings of a tier's knobs.

    Args:
        trials: replays them.
        score: of a replay, for the tier and the training span.
        mine: the places of the knobs that are turned; the others stay.
        budget: how many settings are replayed at most.
        seed: the same seed finds the same.
    """

    def __init__(
        self,
        trials: Trials,
        score: Callable[[list[Move]], TierScore],
        *,
        start: Setting,
        mine: Sequence[int],
        budget: int,
        seed: int,
        seen: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._trials = trials
        self._score = score
        self._start = start
        self._mine = tuple(mine)
        self._budget = budget
        self._random = Random(seed)
        self._seen = seen
        self._tried: dict[Setting, Trial] = {}

    def run(self) -> Found:
        """Search, and recommend."""
        start = self._try(self._start)
        for place in self._mine:
            for value in range(len(self._trials.knobs[place].values)):
                if self._room(keep=self._budget // 3):
                    self._try(self._with(self._start, place, value))
        misses = 0
        while self._room(keep=self._budget // 3) and misses < 200:
            parent = self._random.choice(front(self._tried.values()))
            child = self._changed(parent.setting)
            misses = misses + 1 if child in self._tried else 0
            self._try(child)
        chosen, steady = self._steadiest(start)
        return Found(start, front(self._tried.values()), chosen, steady, len(self._tried))

    def _room(self, keep: int) -> bool:
        return len(self._tried) < self._budget - keep

    def _try(self, setting: Setting) -> Trial:
        found = self._tried.get(setting)
        if found is None:
            found = self._tried[setting] = Trial(setting, self._score(self._trials.moves(setting)))
            self._seen(1)
        return found

    def _with(self, setting: Setting, place: int, value: int) -> Setting:
        return (*setting[:place], value, *setting[place + 1 :])

    def _changed(self, setting: Setting) -> Setting:
        """One to three knobs turned, by a step or two, now and then anywhere."""
        for _ in range(self._random.choice((1, 1, 2, 2, 3))):
            place = self._random.choice(self._mine)
            last = len(self._trials.knobs[place].values) - 1
            if self._random.random() < 0.2:
                value = self._random.randint(0, last)
            else:
                value = min(max(setting[place] + self._random.choice((-2, -1, 1, 2)), 0), last)
            setting = self._with(setting, place, value)
        return setting

    # ------------------------------------------------------------------------------------------------- recommendation
    def _steadiest(self, start: Trial) -> tuple[Trial, tuple[Fraction, Fraction]]:
        """Of the settings no less precise than the start that find more, the one whose neighbours find most with it."""
        level = start.place[0]
        better = [one for one in self._tried.values() if one.place[0] >= level and one.place[1] > start.place[1]]
        better.sort(key=lambda one: (-one.place[1], -one.place[0], self._turns(one), one.setting))
        best, steady = start, (Fraction(0), Fraction(-1))
        for one in better[:BEST]:
            around = self._around(one)
            if around is not None and self._rank(one, around) > self._rank(best, steady):
                best, steady = one, around
        return best, start.place if best is start else steady

    def _rank(self, one: Trial, steady: tuple[Fraction, Fraction]) -> tuple[Fraction, Fraction, int]:
        return steady[1], steady[0], -self._turns(one)

    def _turns(self, one: Trial) -> int:
        return sum(a != b for a, b in zip(one.setting, self._start, strict=True))

    def _around(self, one: Trial) -> tuple[Fraction, Fraction] | None:
        """Precision and recall averaged over a setting and its neighbours; None when the budget is used up."""
        near = [one]
        for place in self._mine:
            for value in (one.setting[place] - 1, one.setting[place] + 1):
                if 0 <= value < len(self._trials.knobs[place].values):
                    setting = self._with(one.setting, place, value)
                    if setting not in self._tried and not self._room(keep=0):
                        return None
                    near.append(self._try(setting))
        return (
            sum((x.place[0] for x in near), Fraction(0)) / len(near),
            sum((x.place[1] for x in near), Fraction(0)) / len(near),
        )


def front(trials: Iterable[Trial]) -> tuple[Trial, ...]:
    """The settings that no other beats in one of precision and recall without losing in the other."""
    found: list[Trial] = []
    most = Fraction(-1)
    for one in sorted(trials, key=lambda t: (-t.place[0], -t.place[1], t.setting)):
        if one.place[1] > most:
            found.append(one)
            most = one.place[1]
    return tuple(found)


def _loosest(knob: Knob) -> int:
    """The value that the most members meet."""
    return 0 if knob.leaf.comparison in ("at_least", "more_than") else len(knob.values) - 1
