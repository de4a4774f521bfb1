"""Proposals: an insight's edits of the specs, shown with their plan, and published only when somebody accepts them.

Each edit changes one value, exactly as `trellis edit` does. Nothing is published by the effect `propose`, nor by time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from operations.desk import Desk
from operations.edit import diff, edit
from operations.errors import Refusal
from operations.ports.proposals import ACCEPTED, OPEN, PLANNING, REJECTED, UNDECIDED, Proposal, Proposals
from operations.ports.runs import Runs
from operations.preview import preview, refuse_stale
from operations.publish import publish, said_why
from operations.spec_edits import Edit
from rules.errors import RuleRefusal
from rules.spec import Community, PhaseKinds, load

if TYPE_CHECKING:
    from operations.ports.specs import Published


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """The specs with the edits in them: files by path, what they say, and what is written otherwise."""

    files: Mapping[str, bytes]
    community: Community
    diff: str


def changed(files: Mapping[str, bytes], edits: Sequence[Edit], kinds: PhaseKinds) -> Changed:
    """The files with all edits in them, if they check then.

    Raises:
        Refusal: a file is not there, a path leads nowhere, or the specs would have mistakes.
    """
    now = dict(files)
    for file, path, value in edits:
        if file not in now:
            raise Refusal(f"The specs have no file {file}.", f"There are {', '.join(sorted(now)[:8])}, …")
        now[file] = edit(now, file, path, value, kinds).content
    loaded = load(now, kinds)
    if loaded.community is None:
        first = next(one for one in loaded.diagnostics if one.severity == "error")
        raise Refusal(f"The specs would not check: {first.file}:{first.line}: {first.message}", first.hint)
    shown = [diff(file, files[file], now[file]) for file in sorted(now) if now[file] != files[file]]
    return Changed(files=now, community=loaded.community, diff="\n".join(shown))


def plan_one(
    desk: Desk, runs: Runs, proposals: Proposals, kinds: PhaseKinds, proposal: Proposal, *, at: datetime
) -> Proposal:
    """Attach a plan against the specs that are current now, or say why there is none.

    Args:
        at: the present moment; a proposal of a run on a clock of its own is planned for its own moment.

    Raises:
        Refusal: it is decided already.
    """
    _undecided(proposal)
    community, number = proposal.community, proposal.number
    try:
        current = desk.specs.current(community)
        new = changed(desk.specs.files(current.digest, community), proposal.edits, kinds)
        found = preview(desk, runs, new.community, at=proposal.at if proposal.given else at, given=proposal.given)
    except (Refusal, RuleRefusal) as refusal:
        proposals.broken(community, number, f"{refusal.message} {refusal.hint}".strip())
    else:
        proposals.planned(community, number, base=current.digest, digest=new.community.digest, plan=found.data())
    after = proposals.one(community, number)
    assert after is not None
    return after


def plan_waiting(
    desk: Desk, runs: Runs, proposals: Proposals, kinds: PhaseKinds, community: str, *, at: datetime
) -> int:
    """Attach their plans to all proposals that wait for one; returns how many there were."""
    waiting = proposals.all(community, state=PLANNING)
    for proposal in waiting:
        plan_one(desk, runs, proposals, kinds, proposal, at=at)
    return len(waiting)


def accept(
    desk: Desk,
    runs: Runs,
    proposals: Proposals,
    kinds: PhaseKinds,
    proposal: Proposal,
    *,
    by: str,
    message: str,
    at: datetime,
) -> tuple[Published, Changed]:
    """Publish what a proposal says, if its plan still holds; the specs and the decision change together or not at all.

    Raises:
        Stale: the plan no longer says what would happen.
        Refusal: it has no plan, it is decided, it changes nothing, or its own author would accept it.
    """
    _undecided(proposal)
    if proposal.state != OPEN or proposal.plan is None:
        why = proposal.problem or "its plan is still being made"
        raise Refusal(f"Proposal {proposal.number} has no plan: {why}", "A change is accepted with its plan in view.")
    if by in authors_of(runs, proposal):
        raise Refusal(
            f"{by} made proposal {proposal.number}; nobody accepts their own.", "Let somebody else look at it."
        )
    files = desk.specs.files(desk.specs.current(proposal.community).digest, proposal.community)
    new = changed(files, proposal.edits, kinds)
    refuse_stale(desk, runs, new.community, proposal.plan, at=at)

    def staff(role: str) -> Sequence[str]:
        return desk.effects.people(proposal.community, role)

    with desk.together():
        done = publish(desk.specs, new.files, kinds, message=said_why(message), author=by, at=at, staff=staff)
        if not done.new:
            raise Refusal(f"Proposal {proposal.number} changes nothing: the specs say so already.", "Reject it.")
        if not proposals.decide(
            proposal.community, proposal.number, ACCEPTED, by=by, reason=message, at=at, version=done.version.number
        ):
            raise Refusal(f"Proposal {proposal.number} was decided by somebody else meanwhile.", "Look at it again.")
    return done, new


def reject(proposals: Proposals, proposal: Proposal, *, by: str, reason: str, at: datetime) -> None:
    """Decide against a proposal; the reason stays with it.

    Raises:
        Refusal: it is decided already, or no reason is given.
    """
    _undecided(proposal)
    if not reason.strip():
        raise Refusal("A rejection needs a reason.", "Say why, for whoever made it: -m 'The sample is too small'.")
    if not proposals.decide(proposal.community, proposal.number, REJECTED, by=by, reason=reason.strip(), at=at):
        raise Refusal(f"Proposal {proposal.number} was decided by somebody else meanwhile.", "Look at it again.")


def authors_of(runs: Runs, proposal: Proposal) -> list[str]:
    """Who gave the answer that the edits come from."""
    if proposal.run is None or proposal.source is None:
        return []
    return list(dict.fromkeys(act.by for act in runs.acts(proposal.run, proposal.source) if act.verb == "answer"))


def _undecided(proposal: Proposal) -> None:
    if proposal.state not in UNDECIDED:
        who = f" by {proposal.decided_by}" if proposal.decided_by else ""
        raise Refusal(f"Proposal {proposal.number} is {proposal.state}{who}.", "A decision stands.")
