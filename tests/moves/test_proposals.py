"""Proposals: an insight opens a change with its plan; it is published when somebody accepts it, and never by itself."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from operations.effects import EffectContext, carry_out
from operations.errors import Refusal
from operations.ports.proposals import Proposal
from operations.preview import Stale
from operations.proposals import accept, changed, plan_one, plan_waiting, reject
from operations.spec_edits import read_edits
from tests.moves.club import AT, FILES, facts, people
from tests.moves.test_effects import Around, effects
from tests.waiting import PATIENCE
from workflows.phases import discover

if TYPE_CHECKING:
    from cli.memory import Memory
    from rules.spec import Community

pytestmark = pytest.mark.servers

FEWER = "tiers.yaml tiers[regular].earn.posts.at_least = 2"
CAMPAIGN = """schema: mode/v1
id: campaign
title: { en: Campaign, zh: 战役 }
owner: role:head
phases:
  - id: insight
    kind: ask
    by: role:head
    form: insight
    within: 5d
    if_silent: silent
    go: { silent: end:without-insight }
  - id: adopt
    kind: ask
    by: role:keeper
    choices: [adopt, not-now]
    within: 5d
    if_silent: not-now
    go: { not-now: end }
  - { id: proposal, kind: do, effects: [{ propose: { from: insight.edits } }] }
  - id: retrospective
    kind: ask
    by: role:head
    within: 5d
    if_silent: silent
    go: { silent: end:without-retrospective }
"""
TASK = "schema: task/v1\nid: spring\ntitle: { en: Spring, zh: 春 }\nmode: campaign\n"
INSIGHT = """facts:
  - id: insight
    title: { en: Insight, zh: 洞察 }
    about: run
    fields: [{ id: finding, type: text }, { id: edits, type: spec_edits, optional: true }]
