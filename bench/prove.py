"""How long `trellis prove` takes for ten tiers of twenty conditions each, start-up included."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BASE = ROOT / "tests" / "rules" / "proof" / "base"
WINDOWS = ("30d", "60d", "90d", "180d", "365d")


def metrics() -> str:
    """Twenty metrics: counts, days, means, a share and a score."""
    lines = ["schema: metrics/v1", "title: { en: Metrics, zh: 指标 }", "facts:"]
    score = '{ id: score, type: decimal, places: 2, min: "0.00", max: "1.00" }'
    lines += [f"  - {{ id: fact{n}, title: {{ en: F, zh: 事 }}, fields: [{score}] }}" for n in range(6)]
    lines.append("metrics:")
    for n in range(6):
        title = "title: { en: M, zh: 指 }"
        lines.append(f"  - {{ id: count{n}, {title}, type: integer, from: [fact{n}], take: count }}")
        lines.append(f"  - {{ id: days{n}, {title}, type: integer, from: [fact{n}], take: days_with }}")
        lines.append(
            f"  - {{ id: mean{n}, {title}, type: decimal, places: 2, from: [fact{n}], take: mean, field: score }}"
        )
    lines.append("  - { id: share, title: { en: S, zh: 比 }, ratio: [count0, count1] }")
    parts = ", ".join(f"{{ metric: count{n}, weight: {n + 1}, cap: 50 }}" for n in range(6))
    lines.append(f"  - {{ id: total, title: {{ en: T, zh: 总 }}, type: integer, score: [{parts}] }}")
    return "\n".join(line for line in lines if line) + "\n"


def conditions(rank: int, share: int) -> str:
    """Twenty conditions at so many percent of what a rank asks."""
    out = []
    for n in range(6):
        window = WINDOWS[(n + rank) % len(WINDOWS)]
        out.append(f"        - count{n}: {{ at_least: {rank * (n + 2) * share // 100}, over: {window} }}")
        out.append(f"        - days{n}: {{ at_least: {(rank + n) * share // 100}, over: {window} }}")
        out.append(f'        - mean{n}: {{ at_least: "0.{(30 + rank * 4) * share // 100:02d}", over: {window} }}')
    out.append(f'        - share: {{ at_most: "{9 if share == 100 else 12}.00", over: 90d }}')
    out.append(f"        - total: {{ at_least: {rank * 20 * share // 100}, over: 365d }}")
    return "\n".join(out)


def tiers(count: int) -> str:
    """A ladder of so many tiers above the lowest, each with twenty conditions to earn and twenty to keep."""
    lines = [
        "schema: tiers/v1",
        "title: { en: Ladder, zh: 阶梯 }",
        'review: { every: day, at: "06:00" }',
        "cooldown: 30d",
        "tiers:",
    ]
    lines.append("  - { id: t0, title: { en: T, zh: 层 } }")
    for rank in range(1, count + 1):
        lines += [f"  - id: t{rank}", "    title: { en: T, zh: 层 }", "    earn:", "      all:", conditions(rank, 100)]
        lines += ["    keep:", "      all:", conditions(rank, 70), "    grace: 14d"]
    return "\n".join(lines) + "\n"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for part in ("calendars", "community.yaml"):
            source = BASE / part
            shutil.copytree(source, place / part) if source.is_dir() else shutil.copy(source, place / part)
        community = (place / "community.yaml").read_text("utf-8")
        (place / "community.yaml").write_text(community.partition("titles:")[0], "utf-8")
        (place / "metrics.yaml").write_text(metrics(), "utf-8")
        (place / "tiers.yaml").write_text(tiers(10), "utf-8")
        begun, before = time.monotonic(), os.times()
        done = subprocess.run(
            [Path(sys.executable).with_name("trellis"), "prove", folder], check=False, capture_output=True, text=True
        )
        after = os.times()
        cpu = after.children_user - before.children_user + after.children_system - before.children_system
        print(done.stdout.strip().splitlines()[-1] if done.stdout else done.stderr)
        print(
            f"10 tiers of 20 conditions, start-up included: {time.monotonic() - begun:.2f} s, {cpu:.2f} s of CPU time"
        )


if __name__ == "__main__":
    main()
