"""Stale: whether a plan that was written down still says what would happen, and what changed since if not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from operations.errors import Refusal
from operations.preview.whole import FORM, Preview, preview

if TYPE_CHECKING:
    from operations.desk import Desk
    from operations.ports.runs import Runs
    from rules.spec import Community

_LARGEST = 256 * 2**20
_NEEDED = ("community", "at", "at_given", "current", "new", "transitions", "graces", "observations")


def read_plan(path: Path) -> dict[str, Any]:
    """A plan from the file that `trellis plan --out` wrote.

    Raises:
        Refusal: the file cannot be read, or is no plan.
    """
    again = "Write one with: trellis plan DIR --out FILE."
    try:
        if path.stat().st_size > _LARGEST:
            raise Refusal(f"{path} is too large for a plan.", again)
        content = path.read_bytes()
    except OSError as error:
        raise Refusal(f"{path} cannot be read: {error.strerror or error}.", again) from None
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError:
        raise Refusal(f"{path} is not a plan: it is no JSON.", again) from None
    if not isinstance(found, dict) or found.get("plan") != FORM or any(name not in found for name in _NEEDED):
        raise Refusal(f"{path} is not a plan.", again)
    try:
        moment_of(found)
        _ = {_key(one): (one["members"], one["who"]) for one in _groups(found)}
        _ = found["current"]["digest"], found["current"]["version"], found["new"]["digest"]
    except (KeyError, TypeError, ValueError):
        raise Refusal(f"{path} is not a plan: something in it was changed by hand.", again) from None
    return found


def moment_of(plan: Mapping[str, Any]) -> datetime:
    """As of when a plan was made."""
    at = datetime.fromisoformat(plan["at"])
    if at.tzinfo is None:
        raise ValueError("a moment without a zone")
    return at


def refuse_stale(desk: Desk, runs: Runs, new: Community, plan: Mapping[str, Any], *, at: datetime) -> None:
    """Refuse a plan that no longer says what would happen; one made for the present moment is held to `at`.

    Raises:
        Stale: with a sentence for each thing that changed since.
    """
    given = bool(plan["at_given"])
    if plan["community"] != new.id:
        raise Stale([f"The plan is for the community {plan['community']}, the specs are those of {new.id}."])
    now = preview(desk, runs, new, at=moment_of(plan) if given else at, given=given)
    changed = since(plan, now)
    if changed:
        raise Stale(changed)


class Stale(Refusal):
    """The plan no longer holds; nothing was published."""

    def __init__(self, since: Sequence[str]) -> None:
        super().__init__(f"The plan has gone stale. {since[0]}", "Look again: trellis plan DIR.")
        self.since = tuple(since)


def since(plan: Mapping[str, Any], now: Preview) -> list[str]:
    """What changed since a plan was made, a sentence each; nothing when it still holds."""
    said: list[str] = []
    if plan["new"]["digest"] != now.new:
        said.append(f"The specs were changed: {_short(now.new)} now, {_short(plan['new']['digest'])} in the plan.")
    if plan["current"]["digest"] != now.current:
        said.append(
            f"The current version is another one: {now.version} ({_short(now.current)}),"
            f" when the plan was made {plan['current']['version']} ({_short(plan['current']['digest'])})."
        )
    then = {_key(one): (one["members"], one["who"]) for one in _groups(plan)}
    today = {_key(one): (one["members"], one["who"]) for one in _groups(now.data())}
    for key in sorted(then.keys() | today.keys()):
        before, after = then.get(key, (0, "")), today.get(key, (0, ""))
        if before[0] != after[0]:
            said.append(f"{_words(key)}: {after[0]:,} members now, {before[0]:,} in the plan.")
        elif before[0] and before[1] != after[1]:
            said.append(f"{_words(key)}: {after[0]:,} members as in the plan, but not the same ones.")
    return said


def _groups(data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [one for name in ("transitions", "graces", "observations") for one in data[name] if one["members"]]


def _key(one: Mapping[str, Any]) -> tuple[str, str, str, str]:
    return (str(one["ladder"]), str(one["kind"]), one["from"] or "", one["to"] or "")


_KINDS = {"below": "grace begins", "above": "grace ends", "met": "observation begins", "unmet": "observation ends"}


def _words(key: tuple[str, str, str, str]) -> str:
    ladder, kind, from_, to = key
    if kind == "move":
        return f"{ladder} {from_ or 'none'} → {to}"
    return f"{ladder} {from_ or 'none'}, {_KINDS.get(kind, kind)}"


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:12]
