"""A village with little to give: a purse, mugs, two bikes, rights; and hands that walk a run without a server."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from operations.ports.effects import Deed
from operations.ports.runs import Run
from operations.ports.standings import First, Place
from rules.spec import Community, load
from tests.workflows.made_up import FILES, villagers
from workflows.conduct import Conduct
from workflows.desk import Desk
from workflows.launch import Launcher
from workflows.phases import discover
from workflows.steps import Checked, CheckPhase, FinishRun, OpenPhase

AT = datetime(2027, 3, 8, 7, tzinfo=UTC)  # a Monday, 08:00 in Berlin

RESOURCES = """
schema: resources/v1
resources:
  - kind: budget
    id: purse
    title: { en: Purse, zh: 钱包 }
    amount: "1000.00 EUR"
    per: year
    holder: role:elder
    order: [{ highest: work.urgent }, { lowest: work.submitted_at }]
    lines: [{ for: tier:newcomer, amount: "700.00 EUR" }, { for: tier:cook, amount: "300.00 EUR" }]
  - kind: budget
    id: pocket
    title: { en: Pocket, zh: 零钱 }
    amount: "50.00 EUR"
    per: month
    holder: role:elder
    rollover: once
  - kind: stock
    id: mug
    title: { en: Mug, zh: 杯子 }
    unit: piece
    cost: "5.00 EUR"
    reorder_at: 2
    keeper: role:clerk
    post: sla:posting
  - kind: fleet
    id: bikes
    title: { en: Bikes, zh: 自行车 }
    units: [red, blue]
    turnaround: 4h
    book_ahead: 30d
    keeper: role:clerk
    settle: { every: day, at: "10:00" }
    order: [{ highest: tier }, { highest: dishes }]
  - kind: benefit
    id: early
    title: { en: Early bread, zh: 早面包 }
    limit: 2
    uses: 1
    per: month
    needs: promise
    while: { stage: { is_known: false } }
    settle: { every: day, at: "10:00" }
    order: [{ highest: tier }]
  - { kind: benefit, id: oven, title: { en: The oven, zh: 烤炉 }, uses: 2, per: quarter }
"""

SLA = """
schema: sla/v1
slas:
  - id: posting
    title: { en: Posting, zh: 寄送 }
    finish: 3d
    remind: [1d]
    escalate: [{ after: 1d, to: role:elder }]
"""


def mode(id_: str, for_: str, phases: str, parameters: str = "") -> str:
    head = f"schema: mode/v1\nid: {id_}\ntitle: {{ en: {id_}, zh: 模式 }}\nfor: {for_}\nowner: role:elder\n"
    return head + "at_once: 50\n" + (f"parameters:\n{parameters}" if parameters else "") + f"phases:{phases}"


WHAT = "  - { id: what, type: benefit }\n"
LEND = """
  - { id: ask-for, kind: allocate, fleet: bikes, for: subject, book: 2d, within: 7d, go: { short: cancel } }
  - { id: ride, kind: wait, within: 2d }
"""
FUND = """
  - id: wishes
    kind: submit
    by: everyone
    form: wish
    needs: 1
    limit: 9
    within: 5d
    go: { short: cancel }
  - id: money
    kind: allocate
    budget: purse
    for: wishes.works
    each: { field: amount }
    spend: true
    go: { short: next }
"""
LAY_BY = """
  - { id: money, kind: allocate, budget: purse, each: "600.00 EUR", go: { short: cancel } }
  - { id: pause, kind: wait, within: 5d }
"""
RIGHT = """
  - { id: given, kind: allocate, benefit: $what, for: subject, within: 3d, go: { short: next } }
"""
MUGS = """
  - { id: in, kind: enrol, who: everyone, needs: 1, limit: 9, within: 5d, go: { short: cancel } }
  - { id: lent, kind: allocate, stock: mug, for: in.members, each: 2, go: { short: next } }
  - { id: pause, kind: wait, within: 5d }
"""
THANKS = """
  - { id: mug, kind: do, effects: [{ award: { to: subject, give: [{ gift: mug, budget: purse }] } }] }
  - { id: pause, kind: wait, within: 5d }
"""
SUPPER = """
  - { id: guests, kind: enrol, who: everyone, needs: 2, limit: 9, within: 5d, go: { short: cancel } }
  - id: table
    kind: meet
    who: guests.members
    host: role:clerk
    must: [role:elder]
    needs: 50%
    form: note
    within: 30d
    go: { short: end:too-few }
