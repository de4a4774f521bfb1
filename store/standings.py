"""Standings in PostgreSQL: a row for whoever has moved or is about to; everybody else is in the lowest tier."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import polars as pl
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    Engine,
    Table,
    Text,
    bindparam,
    func,
    select,
    text,
    union_all,
)
from sqlalchemy.dialects.postgresql import insert

from operations.errors import Refusal
from operations.ports.standings import LIFECYCLE, ByHand, Change, First, Place, Standing
from store.bulk import as_rows
from store.hands import acts_of, write_down
from store.standing_frame import standing_frame
from store.standing_reader import Reader
from store.standing_rows import StandingRows, read_rows
from store.standing_sizes import anybody_came_since, sizes_now, sizes_of
from store.tables.members import member
from store.tables.standings import observation, standing
from store.transaction import transaction

if TYPE_CHECKING:
    from rules.spec import Community

_CHANGES = """json_to_recordset(CAST(:changes AS json)) AS u (ladder text, value text, member text, was text,
    goes_to text, moment timestamptz, ends timestamptz, digest text, how text, number int)"""
_ENSURE = text(f"""
    INSERT INTO standing (community, ladder, value, member, at, since, held)
    SELECT :community, u.ladder, u.value, u.member, u.was, CASE WHEN u.was IS NULL THEN NULL ELSE m.joined END,
           CASE WHEN u.was IS NULL THEN CAST('{{}}' AS text[]) ELSE ARRAY[u.was] END
    FROM {_CHANGES} LEFT JOIN member m ON m.community = :community AND m.id = u.member
    ON CONFLICT DO NOTHING
""")

_SETS: Mapping[str, tuple[str, str]] = {
    "move": (
        """at = u.goes_to, since = u.moment, moved_at = u.moment, last_move = u.how,
           below_since = NULL, below_until = NULL, below_digest = NULL, waiting_for = NULL,
           held = CASE WHEN u.goes_to = ANY (s.held) THEN s.held ELSE s.held || u.goes_to END""",
        "s.at IS NOT DISTINCT FROM u.was AND (NOT s.pinned OR s.pinned_until <= u.moment OR u.how = 'by_hand')",
    ),
    "below": (
        "below_since = u.moment, below_until = u.ends, below_digest = u.digest",
        "s.at IS NOT DISTINCT FROM u.was AND s.below_since IS NULL",
    ),
    "above": ("below_since = NULL, below_until = NULL, below_digest = NULL", "s.below_since IS NOT NULL"),
    "wait": ("waiting_for = u.goes_to", "s.at IS NOT DISTINCT FROM u.was AND s.waiting_for IS NULL"),
    "wait_over": ("waiting_for = NULL", "s.waiting_for IS NOT NULL"),
    "exempt": ("exempt = true", "NOT s.exempt"),
    "liable": ("exempt = false", "s.exempt"),
}
_SAME = "s.community = :community AND s.ladder = u.ladder AND s.value = u.value AND s.member = u.member"
_UPDATE = f"UPDATE standing s SET {{sets}} FROM {_CHANGES} WHERE {_SAME} AND {{where}} RETURNING u.number"
_REMEMBER = text(f"""
    INSERT INTO member_change (community, member, name, at, before, after)
    SELECT :community, u.member,
           CASE WHEN u.ladder = '{LIFECYCLE}' THEN 'stage' WHEN u.value = '' THEN u.ladder
                ELSE u.ladder || '@' || u.value END,
           u.moment, to_jsonb(u.was), to_jsonb(u.goes_to)
    FROM {_CHANGES}
    ON CONFLICT (community, member, name, at) DO UPDATE SET after = excluded.after
""")
_MOVED_ON = text(f"DELETE FROM observation s USING {_CHANGES} WHERE {_SAME}")
_UNMET = text(f"DELETE FROM observation s USING {_CHANGES} WHERE {_SAME} AND s.target = u.goes_to RETURNING u.number")
_MET = text(f"""
    INSERT INTO observation (community, ladder, value, target, member, since)
    SELECT :community, u.ladder, u.value, u.goes_to, u.member, u.moment FROM {_CHANGES}
    ON CONFLICT DO NOTHING
    RETURNING ladder, value, member, target
