"""What looking after people costs: many members with a contact each, many classes with a teacher, a quarter of a year.

Every core member has a run of their own (introduction, a talk each fortnight, a topic planned together), every class
one; all of them live at once on the embedded servers, on a scaled clock, with simulated people, and one worker process
beside them. At the end every check-in must have happened once, and every run must have ended well. Reported: CPU and
memory of the worker and of both servers, and CPU per check-in.

    python bench/touch.py [--members 2000] [--cohorts 200] [--scale 1d=10s] [--json]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.servers import awaited, looked_at, publish, servers, watching, working

AT = datetime(2027, 3, 1, 2, tzinfo=UTC)
LONG_AGO = AT - timedelta(days=400)
IN_A_CLASS = 10
WITH_A_CONTACT = 25  # the capacity of the sample's connectors
IN_CLASSES = 120  # and of its class teachers
ROUNDS = 6  # fortnights in a quarter


def gather(memory: Any, members: int, cohorts: int) -> Any:
    """The sample community with so many core members, and so many classes of active ones; nobody is started yet."""
    from operations.ports.members import Member
    from operations.ports.standings import LIFECYCLE, First, Place

    spec = publish(memory, LONG_AGO)
    core = [Member(f"core-{n:05d}", LONG_AGO, {"consent": True}) for n in range(members)]
    active = [
        Member(f"active-{n:05d}", LONG_AGO, {"consent": True, "car_model": "suv-x", "city": f"city-{n // IN_A_CLASS}"})
        for n in range(cohorts * IN_A_CLASS)
    ]
    memory.members(spec).enlist([*core, *active], at=LONG_AGO)
    for people, tier, stage in ((core, "core", "mature"), (active, "active", "active")):
        places = [
            (Place(member=one.id, ladder=ladder), at)
            for one in people
            for ladder, at in (("tier", tier), (LIFECYCLE, stage))
        ]
        memory.standings.begin("auto", [First(place=place, at=at, since=LONG_AGO) for place, at in places], at=LONG_AGO)
    memory.effects.staff("auto", "connector", [f"connector-{n}" for n in range(-(-members // WITH_A_CONTACT) or 1)])
    memory.effects.staff("auto", "host", [f"host-{n}" for n in range(-(-cohorts * IN_A_CLASS // IN_CLASSES) + 1)])
    memory.effects.staff("auto", "planner", ["planner-1"])
    return spec


def play(memory: Any, gateway: Any, spec: Any, runs: int, scale: str, patience: float) -> dict[str, Any]:
    """Start everything that accompanies tiers, and wait until all of it has ended."""
    from operations.keep_touch import keep_touch
    from workflows import turns

    began = time.monotonic()
    kept = keep_touch(memory.desk, spec, at=AT, scale=scale, seed="7")
    most = 0
    while True:
        gateway.start(
            turns.OUTBOX,
            turns.OutboxInput(community="auto"),
            id="auto/outbox",
            attributes={"TrellisCommunity": "auto"},
            again=True,
        )
        counts = count(memory)
        most = max(most, counts["running"])
        if counts["ended"] + counts["cancelled"] >= runs:
            break
        if time.monotonic() - began > patience:
            raise SystemExit(f"not over after {patience:.0f} s: {counts}")
        time.sleep(1)
    return {"seconds": round(time.monotonic() - began, 1), "started": kept.started, "most_at_once": most, **counts}


def count(memory: Any) -> dict[str, int]:
    """How many runs stand how."""
    from sqlalchemy import text

    with memory.engine.connect() as connection:
        found = dict(connection.execute(text("SELECT status, count(*) FROM run GROUP BY status")).all())
    return {name: int(found.get(name, 0)) for name in ("running", "ended", "cancelled")}


def examined(memory: Any, members: int, cohorts: int) -> dict[str, Any]:
    """Whether every check-in happened once, and everybody had exactly one contact."""
    from sqlalchemy import text

    queries = {
        "talks": "SELECT count(*) FROM visit v JOIN run r ON r.id = v.run"
        " WHERE r.task = 'core-care' AND v.phase = 'talk'",
        "answered": "SELECT count(*) FROM visit v JOIN run r ON r.id = v.run"
        " WHERE r.task = 'core-care' AND v.phase = 'talk' AND v.outcome = 'done'",
        "open": "SELECT count(*) FROM visit WHERE state NOT IN ('closed', 'skipped')",
        "uneven": "SELECT count(*) FROM (SELECT run, count(*) AS many, count(DISTINCT visit) AS numbers FROM visit"
        f" WHERE phase = 'talk' GROUP BY run) t WHERE many <> {ROUNDS} OR numbers <> {ROUNDS}",
        "twice": "SELECT count(*) FROM (SELECT run, visit FROM act WHERE phase = 'talk'"
        " GROUP BY run, visit HAVING count(*) > 1) t",
        "items": "SELECT count(*) FROM work_item WHERE phase = 'talk'",
        "contacts": "SELECT count(*) FROM assignment WHERE relation = 'contact' AND ended_at IS NULL",
        "hosts": "SELECT count(*) FROM assignment WHERE relation = 'host' AND ended_at IS NULL",
        "overloaded": "SELECT count(*) FROM (SELECT person FROM assignment WHERE relation = 'contact'"
        f" AND ended_at IS NULL AND role = 'connector' GROUP BY person HAVING count(*) > {WITH_A_CONTACT}) t",
        "badly": "SELECT count(*) FROM run WHERE status <> 'ended' OR outcome NOT LIKE 'end%'",
    }  # fmt: skip
    with memory.engine.connect() as connection:
        found = {name: int(connection.execute(text(query)).scalar_one()) for name, query in queries.items()}
    notes = len(memory.facts("auto").find(kinds=["check_in_note"], limit=members * 20))
    with memory.engine.connect() as connection:
        introduced = connection.execute(
            text("SELECT count(*) FROM visit v JOIN run r ON r.id = v.run WHERE r.task = 'core-care'"
                 " AND v.phase = 'introduction' AND v.outcome = 'done'")
        ).scalar_one()  # fmt: skip
    wrong = [
        sentence
        for sentence, holds in {
            "not every member was asked six times": found["talks"] == members * ROUNDS and not found["uneven"],
            "a phase is still open": not found["open"],
            "a talk was answered twice": not found["twice"],
            "not one item for each talk": found["items"] == members * ROUNDS,
            "notes are not those of the talks": notes == found["answered"] + introduced,
            "somebody has no contact, or two": found["contacts"] == members,
            "a class has no teacher, or two": found["hosts"] == cohorts,
            "a contact has too many": not found["overloaded"],
            "a run has not ended well": not found["badly"],
        }.items()
        if not holds
    ]
    return {"check_ins": found["talks"], "answered": found["answered"], "notes": notes, "wrong": wrong}


def longest(gateway: Any, runs: int) -> int:
    """The longest history there is, in events."""
    found = gateway.list("WorkflowType = 'dedicated-care' OR WorkflowType = 'cohort-care'", limit=min(runs, 1000))
    return max((one.events for one in found), default=0)


def measured(members: int, cohorts: int, scale: str, patience: float, workers: int = 1) -> dict[str, Any]:
    """All of it."""
    with servers() as room, contextlib.ExitStack() as stack:
        memory, gateway = room.memory, room.gateway
        spec = gather(memory, members, cohorts)
        crew = [stack.enter_context(working(room, room.here / f"worker-{n}.log")) for n in range(1, workers + 1)]
        if not awaited(gateway):
            raise SystemExit(f"the worker does not come: {(room.here / 'worker-1.log').read_text()[-2000:]}")
        with watching(looked_at(room, *crew)) as watched:
            played = play(memory, gateway, spec, members + cohorts, scale, patience)
        found = examined(memory, members, cohorts)
        events = longest(gateway, members + cohorts)
    cpu = {name: one.told() for name, one in watched.items()}
    total = sum(one["cpu_s"] for one in cpu.values())
    return {
        "members": members,
        "cohorts": cohorts,
        "scale": scale,
        "workers": workers,
        **played,
        **found,
        "longest_history": events,
        "processes": cpu,
        "cpu_s": round(total, 1),
        "cpu_ms_per_check_in": round(1000 * total / max(1, found["check_ins"]), 1),
        "check_ins_per_second": round(found["check_ins"] / played["seconds"], 1),
    }


def main() -> int:
    """Exit code 1 when a check-in is missing or happened twice."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--members", type=int, default=2000, help="core members, each with a contact")
    parser.add_argument("--cohorts", type=int, default=200, help="classes, of ten members each")
    parser.add_argument("--scale", default="1d=10s", help="the clock of the quarter")
    parser.add_argument("--workers", type=int, default=1, help="worker processes; one of them uses one core")
    parser.add_argument("--patience", type=float, default=7200, help="seconds after which it is given up")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = measured(asked.members, asked.cohorts, asked.scale, asked.patience, asked.workers)
    if asked.json:
        print(json.dumps(found, indent=2, sort_keys=True))
    else:
        print(
            f"{found['members']} members and {found['cohorts']} classes, {found['most_at_once']} runs at once,"
            f" {found['seconds']} s: {found['check_ins']} check-ins, {found['answered']} answered,"
            f" {found['cpu_ms_per_check_in']} ms CPU for each, the longest history {found['longest_history']} events"
        )
        for name, one in found["processes"].items():
            print(f"  {name:<9} {one['cpu_s']:>8.1f} s CPU  {one['peak_mb']:>6.0f} MB")
        print("  everything happened once" if not found["wrong"] else "  WRONG: " + "; ".join(found["wrong"]))
    return 1 if found["wrong"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
