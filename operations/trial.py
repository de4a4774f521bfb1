"""Trial: try a version before it is current: beside the current one, or for a share of members that grows by steps.

Who is in the share follows from the member's id and the version alone: it is the same people at every review, and
whoever is in 10 % is in 50 %. Whoever is not is judged under the current version as before.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from operations.desk import Desk
from operations.errors import Refusal
from operations.goals import Staff, refuse_meddling
from operations.ports.specs import Specs, Version
from operations.ports.trials import (
    HALTED,
    RUNNING,
    SHADOW,
    STAGED,
    WHOLE,
    WITHDRAWN,
    Bound,
    Step,
    Trial,
    Trials,
    shown,
)
from operations.publish import Unsound, said_why
from rules.spec import PhaseKinds, load
from rules.time.local import moment

if TYPE_CHECKING:
    from operations.ports.reviews import Plan
    from rules.spec import Community

WATCHED = ("promotions", "demotions", "graces", "moved")
"""What a bound may watch."""
STEPS = "Write the shares with spaces between, such as '10% 50% 100%', each perhaps with a date: '50%@2027-02-01'."
_SHARE = re.compile(r"([0-9]{1,3})(?:\.([0-9]{1,2}))?%")
_BOUND = re.compile(r"([a-z]+)\s*(?:>|more_than)\s*(?:([0-9]+)|([0-9]{1,3}(?:\.[0-9]{1,2})?%))")


# ---------------------------------------------------------------------------------------------------------- as written
def steps_of(text: str, zone: ZoneInfo) -> tuple[Step, ...]:
    """The steps that a text like `10% 50%@2027-02-01 100%` names.

    Raises:
        Refusal: it cannot be read, shares do not grow, or dates do not.
    """
    steps: list[Step] = []
    for word in re.split(r"[\s,→]+|->", text.strip()):
        if not word:
            continue
        share, _, date = word.partition("@")
        try:
            at = moment(date, zone) if date else None
        except ValueError:
            raise Refusal(f"{word!r}: {date!r} is not a date.", STEPS) from None
        step = Step(_share(share), at)
        if steps and step.share <= steps[-1].share:
            raise Refusal(f"{word!r} is not more than {shown(steps[-1].share)} before it.", STEPS)
        dates = [one.at for one in steps if one.at is not None]
        if step.at is not None and dates and step.at <= dates[-1]:
            raise Refusal(f"{word!r} is not later than the date before it.", STEPS)
        steps.append(step)
    if not steps:
        raise Refusal("No step is named.", STEPS)
    return tuple(steps)


def bounds_of(texts: Sequence[str]) -> tuple[Bound, ...]:
    """The bounds that texts like `demotions > 20` or `moved > 5%` name.

    Raises:
        Refusal: one cannot be read, or watches nothing that is known.
    """
    bounds = []
    for text in texts:
        found = _BOUND.fullmatch(text.strip())
        if found is None or found[1] not in WATCHED:
            raise Refusal(
                f"--stop-if {text!r} cannot be read.",
                f"Write what is watched ({', '.join(WATCHED)}) and a limit: 'demotions > 20', 'moved > 5%'.",
            )
        bounds.append(Bound(found[1], int(found[2])) if found[2] else Bound(found[1], _share(found[3]), percent=True))
    return tuple(bounds)


def _share(text: str) -> int:
    found = _SHARE.fullmatch(text)
    share = 0 if found is None else int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))
    if not 0 < share <= WHOLE:
        raise Refusal(f"{text!r} is not a share between 0.01% and 100%.", STEPS)
    return share


# ----------------------------------------------------------------------------------------------------------- who is in
def in_share(member: str, digest: str, share: int) -> bool:
    """Whether a member belongs to a share (in hundredths of a percent) of a version, today and at any other time."""
    lot = hashlib.blake2b(f"{digest}\x1f{member}".encode(), digest_size=8).digest()
    return int.from_bytes(lot, "big") % WHOLE < share


def judged_under(desk: Desk, community: Community, member: str, at: datetime | None = None) -> Community:
    """The spec under which a member is judged: that of a staged trial for whoever is in its share, else the current.

    Args:
        community: the spec that is, or was then, current.
        at: then; now without it. What share it was then is told by the last review up to then.
    """
    if at is None:
        trial = desk.trials.running(community.id, STAGED)
        digest, share = (trial.digest, trial.share) if trial is not None else (None, 0)
    else:
        digest, share = desk.reviews.on_trial(community.id, at)
        over = [one.ended_at for one in desk.trials.all(community.id) if one.digest == digest and one.kind == STAGED]
        if all(ended is not None and ended <= at for ended in over):
            return community
    return desk.specs.at(digest, community.id) if digest and in_share(member, digest, share) else community


# ------------------------------------------------------------------------------------------------------- begin and end
def try_out(
    specs: Specs,
    trials: Trials,
    files: Mapping[str, bytes],
    kinds: PhaseKinds,
    *,
    message: str,
    author: str,
    at: datetime,
    steps: str | None = None,
    stop_if: Sequence[str] = (),
    staff: Staff | None = None,
) -> Trial:
    """Check a version and begin a trial of it: a staged one with `steps`, beside the current version without.

    Raises:
        Unsound: the documents have mistakes.
        Refusal: there is no message, nothing is current yet, this is the current version, steps or bounds cannot be
            read, or a goal is changed by somebody who does not set it (with `staff`: who is in a role).
    """
    why = said_why(message)
    bounds = bounds_of(stop_if)
    loaded = load(files, kinds)
    community = loaded.community
    if community is None:
        raise Unsound(loaded.diagnostics)
    current = specs.current(community.id)
    if current.digest == community.digest:
        raise Refusal("These very specs are current already.", "Change something before you try it out.")
    if staff is not None:
        refuse_meddling(current, community, author=author, staff=staff)
    trial = Trial(
        community=community.id,
        number=0,
        digest=community.digest,
        kind=SHADOW if steps is None else STAGED,
        at=at,
        author=author,
        message=why,
        steps=() if steps is None else steps_of(steps, community.zone),
        bounds=bounds,
    )
    return trials.begin(files, community, trial)


def roll_back(
    desk: Desk, digest: str, *, community: str | None, message: str, author: str, at: datetime
) -> tuple[Version, bool, Sequence[Trial]]:
    """Make a version current that was current before, and withdraw what is on trial.

    Returns the version, whether that is new (it was not current already), and the trials that ended.

    Raises:
        Refusal: no such version was ever current, or there is no message.
    """
    why = said_why(message)
    whole = desk.specs.find(digest, community)
    spec = desk.specs.at(whole, community)
    versions = desk.specs.versions(spec.id)
    if all(version.digest != whole for version in versions):
        raise Refusal(
            f"{digest} was only tried and has never been current.", "Publish it: `trellis apply DIR -m 'Why'`."
        )
    with desk.together():
        ended = [
            trial for kind in (STAGED, SHADOW) if (trial := desk.trials.held(spec.id, kind)) is not None
        ]  # fmt: skip
        for trial in ended:
            desk.trials.end(trial, state=WITHDRAWN, why=why, at=at)
        if versions[0].digest == whole:
            return versions[0], False, ended
        current = desk.specs.current(spec.id)
        refuse_meddling(current, spec, author=author, staff=lambda role: desk.effects.people(spec.id, role))
        files = desk.specs.files(whole, spec.id)
        done = desk.specs.publish(files, spec, message=why, author=author, at=at)
        return done.version, done.new, ended


# --------------------------------------------------------------------------------------------------------- in a revie
def step_at(desk: Desk, community: str, at: datetime) -> Trial | None:
    """The staged trial at a review, its next step taken if that is due; in the transaction that begins the review."""
    trial = desk.trials.held(community, STAGED)
    if trial is None:
        return None
    index = trial.step
    following = trial.steps[index + 1 :]
    if following:
        due = following[0].at <= at if following[0].at is not None else trial.reviews > 0
        if due:
            index += 1
            while index + 1 < len(trial.steps) and (then := trial.steps[index + 1].at) is not None and then <= at:
                index += 1
            desk.trials.advance(trial, step=index)
    first = trial.steps[0].at
    if index == 0 and first is not None and first > at:
        return None
    return next(one for one in desk.trials.all(community) if one.number == trial.number)


def on_trial(desk: Desk, plan: Plan) -> Trial | None:
    """The staged trial of a review, as long as nothing has stopped it."""
    if plan.trial is None:
        return None
    trial = desk.trials.running(plan.community, STAGED)
    return trial if trial is not None and trial.digest == plan.trial else None


def watch(desk: Desk, plan: Plan, part: str, at: datetime) -> str:
    """Before a part is carried out: stop the trial if a bound is passed; says why, or nothing.

    What was found under a trial that is over is forgotten, so that nobody moves by it.
    """
    if plan.trial is None:
        return ""
    with desk.together():
        trial = desk.trials.held(plan.community, STAGED)
        if trial is None or trial.digest != plan.trial:
            desk.reviews.drop(plan, part, plan.trial)
            return ""
        found = desk.reviews.under(plan, plan.trial)
        passed = next((why for bound in trial.bounds if (why := _passed(bound, trial, found))), "")
        if passed:
            desk.reviews.drop(plan, part, plan.trial)
            day = f"at the review {plan.id} of {part}"
            desk.trials.end(trial, state=HALTED, why=f"{passed} {day}", at=at)
        return passed


def _passed(bound: Bound, trial: Trial, found: Mapping[str, int]) -> str:
    number = trial.counts.get(bound.what, 0) + found[bound.what]
    if not bound.percent:
        return f"{number} {bound.what}, more than {bound.limit}," if number > bound.limit else ""
    if number * WHOLE <= bound.limit * found["members"]:
        return ""
    return f"{number} {bound.what} of {found['members']} members, more than {shown(bound.limit)},"


def account(desk: Desk, plan: Plan, at: datetime, *, standings: bool) -> None:
    """A review is over: add up what came of the trial, and make it current when everybody was judged under it.

    In the transaction that ends the review, before what was found is dropped; once for each review.
    """
    trial = desk.trials.held(plan.community, STAGED) if plan.trial is not None else None
    if trial is None or trial.digest != plan.trial or trial.counted == plan.id or trial.state != RUNNING:
        return
    found = {name: number for name, number in desk.reviews.under(plan, trial.digest).items() if name != "members"}
    desk.trials.counted(trial, plan.id, found, standings=standings)
    if plan.share == WHOLE and standings:
        spec = desk.specs.at(trial.digest, plan.community)
        files = desk.specs.files(trial.digest, plan.community)
        desk.specs.publish(files, spec, message=trial.message, author=trial.author, at=at)
