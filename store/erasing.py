"""Erasing: what is kept about a person, all of it; and taking it out so that decisions and books still add up.

What remains says a pseudonym that follows from nothing: decisions without their reasons, lines of ledgers, parts in
runs of others. Tables are found by reflection, so that a new one cannot be forgotten.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ARRAY, Connection, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from operations.ports.persons import FORGOTTEN
from rules.spec import Community
from store import fact_names, released
from store.numbers import number_of
from store.person_rows import of_community, tables

if TYPE_CHECKING:
    from store.facts import SqlFacts

_OWN_WAY = frozenset(
    {
        "fact", "fact_kind", "fact_arrival", "withdrawn", "metric", "chunk", "community", "subject", "decision",
        "decision_form", "decision_head", "spec_document", "spec_version", "alembic_version", "trial", "comparison",
    }
)  # fmt: skip
_GONE = {
    "member": "id = :member",
    "member_change": "member = :member",
    "account": "member = :member",
    "sighting": "member = :member",
    "standing": "member = :member",
    "observation": "member = :member",
    "notice": "member = :member",
    "candidate": "member = :member",
    "knowledge": "author = :member",
    "firing": "subject = :member",
    "verdict": "subject = :member",
}
"""Tables from which the rows of a person go as a whole."""
_IN_WORDS = "verb NOT IN ('score', 'set_day', 'attend', 'place')"
"""Marks, days and parts of teams are nobody's words; without them a phase of others could not come to its end."""
_EMPTIED = (
    "UPDATE work SET fields = '{}' WHERE community = :community AND author = :member",
    f"UPDATE act SET fields = '{{}}' WHERE starts_with(run, :community || '/') AND by_ = :member AND {_IN_WORDS}",
    f"UPDATE planned_act SET fields = '{{}}' WHERE starts_with(run, :community || '/') AND by_ = :member"
    f" AND {_IN_WORDS}",
    "UPDATE work_item SET fields = '{}' WHERE community = :community AND (completed_by = :member OR about = :member)",
    "UPDATE by_hand SET reason = '' WHERE community = :community AND member = :member",
    "UPDATE deed SET details = details - 'says' - 'fields' WHERE community = :community AND member = :member",
    "UPDATE audit_entry SET details = details - 'reason' WHERE community = :community"
    " AND (what = :member OR details ->> 'member' = :member OR details ->> 'kept' = :member"
    " OR details ->> 'other' = :member)",
    "UPDATE joining SET journal = '{}', reason = '', separated_at = coalesce(separated_at, :at)"
    " WHERE community = :community AND (kept = :member OR other = :member)",
    "UPDATE holding SET ended_at = :at WHERE community = :community AND member = :member AND ended_at IS NULL",
    "UPDATE assignment SET ended_at = :at WHERE community = :community AND member = :member AND ended_at IS NULL",
)
"""What a person has written or was told, in rows that stay."""
_SAID = frozenset(
    {
        "community", "kind", "state", "status", "verb", "ladder", "value", "list", "of", "relation", "outcome", "run",
        "parent", "team", "review", "phase", "scope", "task", "mode", "digest", "rule", "partition", "slot", "role",
    }
)  # fmt: skip
"""Columns of words, and of ids that are made without any member's: one that happens to be such a word is not meant."""
_WORDS = (("by_hand", "what"), ("privacy", "what"), ("run", "id"), ("team", "id"), ("review", "id"), ("cohort", "id"))


def held(connection: Connection, facts: SqlFacts, spec: Community, member: str) -> dict[str, Any]:
    """Everything that names a member, by table, as plain data."""
    from store.fact_columns import facts_of

    found: dict[str, Any] = {}
    for table, columns in _places():
        given = {"community": spec.id, "member": member, **_patterns(member)}
        where = f"{of_community(table)} AND ({' OR '.join(_naming(table, one) for one in columns)})"
        if table.name == "member":
            where = "community = :community AND id = :member"
        rows = list(
            connection.execute(text(f'SELECT to_jsonb(t) FROM "{table.name}" t WHERE {where}'), given).scalars()
        )
        if rows:
            found[str(table.name)] = rows
    decided = (
        "SELECT to_jsonb(d) - 'hash' FROM decision d WHERE community = :community AND subject = :member ORDER BY seq"
    )
    rows = list(connection.execute(text(decided), {"community": spec.id, "member": member}).scalars())
    if rows:
        found["decision"] = rows
    written = [
        {"kind": one.kind, "at": one.at.isoformat(), "member": one.member}
        | {"fields": {n: sorted(v) if isinstance(v, frozenset) else v for n, v in sorted(one.fields.items())}}
        for id_, frame in fact_names.naming(facts, connection, member).items()
        for one in facts_of(frame, id_)
        if one.member == member or any(fact_names.token(member).search(str(v)) for v in one.fields.values())
    ]
    found["fact"] = sorted(written, key=lambda row: (str(row["at"]), str(row["kind"])))
    return found


