"""The inbox in PostgreSQL: one row for each thing that people are asked to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, Row, func, select, text, update

from operations.errors import Refusal
from operations.ports.inbox import Item
from operations.reminding import MISSED, next_wake
from rules.time import ClockScale
from store.runs import read_run
from store.tables.runs import work_item
from store.transaction import once, transaction

BATCH = 2_000
_LONG = timedelta(days=3650)

_PUT = text("""
    INSERT INTO work_item (community, id, asked, title, about, choices, form, run, phase, visit, workflow, opened_at,
                           due, claim_due, remind_at, escalate, scale, began_at, wake_at, details, state, fields)
    SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (
        community text, id text, asked text[], title jsonb, about text, choices text[], form text, run text,
        phase text, visit bigint, workflow text, opened_at timestamptz, due timestamptz, claim_due timestamptz,
        remind_at timestamptz[], escalate jsonb, scale text, began_at timestamptz, wake_at timestamptz, details jsonb,
        state text, fields jsonb)
    ON CONFLICT DO NOTHING RETURNING id
""")

_HEARD = text("""
    WITH item AS MATERIALIZED (
        SELECT * FROM unnest(CAST(:ids AS text[]), CAST(:runs AS text[]), CAST(:phases AS text[]),
                             CAST(:visits AS bigint[]), CAST(:abouts AS text[]), CAST(:since AS timestamptz[]))
                      AS i (id, run, phase, visit, about, since)
    ), place AS MATERIALIZED (
        SELECT DISTINCT run, phase, visit FROM item
    ), there AS MATERIALIZED (
        SELECT p.run, p.phase, p.visit, w.author AS who, min(w.at) AS at
          FROM place p JOIN work w ON (w.run, w.phase, w.visit) = (p.run, p.phase, p.visit) GROUP BY 1, 2, 3, 4
        UNION ALL
        SELECT p.run, p.phase, p.visit, unnest(ARRAY[a.by_, a.role]), a.at
          FROM place p JOIN act a ON (a.run, a.phase, a.visit, a.about) = (p.run, p.phase, p.visit, '')
    ), said AS (
        SELECT i.id, t.who, t.at FROM item i JOIN there t USING (run, phase, visit)
        UNION ALL
        SELECT i.id, unnest(ARRAY[a.by_, a.role]), a.at
          FROM item i JOIN act a ON (a.run, a.phase, a.visit, a.about) = (i.run, i.phase, i.visit, i.about)
         WHERE i.about <> '' AND a.at >= i.since AND a.verb <> 'revise'
    )
    SELECT id, who, min(at) AS at FROM said WHERE who IS NOT NULL GROUP BY id, who
""")
"""What was handed in, and what was said about nothing in particular, is looked up once for all items of a visit.
What was said about an earlier version of a work is no answer to what is asked about the next one."""
_WAKING_IN = text("""
    SELECT * FROM work_item
     WHERE run = :run AND wake_at IS NOT NULL
       AND wake_at <= coalesce(began_at + (CAST(:until AS timestamptz) - opened_at) * :real + interval '1 ms', :until)
     ORDER BY wake_at, id LIMIT :limit FOR UPDATE SKIP LOCKED
""")
_WOKEN = text("""
    UPDATE work_item i SET asked = u.asked, claimed_by = u.claimed_by, claimed_at = u.claimed_at, woken = u.woken,
                           wake_at = u.wake_at, state = u.state
      FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS u (
           community text, id text, asked text[], claimed_by text, claimed_at timestamptz, woken int,
           wake_at timestamptz, state text)
     WHERE i.community = u.community AND i.id = u.id
""")
_MISS = text("""
    UPDATE work_item i SET state = 'missed'
     WHERE i.run = :run AND i.phase = :phase AND i.visit = :visit AND i.state = 'open' AND i.escalate <> '[]'
       AND NOT EXISTS (SELECT FROM act a WHERE a.run = i.run AND a.phase = i.phase AND a.visit = i.visit
                          AND a.about IN ('', coalesce(i.about, '')) AND a.at >= i.opened_at AND a.verb <> 'revise')
       AND NOT EXISTS (SELECT FROM work w WHERE w.run = i.run AND w.phase = i.phase AND w.visit = i.visit)
    RETURNING id
