"""Proof: what can be known of a community's rules without looking at anybody, each finding with a made-up member."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from rules.proof.finding import Finding, Report, Undecided
from rules.spec.community import Community

__all__ = ["Finding", "Report", "Undecided", "made_up_moment", "out_of_reach", "prove"]


def prove(community: Community, at: datetime, *, strict: bool = False) -> Report:
    """Say what can be proved wrong with a community's rules.

    Args:
        community: specs that were checked.
        at: the moment for which months and working time are reckoned.
        strict: whether a witness that does not play back is an error (in tests) or a question left open.

    Raises:
        NoSolver: Z3 is not installed.
    """
    from rules.proof.elsewhere import elsewhere
    from rules.proof.ladders import ladders
    from rules.proof.plays import plays
    from rules.proof.promises import promises, tasks
    from rules.proof.prover import Prover
    from rules.proof.rulesets import rulesets
    from rules.proof.stages import stages
    from rules.rulebook import compile_rulebook

    prover = Prover(community, compile_rulebook(community), at, strict)
    ladders(prover)
    stages(prover)
    rulesets(prover)
    elsewhere(prover)
    bound = tasks(community)
    plays(prover, bound)
    for finding in promises(community, bound):
        prover.found(finding)
    framed = (replace(finding, frame=prover.places.frame(finding.place)) for finding in prover.findings)
    findings = tuple(sorted(framed, key=lambda f: (f.place, f.code, f.message)))
    undecided = tuple(sorted(prover.undecided, key=lambda u: (u.place, u.question)))
    return Report(findings, undecided, prover.solver.asked)


def out_of_reach(community: Community) -> tuple[Finding, ...]:
    """The tiers that nobody can earn, whoever they were: specs with one of these are not published.

    Nothing is found where Z3 is not installed.
    """
    from rules.proof.ladders import reaches
    from rules.proof.prover import Prover
    from rules.proof.solver import NoSolver
    from rules.rulebook import compile_rulebook

    try:
        prover = Prover(community, compile_rulebook(community), made_up_moment(community), False)
        reaches(prover)
    except NoSolver:
        return ()
    found = (finding for finding in prover.findings if finding.code == "TRL400")
    return tuple(sorted(found, key=lambda f: (f.place, f.message)))


def made_up_moment(community: Community) -> datetime:
    """A moment that is the same on every run: noon of an ordinary Monday in the community's zone."""
    return datetime(2026, 11, 2, 12, tzinfo=community.zone)