def pseudonym_of() -> str:
    """A name for somebody who is not to be known any more; it follows from nothing."""
    return f"{FORGOTTEN}{secrets.token_hex(6)}"


def erase(
    connection: Connection, facts: SqlFacts, spec: Community, member: str, pseudonym: str, at: datetime
) -> dict[str, Any]:
    """Take a person out of everything but the decisions; counts by table."""
    given = {"community": spec.id, "member": member, "pseudonym": pseudonym, "at": at}
    pattern, put_in_json = fact_names.token(member), f'"{pseudonym}"' if fact_names.is_bare(member) else pseudonym

    def swap(written: str) -> str:
        return pattern.sub(pseudonym, written)

    released.release(connection, spec, member, at)
    counts: dict[str, Any] = {"facts": _facts_gone(connection, facts, spec, member, at)}
    counts["facts_of_others"] = fact_names.rewrite(facts, connection, member, swap)
    for query in _EMPTIED:
        connection.execute(text(query), given)
    for name, where in _GONE.items():
        done = connection.execute(text(f'DELETE FROM "{name}" WHERE community = :community AND {where}'), given)
        counts[name] = done.rowcount
    for table, columns in _places():
        for column in columns:
            _renamed(connection, table, column, {**given, **_patterns(member), "put_in_json": put_in_json})
    connection.execute(
        text(
            "UPDATE subject SET id = regexp_replace(id, :pattern, :pseudonym, 'g')"
            " WHERE community = :number AND strpos(id, :member) > 0 AND id ~ :pattern"
            " AND NOT EXISTS (SELECT FROM subject o WHERE o.community = subject.community AND o.kind = subject.kind"
            " AND o.id = regexp_replace(subject.id, :pattern, :pseudonym, 'g'))"
        ),
        {**given, "pattern": pattern.pattern, "number": number_of(connection, spec.id)},
    )
    connection.execute(
        text("DELETE FROM subject WHERE community = :number AND strpos(id, :member) > 0 AND id ~ :pattern"),
        {**given, "pattern": pattern.pattern, "number": number_of(connection, spec.id)},
    )
    return counts


def _facts_gone(connection: Connection, facts: SqlFacts, spec: Community, member: str, at: datetime) -> int:
    keys = connection.execute(
        text(
            "SELECT replace(f.id::text, '-', '') FROM fact f JOIN subject s ON s.key = f.member"
            " WHERE f.community = :number AND s.community = :number AND s.kind = 'member' AND s.id = :member"
        ),
        {"number": number_of(connection, spec.id), "member": member},
    ).scalars()
    return facts.withdraw([f"={key}" for key in keys], reason="erased", at=at)


def _places() -> Iterator[tuple[Table, list[Any]]]:
    """Where somebody may be named: tables with their columns of text, lists and JSON."""
    for table in tables():
        if table.name in _OWN_WAY or of_community(table) is None:
            continue
        columns = [
            one for one in table.c if one.name not in _SAID and (table.name, one.name) not in _WORDS and _is_text(one)
        ]
        if columns:
            yield table, columns


def _is_text(column: Any) -> bool:
    return isinstance(column.type, Text | JSONB) or (
        isinstance(column.type, ARRAY) and isinstance(column.type.item_type, Text)
    )


def _patterns(member: str) -> dict[str, str]:
    """What finds a name in a text, and in the text of a JSON document: a number there is nobody, a string may be."""
    pattern = fact_names.token(member).pattern
    return {"pattern": pattern, "pattern_in_json": f'"{member}"' if fact_names.is_bare(member) else pattern}


def _naming(table: Table, column: Any) -> str:
    name = f'"{column.name}"'
    if isinstance(column.type, ARRAY):
        return f"EXISTS (SELECT FROM unnest({name}) x WHERE strpos(x, :member) > 0 AND x ~ :pattern)"
    if isinstance(column.type, JSONB):
        return f"(strpos({name}::text, :member) > 0 AND {name}::text ~ :pattern_in_json)"
    return f"(strpos({name}, :member) > 0 AND {name} ~ :pattern)"


def _renamed(connection: Connection, table: Table, column: Any, given: Mapping[str, Any]) -> None:
    name = f'"{column.name}"'
    swapped = "regexp_replace({}, :pattern, :pseudonym, 'g')"
    if isinstance(column.type, ARRAY):
        one = swapped.format("x")
        value = f"ARRAY(SELECT {one} FROM unnest({name}) WITH ORDINALITY AS u (x, n) ORDER BY n)"
    elif isinstance(column.type, JSONB):
        value = f"CAST(regexp_replace({name}::text, :pattern_in_json, :put_in_json, 'g') AS jsonb)"
    else:
        value = swapped.format(name)
    where = f"{of_community(table)} AND {_naming(table, column)}"
    connection.execute(text(f'UPDATE "{table.name}" SET {name} = {value} WHERE {where}'), given)