"""


def files() -> dict[str, bytes]:
    """The club, with a mode that ends in an insight."""
    written = {**FILES, "metrics.yaml": FILES["metrics.yaml"].replace("facts:\n", INSIGHT)}
    written |= {"modes/campaign.yaml": CAMPAIGN, "tasks/spring.yaml": TASK}
    return {path: text.encode() for path, text in written.items()}


@pytest.fixture
def club(remembered: Memory) -> tuple[Memory, Community]:
    """A club of its own for each test, in which ann has two posts and bob none."""
    from rules.spec import load

    community = load(files(), discover()).community
    assert community is not None
    remembered.specs.publish(files(), community, message="test", author="test", at=AT - timedelta(days=400))
    people(remembered, community, "ann", "bob")
    now = (datetime.now(UTC) - AT) / timedelta(days=1)
    facts(remembered, community, "posted", "ann", [-now + 1, -now + 2])
    return remembered, community


class Saying(Around):
    """A resolver in a run whose insight says something."""

    text: str | None = FEWER

    def value(self, name: str, subject: str | None) -> Any:
        return self.text


def proposed(memory: Memory, community: Community, text: str | None = FEWER, source: str = "club/spring/1") -> None:
    """What the effect does in a run whose insight says so."""
    resolver = Saying()
    resolver.text = text
    context = EffectContext(community=community, source=source, at=AT, resolver=resolver, into=memory.effects)
    carry_out(effects({"propose": {"from": "insight.edits"}}), context)


def planned(memory: Memory, at: datetime | None = None) -> Proposal:
    plan_waiting(memory.desk, memory.runs, memory.proposals, discover(), "club", at=at or datetime.now(UTC))
    return memory.proposals.all("club")[0]


def accepted(memory: Memory, one: Proposal, by: str = "kim") -> Any:
    at = datetime.now(UTC)
    return accept(memory.desk, memory.runs, memory.proposals, discover(), one, by=by, message="Two show it", at=at)


def test_a_proposal_has_its_plan_and_changes_nothing_until_it_is_accepted(club: tuple[Memory, Community]) -> None:
    memory, community = club
    proposed(memory, community)
    proposed(memory, community)  # the same again, as after a crash

    one = planned(memory)

    assert (one.number, one.state, len(memory.proposals.all("club"))) == (1, "open", 1)
    assert one.plan is not None
    moves = [(move["from"], move["to"], move["new"]) for move in one.plan["transitions"] if move["new"]]
    assert moves == [("guest", "regular", 1)]
    assert memory.specs.current("club").digest == community.digest == one.base

    done, new = accepted(memory, one)

    assert memory.specs.current("club").digest == one.digest == done.version.digest
    assert "at_least: 2" in new.diff
    after = memory.proposals.one("club", 1)
    assert after is not None
    assert (after.state, after.decided_by, after.reason, after.version) == ("accepted", "kim", "Two show it", 2)
    with pytest.raises(Refusal, match="is accepted by kim"):
        accepted(memory, after)


def test_a_stale_plan_is_refused_and_can_be_made_anew(club: tuple[Memory, Community]) -> None:
    memory, community = club
    proposed(memory, community)
    one = planned(memory)
    now = (datetime.now(UTC) - AT) / timedelta(days=1)
    facts(memory, community, "posted", "bob", [-now + 1, -now + 2])

    with pytest.raises(Stale) as stale:
        accepted(memory, one)

    assert "2 members now, 1 in the plan" in stale.value.since[0]
    assert memory.specs.current("club").digest == community.digest
    still = memory.proposals.one("club", 1)
    assert still is not None
    assert still.state == "open"
    again = plan_one(memory.desk, memory.runs, memory.proposals, discover(), still, at=datetime.now(UTC))
    accepted(memory, again)
    assert memory.specs.current("club").digest != community.digest


def test_a_rejection_has_a_reason_and_stands(club: tuple[Memory, Community]) -> None:
    memory, community = club
    proposed(memory, community)
    one = planned(memory)

    with pytest.raises(Refusal, match="needs a reason"):
        reject(memory.proposals, one, by="kim", reason=" ", at=AT)
    reject(memory.proposals, one, by="kim", reason="Two posts can be luck", at=AT)

    after = memory.proposals.one("club", 1)
    assert after is not None
    assert (after.state, after.reason) == ("rejected", "Two posts can be luck")
    with pytest.raises(Refusal, match="is rejected by kim"):
        accepted(memory, after)
    assert memory.specs.current("club").digest == community.digest


def test_two_who_accept_at_once_publish_once(club: tuple[Memory, Community]) -> None:
    memory, community = club
    proposed(memory, community)
    one = planned(memory)
    accepted(memory, one)

    with pytest.raises(Refusal):
        accepted(memory, one, by="lee")  # looked at it before it was decided

    assert len(memory.specs.versions("club")) == 2


def test_an_insight_without_edits_proposes_nothing(club: tuple[Memory, Community]) -> None:
    memory, community = club
    proposed(memory, community, None)
    proposed(memory, community, "\n  \n", source="club/spring/2")

    assert memory.proposals.all("club") == []


def test_a_cancelled_run_takes_back_what_nobody_has_decided(club: tuple[Memory, Community]) -> None:
    memory, community = club
    proposed(memory, community)
    proposed(memory, community, source="club/spring/2")
    planned(memory)
    accepted(memory, memory.proposals.all("club")[0])

    memory.effects.undo("club", "club/spring/1", at=AT)
    memory.effects.undo("club", "club/spring/2", at=AT)

    assert [one.state for one in memory.proposals.all("club")] == ["accepted", "withdrawn"]


def test_a_proposal_that_no_longer_fits_says_why(club: tuple[Memory, Community]) -> None:
    memory, community = club
    proposed(memory, community, "tiers.yaml tiers[regular].earn.posts.at_lest = 2")

    one = planned(memory)

    assert one.state == "broken"
    assert one.problem is not None
    assert "at_lest" in one.problem
    with pytest.raises(Refusal, match="has no plan"):
        accepted(memory, one)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("tiers.yaml", "is no edit"),
        ("tiers.yaml = 2", "is no edit"),
        ("tiers.yaml tiers[regular].grace =", "is no edit"),
        ("\n".join([FEWER] * 21), "too many"),
    ],
)
def test_a_text_that_is_no_edit_is_refused(text: str, what: str) -> None:
    with pytest.raises(Refusal, match=what):
        read_edits(text)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("tier.yaml tiers[regular].grace = 3d", "have no file tier.yaml"),
        ("tiers.yaml tiers[regulars].grace = 3d", "regulars"),
        ("tiers.yaml tiers[regular].grace = soon", "would not check"),
    ],
)
def test_edits_that_do_not_fit_the_specs_are_refused(text: str, what: str) -> None:
    with pytest.raises(Refusal, match=what):
        changed(files(), read_edits(text), discover())


def test_several_edits_are_one_change() -> None:
    new = changed(files(), read_edits(f"{FEWER}\ntiers.yaml tiers[regular].grace = 9d"), discover())

    assert new.diff.count("\n+") == 2 + 1  # two lines and the header
    tiers = new.community.ladders["tier"].tiers
    assert str(tiers[1].grace) == "9d"


def test_in_a_run_only_edits_that_fit_can_be_handed_in_and_their_author_cannot_accept_them(
    room: Any, worker: Any, eventually: Any
) -> None:
    from rules.spec import load
    from workflows.desk import Desk
    from workflows.launch import Launcher
    from workflows.steps import RunResult

    memory, gateway = room.memory, room.gateway
    community = load(files(), discover()).community
    assert community is not None
    memory.specs.publish(files(), community, message="test", author="test", at=AT - timedelta(days=400))
    people(memory, community, "ann", "bob")
    desk = Desk(memory.house, poke=gateway.poke)
    with worker():
        run = Launcher(memory.house, gateway).start("spring")
        eventually(lambda: memory.runs.visit(run.id, "insight"))
        wrong = {"finding": "x", "edits": "tiers.yaml tiers[regular].grace = soon"}
        with pytest.raises(Refusal, match="would not check"):
            desk.answer(run.id, "insight", by="pat", role="role:head", choice="done", fields=wrong)
        desk.answer(
            run.id, "insight", by="pat", role="role:head", choice="done",
            fields={"finding": "Two posts say it all", "edits": FEWER},
        )  # fmt: skip
        eventually(lambda: memory.runs.visit(run.id, "adopt"))
        assert memory.proposals.all("club") == []
        desk.answer(run.id, "adopt", by="kim", role="role:keeper", choice="adopt")
        eventually(lambda: memory.runs.visit(run.id, "retrospective"))
        desk.answer(run.id, "retrospective", by="pat", role="role:head", choice="done")
        assert gateway.result(run.id, PATIENCE, RunResult).end == "end"
        gateway.start("outbox", _outbox(), id="club/outbox", again=True)
        one = eventually(lambda: memory.proposals.all("club", state="open"))[0]

    assert (one.run, one.source) == (run.id, "insight")
    assert memory.specs.current("club").digest == community.digest
    with pytest.raises(Refusal, match="nobody accepts their own"):
        accepted(memory, one, by="pat")


def _outbox() -> Any:
    from workflows import turns

    return turns.OutboxInput(community="club")


def test_the_command_shows_the_plan_and_writes_the_edit_into_the_folder(
    club: tuple[Memory, Community], fresh_database_url: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cli.main import build

    memory, community = club
    proposed(memory, community)
    for path, content in files().items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(content)
    monkeypatch.setenv("DATABASE_URL", fresh_database_url)
    runner, app = CliRunner(), build()

    listed = json.loads(runner.invoke(app, ["proposals", "--json"]).stdout)
    shown = runner.invoke(app, ["proposals", "show", "1"])
    done = runner.invoke(app, ["proposals", "accept", "1", "-m", "Two show it", "--by", "kim", "--dir", str(tmp_path)])

    assert [(one["number"], one["state"]) for one in listed["proposals"]] == [(1, "open")]
    assert "moves at the next review" in shown.stdout
    assert done.exit_code == 0, done.output
    assert "at_least: 2" in (tmp_path / "tiers.yaml").read_text()
    one = memory.proposals.one("club", 1)
    assert one is not None
    assert dataclasses.replace(one, plan=None).state == "accepted"