""")


_STANDS = select(standing.c.ladder, standing.c.at).where(
    standing.c.community == bindparam("of"), standing.c.member == bindparam("who"), standing.c.value == ""
)
_CHANGED_SINCE = (
    select(standing.c.member)
    .where(
        standing.c.community == bindparam("of"),
        (standing.c.moved_at > bindparam("then")) | (standing.c.below_since > bindparam("then")),
    )
    .distinct()
)
_OF_THESE = _CHANGED_SINCE.where(standing.c.member == func.any(bindparam("who", type_=ARRAY(Text))))


class SqlStandings:
    """The port `Standings`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin(self, community: str, firsts: Sequence[First], *, at: datetime) -> int:
        if not firsts:
            return 0
        with transaction(self._engine) as connection:
            joined = {
                row.id: row.joined
                for row in connection.execute(
                    select(member.c.id, member.c.joined).where(
                        member.c.community == community, member.c.id == func.any([f.place.member for f in firsts])
                    )
                )
            }
            rows = [
                {
                    "community": community,
                    "ladder": first.place.ladder,
                    "value": first.place.value,
                    "member": first.place.member,
                    "at": first.at,
                    "since": first.since or joined.get(first.place.member) or at,
                    "held": [first.at],
                }
                for first in firsts
            ]
            known = insert(standing).on_conflict_do_nothing().returning(standing.c.member)
            return len(connection.execute(known, rows).all())

    def of(self, community: str, member: str) -> Sequence[Standing]:
        return self._read(community, standing.c.member == member, observation.c.member == member)

    def stands(self, community: str, member: str) -> Mapping[str, str | None]:
        with transaction(self._engine) as connection:
            return {row.ladder: row.at for row in connection.execute(_STANDS, {"of": community, "who": member})}

    def one(self, community: str, place: Place) -> Standing | None:
        def here(table: Table) -> ColumnElement[bool]:
            c = table.c
            return (c.ladder == place.ladder) & (c.value == place.value) & (c.member == place.member)

        return next(iter(self._read(community, here(standing), here(observation))), None)

    def _read(self, community: str, which: ColumnElement[bool], watched: ColumnElement[bool]) -> list[Standing]:
        with transaction(self._engine) as connection:
            rows = connection.execute(
                select(standing)
                .where(standing.c.community == community, which)
                .order_by(standing.c.ladder, standing.c.value)
            ).all()
            met: dict[tuple[str, str], dict[str, datetime]] = {}
            for row in connection.execute(select(observation).where(observation.c.community == community, watched)):
                met.setdefault((row.ladder, row.value), {})[row.target] = row.since
        return [_standing(row, met.get((row.ladder, row.value), {})) for row in rows]

    def frame(
        self,
        community: Community,
        at: datetime,
        *,
        ladder: str | None = None,
        value: str = "",
        subjects: Collection[str] | None = None,
        then: bool = False,
        without: Collection[str] = (),
    ) -> pl.DataFrame:
        with transaction(self._engine) as connection:
            return standing_frame(
                connection, community, at, ladder=ladder, value=value, subjects=subjects, then=then, without=without
            )

    def as_of(self, community: Community, at: datetime, *, subjects: Collection[str] | None = None) -> pl.DataFrame:
        with transaction(self._engine) as connection:
            now = self.frame(community, at, subjects=subjects)
            changed = self._changed_since(connection, community.id, at, subjects)
            if not changed:
                return now
            then = self.frame(community, at, subjects=changed, then=True)
        others = now.filter(~now["subject"].is_in(changed))
        return pl.concat([others, then.select(now.columns)], how="vertical_relaxed")

    def _changed_since(
        self, connection: Connection, community: str, at: datetime, subjects: Collection[str] | None = None
    ) -> list[str]:
        """Who has moved, or begun a grace, since."""
        asked: dict[str, Any] = {"of": community, "then": at}
        if subjects is None:
            return list(connection.execute(_CHANGED_SINCE, asked).scalars())
        return list(connection.execute(_OF_THESE, {**asked, "who": list(subjects)}).scalars())

    def snapshot(self, community: str, at: datetime, everybody: Callable[[], pl.DataFrame]) -> StandingRows:
        with transaction(self._engine) as connection:
            return read_rows(connection, community, at, everybody)

    def counts(self, community: str, ladder: str, value: str = "") -> Mapping[str, int]:
        here = (standing.c.community == community, standing.c.ladder == ladder, standing.c.value == value)
        seats = union_all(
            select(standing.c.at.label("tier")).where(*here, ~standing.c.exempt, standing.c.at.is_not(None)),
            select(standing.c.waiting_for.label("tier")).where(*here, standing.c.waiting_for.is_not(None)),
        ).subquery()
        with transaction(self._engine) as connection:
            return {
                row[0]: row[1] for row in connection.execute(select(seats.c.tier, func.count()).group_by(seats.c.tier))
            }

    def sizes(self, community: Community, at: datetime | None = None) -> Mapping[str, Mapping[str, int]]:
        with transaction(self._engine) as connection:
            if at is None or not (
                anybody_came_since(connection, community.id, at) or self._changed_since(connection, community.id, at)
            ):
                return sizes_now(connection, community)
            everybody = Reader(connection, community.id, None).members()
            return sizes_of(community, self.as_of(community, at), everybody, at)

    def change(self, community: str, changes: Sequence[Change]) -> Sequence[Change]:
        done: list[Change] = []
        with transaction(self._engine) as connection:
            kinds = {change.kind: None for change in changes}
            for kind in kinds:
                of_kind = [change for change in changes if change.kind == kind]
                done.extend(_CHANGING.get(kind, _update)(connection, community, of_kind))
        return done

    def pin(
        self,
        community: str,
        place: Place,
        *,
        to: str | None,
        by: str,
        reason: str,
        at: datetime,
        until: datetime | None = None,
    ) -> ByHand:
        if not reason.strip():
            raise Refusal("A pin needs a reason.", "Say why the standing must not move.")
        with transaction(self._engine) as connection:
            was = self._moved_by_hand(connection, community, place, to, at)
            held = {"pinned": True, "pinned_by": by, "pin_reason": reason, "pinned_until": until}
            connection.execute(_at(community, place).values(**held))
            return write_down(
                connection, community, "pin", place, at=at, from_=was, to=to or was, by=by, reason=reason, until=until
            )

    def unpin(self, community: str, place: Place, *, by: str, at: datetime, reason: str = "") -> ByHand | None:
        free = {"pinned": False, "pinned_by": by, "pin_reason": None, "pinned_until": None}
        with transaction(self._engine) as connection:
            pinned = _at(community, place).where(standing.c.pinned).values(**free).returning(standing.c.at)
            row = connection.execute(pinned).one_or_none()
            if row is None:
                return None
            return write_down(
                connection, community, "unpin", place, at=at, from_=row.at, to=row.at, by=by, reason=reason
            )

    def put(self, community: str, place: Place, *, to: str, by: str, reason: str, at: datetime) -> ByHand:
        if not reason.strip():
            raise Refusal("A move by hand needs a reason.", "Say why the rules do not decide here.")
        with transaction(self._engine) as connection:
            was = self._moved_by_hand(connection, community, place, to, at)
            return write_down(connection, community, "move", place, at=at, from_=was, to=to, by=by, reason=reason)

    def by_hand(self, community: str, member: str) -> Sequence[ByHand]:
        with transaction(self._engine) as connection:
            return acts_of(connection, community, member)

    def _moved_by_hand(
        self, connection: Connection, community: str, place: Place, to: str | None, at: datetime
    ) -> str | None:
        """Where it stood before it was moved by hand, if it was."""
        held = self.one(community, place)
        was = held.at if held else None
        first = Change(kind="pin", place=place, at=at, from_=was or to)
        connection.execute(_ENSURE, {"community": community, "changes": _rows([first])})
        if to is not None and to != was:
            self.change(community, [Change(kind="move", place=place, at=at, to=to, from_=was or to, how="by_hand")])
        return was

    def waiting(self, community: str) -> int:
        with transaction(self._engine) as connection:
            return connection.execute(
                select(func.count())
                .select_from(standing)
                .where(standing.c.community == community, standing.c.waiting_for.is_not(None))
            ).scalar_one()


