"""From v0, the draft of the language, to v1: earn and keep got their names, fifteen kinds of phases were left.

The draft called what it takes to rise `requires` and what it takes to stay `retains`. Its phases `human`, `vote` and
`check_in` became `ask`, `match` became `form_teams`, `contribute` became `submit`; what only does something
(`announce`, `publish`, `award`, `nominate`, `start`) became effects of `do`, `decide` became `only_if` and `go`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.spec.upgrades import Draft

KEYS = {"requires": "earn", "retains": "keep"}
KINDS = {"human": "ask", "vote": "ask", "check_in": "ask", "match": "form_teams", "contribute": "submit"}
EFFECTS = ("announce", "publish", "award", "nominate", "start")
GONE = {
    "work": "write a parallel of submit and a repeat of ask",
    "report": "write measure, then ask",
    "decide": "write only_if on what follows, or a wait without within",
}


def upgrade(draft: Draft) -> None:
    """Rename what has another name; note what became something else."""
    if draft.kind == "tiers":
        for n, tier in enumerate(draft.tree.get("tiers", ())):
            for old, new in KEYS.items():
                if isinstance(tier, dict) and old in tier:
                    draft.rename(("tiers", n, old), new)
    if draft.kind == "mode":
        for path in draft.everywhere("kind"):
            kind = draft.at(path)
            if not isinstance(kind, str) or "phases" not in path:
                continue
            if kind in KINDS:
                draft.values[path] = KINDS[kind]
            elif kind in EFFECTS:
                draft.notes.append((path, f"the phase '{kind}' is an effect now: write kind: do with effects"))
            elif kind in GONE:
                draft.notes.append((path, f"the phase '{kind}' is gone: {GONE[kind]}"))
