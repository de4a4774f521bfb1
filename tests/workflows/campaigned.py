"""A campaign of two tasks that is over, played by people at their desks, for tests of what is told of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from operations.import_comments import import_comments
from operations.import_facts import import_facts
from operations.texts import Reader
from tests.operations.bureau import AT, found, rows
from tests.waiting import PATIENCE, pace
from workflows.desk import Desk
from workflows.launch import Launcher
from workflows.steps import RunResult

NEVER = "m05"  # hands in to both tasks, and no platform ever tells anything of it


def over(room: Any, eventually: Callable[..., Any], folder: Path) -> Any:
    """A campaign that is over: figures came in for all works but two, one of them was corrected in time."""
    from cli import wiring

    memory, gateway = room.memory, room.gateway
    community = found(memory, folder)
    desk = Desk(memory.house, poke=gateway.poke)
    runs = memory.runs
    works: dict[tuple[str, str], str] = {}
    with gateway.working(wiring.crew(memory, gateway)):
        run = Launcher(memory.house, gateway).start("spring", at=AT, scale=pace("1d=600ms"))
        for task in ("shapes", "roads"):
            child = f"bureau/{task}/1"
            eventually(lambda child=child: runs.visit(child, "entries"))
            for who in ("m01", "m02", "m03", "m04", NEVER):
                text = "五分钟就换好电，真快" if who == "m01" else "傍晚的海边"
                works[task, who] = desk.submit(child, "entries", member=who, fields={"words": text}).id
        eventually(lambda: runs.visit(run.id, "figures"))
        opened = runs.visit(run.id, "figures").opened_at
        figures = [
            (f"s-{task}-{who}", "spread", work, (opened + timedelta(hours=1)).isoformat(), *_brought(task, who))
            for (task, who), work in works.items()
            if who != NEVER
        ]
        first = rows(folder / "spread.csv", "id,kind,work,at,reads,leads", *figures)
        once = import_facts(first, community, memory.facts(community))
        again = import_facts(first, community, memory.facts(community))
        corrected = [(*figures[0][:4], 900, 9)]
        later = rows(folder / "corrected.csv", "id,kind,work,at,reads,leads", *corrected)
        change = import_facts(later, community, memory.facts(community))
        said = [
            ("c1", works["shapes", "m01"], "换电只要五分钟，太方便了，非常满意"),
            ("c2", works["shapes", "m01"], "真的很失望，又是软文"),
            ("c3", works["shapes", "m02"], "这颜色好看，喜欢"),
        ]
        at = (opened + timedelta(hours=2)).isoformat()
        comments = rows(folder / "comments.csv", "id,work,at,words", *((id_, w, at, text) for id_, w, text in said))
        read = [import_comments(comments, community, memory.facts(community), runs, Reader()) for _ in range(2)]
        eventually(lambda: runs.visit(run.id, "analysis"))
        analyst: dict[str, Any] = {"by": "ana", "role": "role:analyst", "choice": "done"}
        desk.answer(run.id, "analysis", fields={"resonance": "设计主题最能引起共鸣", "brief_score": 4}, **analyst)
        eventually(lambda: runs.visit(run.id, "insight"))
        edits = "tiers.yaml tiers[core].earn.stories.at_least = 2"
        desk.answer(run.id, "insight", fields={"finding": "核心成员性价比最高", "edits": edits}, **analyst)
        eventually(lambda: runs.visit(run.id, "retrospective"))
        fields = {"differently": "下次简报要给出更多例子", "actions": "重写简报 @role:planner"}
        desk.answer(run.id, "retrospective", by="dora", role="role:director", choice="done", fields=fields)
        end = gateway.result(run.id, PATIENCE, RunResult)
    return SimpleNamespace(
        memory=memory, community=community, run=runs.run(run.id), works=works, folder=folder, end=end.end, at=end.at,
        imports=(once, again, change), comments=read,
    )  # fmt: skip


def _brought(task: str, who: str) -> tuple[int, int]:
    """Reads and leads: the core brings much, design more than journeys."""
    times = 3 if task == "shapes" else 1
    return (100 * times, 2 * times) if who in ("m01", "m02") else (40 * times, times - 1)