"""
MODES = {
    "lend": mode("lend", "member", LEND),
    "fund": mode("fund", "community", FUND),
    "lay-by": mode("lay-by", "community", LAY_BY),
    "right": mode("right", "member", RIGHT, WHAT),
    "keep": mode("keep", "member", RIGHT.replace("within: 3d", "within: 3d, spend: true"), WHAT),
    "mugs": mode("mugs", "community", MUGS),
    "thanks": mode("thanks", "member", THANKS),
    "supper": mode("supper", "community", SUPPER),
}


def task(id_: str, of: str, arguments: str = "") -> str:
    with_ = f"with: {arguments}\n" if arguments else ""
    return f"schema: task/v1\nid: {id_}\ntitle: {{ en: {id_}, zh: 任务 }}\nmode: {of}\n{with_}"


TASKS = {name: task(name, name) for name in MODES if name not in ("right", "keep")}
TASKS |= {
    f"{name}-{what}": task(f"{name}-{what}", name, f"{{ what: {what} }}")
    for name in ("right", "keep")
    for what in ("early", "oven")
}
FORMS = """
  - id: wish
    title: { en: Wish, zh: 愿望 }
    about: work
    fields: [{ id: amount, type: money }, { id: urgent, type: boolean }]
  - { id: promise, title: { en: Promise, zh: 承诺 }, fields: [{ id: word, type: text }] }
metrics:"""


def depot() -> tuple[dict[str, bytes], Community]:
    """The documents and what they say."""
    files = {**FILES, "resources.yaml": RESOURCES, "sla.yaml": SLA}
    files["metrics.yaml"] = files["metrics.yaml"].replace("metrics:", FORMS.strip("\n"), 1)
    files |= {f"modes/{name}.yaml": text for name, text in MODES.items()}
    files |= {f"tasks/{name}.yaml": text for name, text in TASKS.items()}
    written = {name: text.strip().encode() + b"\n" for name, text in files.items()}
    loaded = load(written, discover())
    assert loaded.community is not None, loaded.diagnostics
    assert not [one for one in loaded.diagnostics if one.severity == "error"], loaded.diagnostics
    return written, loaded.community


def found(memory: Any) -> Community:
    """Publish it in a memory, with twelve members (m01 is a cook), people in the roles, and three mugs."""
    files, community = depot()
    memory.specs.publish(files, community, message="founded", author="test", at=AT)
    memory.members(community).enlist(villagers(12), at=AT - timedelta(days=300))
    cook = First(place=Place(member="m01", ladder="tier"), at="cook")
    memory.standings.begin("village", [cook], at=AT - timedelta(days=30))
    memory.effects.staff("village", "elder", ["eve"])
    memory.effects.staff("village", "clerk", ["ann"])
    memory.effects.stocked("village", "mug", 3, by="ann", at=AT - timedelta(days=9), key="first")
    return community


class _NoServer:
    def start(self, *_: Any, **__: Any) -> bool:
        return True


class Walk:
    """Runs walked by hand: phases are opened and checked at the times that the test says."""

    def __init__(self, memory: Any) -> None:
        self.memory, self.now = memory, AT
        self.conduct = Conduct(memory.house, now=lambda: self.now)
        self.desk = Desk(memory.house, now=lambda: self.now, poke=lambda *_: None)
        self._launcher = Launcher(memory.house, _NoServer())

    def start(self, task: str, subject: str | None = None, *, at: datetime = AT, **more: Any) -> Run:
        return self._launcher.start(task, subject=subject, at=at, **more)

    def open(self, run: Run, phase: str, at: datetime = AT, visit: int = 1) -> Any:
        self.now = at
        return self.conduct.open(OpenPhase(run=run.id, phase=phase, visit=visit, scope="", at=at))

    def check(self, run: Run, phase: str, at: datetime, *, due: bool = False, visit: int = 1) -> Checked:
        self.now = at
        return self.conduct.check(CheckPhase(run=run.id, phase=phase, visit=visit, at=at, due=due))

    def finish(self, run: Run, at: datetime, end: str = "end") -> None:
        self.now = at
        self.conduct.finish(FinishRun(run=run.id, end=end, at=at))

    def results(self, run: Run, phase: str) -> Mapping[str, Any]:
        visit = self.memory.runs.visit(run.id, phase)
        assert visit is not None
        return visit.results

    def claims(self, run: Run, phase: str) -> list[Any]:
        return list(self.memory.resources.of_phase(run.id, phase))


def fact_of(memory: Any, kind: str, member: str | None = None) -> list[Any]:
    return list(memory.facts("village").find(kinds=[kind], member=member, limit=500))


def promise(memory: Any, member: str) -> None:
    """The member has filled in what early bread needs."""
    fields = {"word": "yes"}
    deed = Deed(
        key=f"promise/{member}",
        kind="record",
        at=AT - timedelta(days=1),
        source="test",
        member=member,
        details={"fact": "promise", "fields": fields},
    )
    memory.effects.do("village", [deed])