def _update(connection: Connection, community: str, changes: Sequence[Change]) -> list[Change]:
    kind, given = changes[0].kind, {"community": community, "changes": _rows(changes)}
    if kind in ("move", "below", "wait", "exempt"):
        connection.execute(_ENSURE, given)
    sets, where = _SETS[kind]
    done = _numbered(changes, connection.execute(text(_UPDATE.format(sets=sets, where=where)), given))
    if kind == "move" and done:
        given = {"community": community, "changes": _rows(done)}
        connection.execute(_MOVED_ON, given)
        connection.execute(_REMEMBER, given)  # so that a later look at an earlier fact knows who stood where then
    return done


def _met(connection: Connection, community: str, changes: Sequence[Change]) -> list[Change]:
    rows = connection.execute(_MET, {"community": community, "changes": _rows(changes)})
    new = {tuple(row) for row in rows}
    return [c for c in changes if (c.place.ladder, c.place.value, c.place.member, c.to) in new]


def _unmet(connection: Connection, community: str, changes: Sequence[Change]) -> list[Change]:
    return _numbered(changes, connection.execute(_UNMET, {"community": community, "changes": _rows(changes)}))


def _numbered(changes: Sequence[Change], rows: Iterable[Any]) -> list[Change]:
    return [changes[number] for number in sorted(row.number for row in rows)]


_CHANGING: Mapping[str, Any] = {"met": _met, "unmet": _unmet}


def _at(community: str, place: Place) -> Any:
    return standing.update().where(
        standing.c.community == community,
        standing.c.ladder == place.ladder,
        standing.c.value == place.value,
        standing.c.member == place.member,
    )


def _rows(changes: Sequence[Change]) -> str:
    return as_rows(
        [
            {
                "ladder": change.place.ladder,
                "value": change.place.value,
                "member": change.place.member,
                "was": change.from_,
                "goes_to": change.to,
                "moment": change.at,
                "ends": change.until,
                "digest": change.digest,
                "how": change.how,
                "number": number,
            }
            for number, change in enumerate(changes)
        ]
    )


def _standing(row: Any, met: Mapping[str, datetime]) -> Standing:
    return Standing(
        place=Place(member=row.member, ladder=row.ladder, value=row.value),
        at=row.at,
        since=row.since,
        moved_at=row.moved_at,
        last_move=row.last_move,
        pinned=row.pinned,
        pinned_by=row.pinned_by,
        pin_reason=row.pin_reason,
        pinned_until=row.pinned_until,
        below_since=row.below_since,
        below_until=row.below_until,
        below_digest=row.below_digest,
        met=met,
        waiting_for=row.waiting_for,
        exempt=row.exempt,
        held=tuple(row.held),
    )
