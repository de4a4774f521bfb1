"""Communities that deciding is tested with."""

from functools import cache
from pathlib import Path

from rules.spec import Community, load
from workflows.phases import discover

ROOT = Path(__file__).resolve().parents[3]


@cache
def sample(name: str) -> Community:
    """A community of the project's own, by the name of its folder under `specs`."""
    folder = ROOT / "specs" / name
    files = {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.yaml"))}
    loaded = load(files, discover())
    assert loaded.community is not None, loaded.diagnostics[:3]
    return loaded.community


def written(**files: str) -> Community:
    """A community from text: the file `tiers` is `tiers.yaml`; calendar and community come by themselves."""
    texts = {f"{name.replace('__', '/')}.yaml": text.encode() for name, text in {**MINIMUM, **files}.items()}
    loaded = load(texts, discover())
    assert loaded.community is not None, loaded.diagnostics[:3]
    return loaded.community


MINIMUM = {
    "community": """\
schema: community/v1
id: small
title: { en: Small, zh: 小 }
zone: Asia/Shanghai
calendar: office
currency: CNY
roles: [{ id: planner, title: { en: Planner, zh: 规划师 } }]
""",
    "calendars__office": """\
schema: calendar/v1
id: office
title: { en: Office, zh: 办公 }
work_days: [mon, tue, wed, thu, fri]
hours: 09:00-18:00
valid_through: "2030-12-31"
""",
    "metrics": """\
schema: metrics/v1
title: { en: Metrics, zh: 指标 }
facts: [{ id: posted, title: { en: Post, zh: 发帖 }, fields: [{ id: score, type: decimal, places: 2 }] }]
metrics:
  - { id: posts, title: { en: Posts, zh: 发帖 }, type: integer, from: [posted], take: count }
""",
}