""")
_NAMED = text("""
    SELECT id FROM work_item
     WHERE community = :community AND starts_with(encode(sha256(convert_to(id, 'UTF8')), 'hex'), :start)
     ORDER BY state = 'open' DESC, id LIMIT 1
""")


class SqlInbox:
    """What people are asked to do; see `operations.ports.inbox.Inbox`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def open(self, items: Sequence[Item]) -> int:
        new = 0
        with transaction(self._engine) as connection:
            for start in range(0, len(items), BATCH):
                rows = orjson.dumps([_values(item) for item in items[start : start + BATCH]]).decode()
                new += len(connection.execute(_PUT, {"rows": rows}).all())
        return new

    def item(self, community: str, id: str) -> Item | None:
        with transaction(self._engine) as connection:
            row = connection.execute(_one(community, id)).first()
            return _item(row) if row is not None else None

    def named(self, community: str, start: str) -> str | None:
        """The id of which the SHA-256 begins so; of several the one that is open. None if there is none."""
        with transaction(self._engine) as connection:
            return connection.execute(_NAMED, {"community": community, "start": start}).scalars().first()

    def find(
        self,
        community: str,
        *,
        role: str | None = None,
        member: str | None = None,
        run: str | None = None,
        state: str | None = "open",
        limit: int = 200,
    ) -> Sequence[Item]:
        found = select(work_item).where(work_item.c.community == community)
        if role is not None:
            found = found.where(work_item.c.asked.contains([role if role.startswith("role:") else f"role:{role}"]))
        if member is not None:
            found = found.where(work_item.c.asked.contains([member]))
        if run is not None:
            found = found.where(work_item.c.run == run)
        if state is not None:
            found = found.where(work_item.c.state == state)
        found = found.order_by(work_item.c.due.nulls_last(), work_item.c.id).limit(limit)
        with transaction(self._engine) as connection:
            return [_item(row) for row in connection.execute(found)]

    def claim(self, community: str, id: str, *, by: str, at: datetime) -> Item:
        with transaction(self._engine) as connection:
            item = _locked(connection, community, id)
            _still_open(item)
            _free(item, by)
            changed = (
                update(work_item)
                .where(work_item.c.community == community, work_item.c.id == id)
                .values(claimed_by=by, claimed_at=item.claimed_at or at)
                .returning(work_item)
            )
            return _item(connection.execute(changed).one())

    def complete(
        self, community: str, id: str, *, outcome: str, fields: Mapping[str, Any], by: str, at: datetime
    ) -> Item:
        with transaction(self._engine) as connection:
            item = _locked(connection, community, id)
            if item.state == "done" and (item.outcome, dict(item.fields)) == (outcome, dict(fields)):
                return item
            _still_open(item)
            _free(item, by)
            if outcome not in item.choices:
                raise Refusal(f"{outcome!r} is no outcome of {id}.", f"One of {', '.join(item.choices)}.")
            changed = (
                update(work_item)
                .where(work_item.c.community == community, work_item.c.id == id)
                .values(**_done(outcome, fields, by, at))
                .returning(work_item)
            )
            return _item(connection.execute(changed).one())

    def finish(
        self, community: str, id: str, *, outcome: str, fields: Mapping[str, Any], by: str, at: datetime
    ) -> None:
        done = (
            update(work_item)
            .where(work_item.c.community == community, work_item.c.id == id, work_item.c.state != "done")
            .values(**_done(outcome, fields, by, at))
        )
        with transaction(self._engine) as connection:
            connection.execute(done)

    def close(self, community: str, ids: Sequence[str]) -> None:
        gone = (
            update(work_item)
            .where(work_item.c.community == community, work_item.c.id == func.any(list(ids)))
            .where(work_item.c.state == "open")
            .values(state="gone", wake_at=None)
        )
        with transaction(self._engine) as connection:
            connection.execute(gone)

    # ------------------------------------------------------------------------------------------------------------ hands
    def release(self, community: str, id: str, *, by: str) -> Item:
        with transaction(self._engine) as connection:
            item = _locked(connection, community, id)
            _still_open(item)
            if item.claimed_by != by:
                raise Refusal(f"{id} is with {item.claimed_by or 'nobody'}, not with {by}.")
            return self._put(connection, item, claimed_by=None, claimed_at=None)

    def hand_over(self, community: str, id: str, *, to: str, at: datetime) -> Item:
        with transaction(self._engine) as connection:
            item = _locked(connection, community, id)
            _still_open(item)
            return self._put(connection, item, claimed_by=to, claimed_at=at)

    def _put(self, connection: Connection, item: Item, **values: Any) -> Item:
        changed = (
            update(work_item)
            .where(work_item.c.community == item.community, work_item.c.id == item.id)
            .values(**values)
            .returning(work_item)
        )
        return _item(connection.execute(changed).one())

    # ----------------------------------------------------------------------------------------------------------- waking
    def waking(self, community: str, *, until: datetime, limit: int = 500) -> Sequence[Item]:
        due = (
            select(work_item)
            .where(work_item.c.community == community, work_item.c.wake_at <= until)
            .order_by(work_item.c.wake_at, work_item.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        with transaction(self._engine) as connection:
            return [_item(row) for row in connection.execute(due)]

    def waking_in(self, run_id: str, *, until: datetime, limit: int = 500) -> Sequence[Item]:
        with transaction(self._engine) as connection:
            known = once(connection, ("run", run_id), lambda: read_run(connection, run_id))
            scale = known.scale if known is not None else None
            real = ClockScale.parse(scale).real(_LONG) / _LONG if scale is not None else 1.0
            asked = {"run": run_id, "until": until, "real": real, "limit": limit}
            return [_item(row) for row in connection.execute(_WAKING_IN, asked)]

    def missed(self, run: str, phase: str, visit: int) -> int:
        with transaction(self._engine) as connection:
            return len(connection.execute(_MISS, {"run": run, "phase": phase, "visit": visit}).all())

    def woken(self, items: Sequence[tuple[Item, datetime | None]]) -> None:
        rows = [
            {
                "community": item.community,
                "id": item.id,
                "asked": list(item.asked),
                "claimed_by": item.claimed_by,
                "claimed_at": item.claimed_at,
                "woken": item.woken,
                "wake_at": wake_at,
                "state": "gone" if item.state == MISSED and wake_at is None else item.state,
            }
            for item, wake_at in items
        ]
        with transaction(self._engine) as connection:
            if rows:
                connection.execute(_WOKEN, {"rows": orjson.dumps(rows).decode()})

    def heard(self, items: Sequence[Item]) -> Mapping[str, Mapping[str, datetime]]:
        inside = [one for one in items if one.run is not None]
        found: dict[str, dict[str, datetime]] = {}
        if not inside:
            return found
        asked = {
            "ids": [one.id for one in inside],
            "runs": [one.run for one in inside],
            "phases": [one.phase for one in inside],
            "visits": [one.visit for one in inside],
            "abouts": [one.about or "" for one in inside],
            "since": [one.opened_at for one in inside],
        }
        with transaction(self._engine) as connection:
            for row in connection.execute(_HEARD, asked):
                found.setdefault(row.id, {})[row.who] = row.at
        return found

    def asked_since(self, community: str, run: str, role: str, since: datetime) -> bool:
        asked = (
            select(work_item.c.id)
            .where(work_item.c.community == community, work_item.c.run == run, work_item.c.asked.contains([role]))
            .where(work_item.c.opened_at >= since)
        )
        with transaction(self._engine) as connection:
            return connection.execute(asked.limit(1)).first() is not None

    def loads(self, community: str) -> Mapping[str, int]:
        taken = (
            select(work_item.c.claimed_by, func.count())
            .where(work_item.c.community == community, work_item.c.state == "open", work_item.c.claimed_by.is_not(None))
            .group_by(work_item.c.claimed_by)
        )
        with transaction(self._engine) as connection:
            return {row[0]: row[1] for row in connection.execute(taken)}

    def counts(self, community: str) -> Mapping[str, int]:
        each = (
            select(func.unnest(work_item.c.asked).label("who"), work_item.c.id)
            .where(work_item.c.community == community, work_item.c.state == "open")
            .subquery()
        )
        roles = select(each.c.who, func.count()).where(each.c.who.startswith("role:")).group_by(each.c.who)
        named = select(func.count(each.c.id.distinct())).where(~each.c.who.startswith("role:"))
        with transaction(self._engine) as connection:
            found = {row[0].removeprefix("role:"): row[1] for row in connection.execute(roles)}
            people = connection.scalar(named) or 0
        return {**dict(sorted(found.items())), "people": people}


def _done(outcome: str, fields: Mapping[str, Any], by: str, at: datetime) -> dict[str, Any]:
    return {
        "state": "done",
        "outcome": outcome,
        "fields": dict(fields),
        "completed_by": by,
        "completed_at": at,
        "wake_at": None,
    }


def _one(community: str, id: str) -> Any:
    return select(work_item).where(work_item.c.community == community, work_item.c.id == id)


def _locked(connection: Connection, community: str, id: str) -> Item:
    row = connection.execute(_one(community, id).with_for_update()).first()
    if row is None:
        raise Refusal(f"There is no item {id!r} in the inbox.", "See `trellis inbox`.")
    return _item(row)


def _still_open(item: Item) -> None:
    if item.state == "done":
        raise Refusal(f"{item.id} is done already: {item.outcome}, by {item.completed_by}.")
    if item.state != "open":
        raise Refusal(f"{item.id} is not asked any more.", "Its time was up, or the run went on without it.")


def _free(item: Item, by: str) -> None:
    if item.claimed_by is not None and item.claimed_by != by:
        raise Refusal(f"{item.id} is with {item.claimed_by}.", "They have claimed it.")


def _values(item: Item) -> dict[str, Any]:
    return {
        "community": item.community,
        "id": item.id,
        "asked": list(item.asked),
        "title": dict(item.title),
        "about": item.about,
        "choices": list(item.choices),
        "form": item.form,
        "run": item.run,
        "phase": item.phase,
        "visit": item.visit,
        "workflow": item.workflow,
        "opened_at": item.opened_at,
        "due": item.due,
        "claim_due": item.claim_due,
        "remind_at": list(item.remind_at),
        "escalate": [[when.isoformat(), to] for when, to in item.escalate],
        "scale": item.scale,
        "began_at": item.began_at,
        "wake_at": next_wake(item),
        "details": dict(item.details),
        "state": item.state,
        "fields": dict(item.fields),
    }


def _item(row: Row[Any]) -> Item:
    return Item(
        community=row.community,
        id=row.id,
        asked=tuple(row.asked),
        title=row.title,
        opened_at=row.opened_at,
        due=row.due,
        about=row.about,
        choices=tuple(row.choices),
        form=row.form,
        run=row.run,
        phase=row.phase,
        visit=row.visit,
        workflow=row.workflow,
        claim_due=row.claim_due,
        remind_at=tuple(row.remind_at),
        escalate=tuple((datetime.fromisoformat(when), to) for when, to in row.escalate),
        scale=row.scale,
        began_at=row.began_at,
        woken=row.woken,
        details=row.details,
        claimed_by=row.claimed_by,
        claimed_at=row.claimed_at,
        state=row.state,
        outcome=row.outcome,
        fields=row.fields,
        completed_by=row.completed_by,
        completed_at=row.completed_at,
    )
