"""Renaming: tiers, stages, titles, rules and transitions that have another name now keep everything they had."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, text

from operations.ports.standings import LIFECYCLE, Renames

_PLACES = (
    """UPDATE standing SET at = CASE WHEN at = :old THEN :new ELSE at END,
         waiting_for = CASE WHEN waiting_for = :old THEN :new ELSE waiting_for END,
         held = array_replace(held, :old, :new)
       WHERE community = :community AND ladder = :ladder
         AND (at = :old OR waiting_for = :old OR :old = ANY (held))""",
    """UPDATE membership SET from_at = CASE WHEN from_at = :old THEN :new ELSE from_at END,
         to_at = CASE WHEN to_at = :old THEN :new ELSE to_at END
       WHERE community = :community AND ladder = :ladder AND :old IN (from_at, to_at)""",
    """UPDATE member_change SET before = CASE WHEN before = to_jsonb(:old) THEN to_jsonb(:new) ELSE before END,
         after = CASE WHEN after = to_jsonb(:old) THEN to_jsonb(:new) ELSE after END
       WHERE community = :community AND split_part(name, '@', 1) = :attribute
         AND to_jsonb(:old) IN (before, after)""",
)
_TIERS = (
    "UPDATE observation SET target = :new WHERE community = :community AND ladder = :ladder AND target = :old",
    "UPDATE candidate SET of = :new WHERE community = :community AND list = 'tier' AND of = :old",
)
_TITLES = (
    "UPDATE holding SET item = :new WHERE community = :community AND kind = 'title' AND item = :old",
    "UPDATE candidate SET of = :new WHERE community = :community AND list = 'title' AND of = :old",
)
_RULES = (
    """UPDATE firing f SET rule = :new || substr(rule, length(:old) + 1)
       WHERE community = :community AND split_part(rule, '@', 1) = :old AND NOT EXISTS (
         SELECT FROM firing g WHERE g.community = f.community AND g.subject = f.subject
            AND g.rule = :new || substr(f.rule, length(:old) + 1))""",
)
_WAYS = (
    "UPDATE observation SET target = :new WHERE community = :community AND ladder = 'lifecycle' AND target = :old",
    "UPDATE membership SET transition = :new WHERE community = :community AND transition = :old",
)


def rename(connection: Connection, community: str, renames: Renames) -> None:
    """Give everything that is remembered under an old name the new one; done twice it is done once."""
    for ladder, names in renames.places.items():
        attribute = "stage" if ladder == LIFECYCLE else ladder
        _run(connection, community, _PLACES, names, ladder=ladder, attribute=attribute)
        if ladder != LIFECYCLE:
            _run(connection, community, _TIERS, names, ladder=ladder)
    _run(connection, community, _TITLES, renames.titles)
    _run(connection, community, _RULES, renames.rules)
    _run(connection, community, _WAYS, renames.ways)


def _run(
    connection: Connection, community: str, statements: tuple[str, ...], names: Mapping[str, str], **more: str
) -> None:
    for old, new in names.items():
        for statement in statements:
            typed = statement.replace(":old", "CAST(:old AS text)").replace(":new", "CAST(:new AS text)")
            connection.execute(text(typed), {"community": community, "old": old, "new": new, **more})
