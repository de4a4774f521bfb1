"""Facts in PostgreSQL: taken in once, with the cells of the metrics they feed in the same transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime

import polars as pl
from psycopg.errors import UniqueViolation
from sqlalchemy import Connection, Engine, func, select, text
from sqlalchemy.dialects.postgresql import insert

from operations.errors import Refusal
from operations.ports.facts import Recorded
from operations.ports.specs import Specs
from rules.counted import fact_kinds, reads_suspect
from rules.fact import Fact, FactKind, key_digits
from rules.metric import MetricFromFacts
from rules.spec import Community
from store import chunks, fact_rows, few_facts, joined, suspicion
from store.arrivals import arrived
from store.cells import cells_of
from store.fact_columns import facts_of, slots_of, stored, typed, unstored
from store.metric_register import doubt_since, maintained, numbered
from store.numbers import KindNumber, kinds_of, number_kinds, number_of, number_subjects, shared, subjects_of
from store.past import Past
from store.tables.facts import fact, withdrawn
from store.tables.members import member as member_table
from store.tables.members import subject
from store.transaction import transaction

_MOMENTS = text("""
    SELECT f.at
      FROM community c
      JOIN fact_kind k ON k.community = c.key AND k.id = :kind
      JOIN subject s ON s.community = c.key AND s.kind = 'member' AND s.id = :member
      JOIN fact f ON f.community = c.key AND f.kind = k.key AND f.member = s.key
     WHERE c.id = :community AND f.at > :after AND f.at <= :until
     ORDER BY f.at
""")
_MOVES = ("moved_tier", "moved_stage")
_TRIES = 5
"""How often a batch is looked at again because somebody else has just recorded a fact of it."""


class SqlFacts:
    """The port `Facts`.

    Args:
        specs: tells whose metrics are kept: those of the current spec, whatever spec the caller holds.
        community: the spec whose kinds of facts are taken in.
    """

    def __init__(self, engine: Engine, specs: Specs, community: Community) -> None:
        self._engine = engine
        self._specs = specs
        self._community = community

    @property
    def community(self) -> Community:
        """The spec whose kinds of facts are taken in."""
        return self._community

    def kinds(self) -> Mapping[str, FactKind]:
        """All kinds of facts that can be read: of this spec and of the current one."""
        return {**fact_kinds(self._community), **fact_kinds(self._current())}

    def record(self, facts: Sequence[Fact]) -> Recorded:
        if not facts:
            return Recorded()
        with transaction(self._engine) as connection:
            if len(facts) <= few_facts.FEW:
                number = shared(connection, self._community.id)
                taken = few_facts.record(connection, number, self._community, self._current(), facts)
                if taken is not None:
                    return taken
            return self.record_columns(typed(facts, fact_kinds(self._community)))

    def record_columns(self, kinds: dict[str, pl.DataFrame], *, redirected: bool = False) -> Recorded:
        """See `operations.ports.facts.Facts`; what names somebody who was joined to another means that one.

        Args:
            redirected: it does so already.
        """
        frames = {id_: frame for id_, frame in kinds.items() if frame.height}
        if not frames:
            return Recorded()
        with transaction(self._engine) as connection:
            number = shared(connection, self._community.id)
            known = self.kinds() if redirected else fact_kinds(self._community)
            if not redirected:
                frames = joined.redirect(connection, self._community.id, known, frames)
            self._alone_if_suspected(connection, number, frames)
            wanted = {id_: slots_of(frame, known[id_]) for id_, frame in frames.items()}
            numbers = number_kinds(connection, number, wanted)
            rows = _latest_of_each(self._rows(connection, number, frames, numbers, known))
            for left in reversed(range(_TRIES)):
                try:
                    with connection.begin_nested():
                        return self._take(connection, number, frames, numbers, rows)
                except UniqueViolation:
                    if not left:
                        raise
            raise AssertionError

    def withdraw(self, ids: Collection[str], *, reason: str, at: datetime) -> int:
        keys = sorted({key_digits(id_) for id_ in ids})
        if not keys:
            return 0
        with transaction(self._engine) as connection:
            number = shared(connection, self._community.id)
            rows = fact_rows.held(connection, number, keys)
            if rows.height:
                self._alone_if_suspected(connection, number, fact_kinds(self._current()))
                self._count_off(connection, number, rows)
                fact_rows.remove(connection, number, rows["id"].to_list())
                self._mark(connection, number, rows)
            values = [{"community": number, "id": key, "at": at, "reason": reason} for key in keys]
            connection.execute(insert(withdrawn).on_conflict_do_nothing(), values)
            return rows.height

    def find(
        self, *, member: str | None = None, kinds: Collection[str] | None = None, limit: int = 100
    ) -> Sequence[Fact]:
        with transaction(self._engine) as connection:
            number = number_of(connection, self._community.id)
            numbers = kinds_of(connection, number)
            wanted = [n.key for id_, n in numbers.items() if kinds is None or id_ in kinds]
            query = select(fact.c.id).where(fact.c.community == number, fact.c.kind.in_(wanted))
            if member is not None:
                found = subjects_of(connection, number, "member", [member])
                if not found.height:
                    return []
                query = query.where(fact.c.member == found["key"].item())
            keys = connection.execute(query.order_by(fact.c.at.desc(), fact.c.id).limit(limit)).scalars()
            rows = fact_rows.known(connection, number, [key.hex for key in keys])
            facts = [f for id_, frame in self.typed(connection, number, rows).items() for f in facts_of(frame, id_)]
            return sorted(facts, key=lambda f: (f.at, f.id), reverse=True)

    def moments(self, member: str, kind: str, *, after: datetime, until: datetime) -> Sequence[datetime]:
        asked = {"community": self._community.id, "member": member, "kind": kind, "after": after, "until": until}
        with transaction(self._engine) as connection:
            return list(connection.execute(_MOMENTS, asked).scalars())

    def any_by(self, at: datetime | None) -> bool:
        with transaction(self._engine) as connection:
            query = select(fact.c.id).where(fact.c.community == number_of(connection, self._community.id))
            if at is not None:
                query = query.where(fact.c.at <= at)
            return connection.execute(query.limit(1)).first() is not None

    def strangers(self) -> int:
        with transaction(self._engine) as connection:
            known = select(member_table.c.id).where(member_table.c.community == self._community.id)
            query = select(func.count()).where(
                subject.c.community == number_of(connection, self._community.id),
                subject.c.kind == "member",
                subject.c.id.not_in(known),
            )
            return int(connection.execute(query).scalar_one())

    def count(self) -> int:
        with transaction(self._engine) as connection:
            number = number_of(connection, self._community.id)
            query = select(func.count()).select_from(fact).where(fact.c.community == number)
            return int(connection.execute(query).scalar_one())

    def _rows(
        self,
        connection: Connection,
        number: int,
        frames: Mapping[str, pl.DataFrame],
        numbers: Mapping[str, KindNumber],
        kinds: Mapping[str, FactKind],
    ) -> pl.DataFrame:
        """Typed frames as rows of the table, in the order given."""
        parts = []
        for id_, frame in frames.items():
            fields = stored(frame, numbers[id_].slots, kinds[id_])
            head = frame.select("place", "id", "at", "recorded_at", "member")
            parts.append(head.with_columns(pl.lit(numbers[id_].key, dtype=pl.Int16).alias("kind"), fields))
        rows = pl.concat(parts).sort("place")
        members = rows["member"].drop_nulls().unique().to_list()
        keys = number_subjects(connection, number, "member", members)
        named = rows.join(keys, left_on="member", right_on="id", how="left", maintain_order="left")
        return named.with_columns(pl.col("key").alias("member")).select(*fact_rows.ROWS)

    def _take(
        self,
        connection: Connection,
        number: int,
        frames: Mapping[str, pl.DataFrame],
        numbers: Mapping[str, KindNumber],
        rows: pl.DataFrame,
    ) -> Recorded:
        given = sum(frame.height for frame in frames.values())
        ids = rows["id"].to_list()
        present = fact_rows.known(connection, number, ids)
        changed, before = _changes(rows, present)
        if changed.height:
            locked = fact_rows.held(connection, number, changed["id"].to_list())
            changed, before = _changes(changed, locked)
        new = rows.join(present.select("id"), on="id", how="anti", maintain_order="left")
        gone = fact_rows.withdrawn(connection, number, new["id"].to_list())
        if gone:
            new = new.filter(~pl.col("id").is_in(sorted(gone)))
        if new.height:
            fact_rows.write(connection, number, new)
        if changed.height:
            fact_rows.replace(connection, number, changed)
            self._count_off(connection, number, before)
        self._doubt_moves(connection, frames)
        taken = pl.concat([new.select("id", "kind"), changed.select("id", "kind")])
        if taken.height:
            self._count(connection, number, _only(frames, numbers, taken), sign=1)
            self._mark(connection, number, pl.concat([part.select(*fact_rows.ROWS) for part in (new, changed, before)]))
            arrived(connection, self._current())
        return Recorded(new.height, given - new.height - changed.height, changed.height)

    def _doubt_moves(self, connection: Connection, frames: Mapping[str, pl.DataFrame]) -> None:
        """Whoever moved stands elsewhere since: what was read through them for later facts is read again."""
        moves = {id_: frames[id_] for id_ in _MOVES if id_ in frames}
        current = self._current()
        for id_, frame in moves.items():
            since = frame["at"].min()
            assert isinstance(since, datetime)
            names = list(current.ladders) if id_ == "moved_tier" else ["stage"]
            doubt_since(connection, current, names, since)

    def _alone_if_suspected(self, connection: Connection, number: int, kinds: Iterable[str]) -> None:
        """Whoever records what may be suspect waits for others who do, so that mirror images see each other."""
        known = fact_kinds(self._current())
        if any(id_ in known and known[id_].suspicion is not None for id_ in kinds):
            suspicion.lock(connection, number)

    def _mark(self, connection: Connection, number: int, touched: pl.DataFrame) -> None:
        """Find what is suspect now that these rows came or went, and count it otherwise than before."""
        known, numbers = fact_kinds(self._current()), kinds_of(connection, number)
        for id_ in sorted(numbers.keys() & known.keys()):
            part = touched.filter(pl.col("kind") == numbers[id_].key)
            if known[id_].suspicion is None or not part.height:
                continue
            before = suspicion.flipped(connection, number, known[id_], numbers[id_], part)
            if before.height:
                after = before.with_columns((1 - pl.col("suspect")).cast(pl.Int8).alias("suspect"))
                for rows, sign in ((before, -1), (after, 1)):
                    self._count(connection, number, self.typed(connection, number, rows), sign, reads_suspect)

    def _count_off(self, connection: Connection, number: int, rows: pl.DataFrame) -> None:
        self._count(connection, number, self.typed(connection, number, rows), sign=-1)

    def _count(
        self,
        connection: Connection,
        number: int,
        frames: Mapping[str, pl.DataFrame],
        sign: int,
        which: Callable[[MetricFromFacts], bool] = lambda _: True,
    ) -> None:
        current = self._current()
        metrics = maintained(connection, current)
        touched = {
            key: metric
            for key, metric in metrics.items()
            if not frames.keys().isdisjoint(metric.kinds) and which(metric)
        }
        found = cells_of(touched, frames, current.zone, Past(connection, current), sign)
        if found:
            chunks.append(connection, number, numbered(connection, number, found))

    def typed(self, connection: Connection, number: int, rows: pl.DataFrame) -> dict[str, pl.DataFrame]:
        """Rows of the table as typed frames by kind."""
        known = self.kinds()
        names = fact_rows.names_in(connection, number, rows)
        return {
            id_: unstored(fact_rows.named(part, names), kind, known[id_])
            for id_, kind in kinds_of(connection, number).items()
            if id_ in known and (part := rows.filter(pl.col("kind") == kind.key)).height
        }

    def _current(self) -> Community:
        try:
            return self._specs.current(self._community.id)
        except Refusal:
            return self._community


def _latest_of_each(rows: pl.DataFrame) -> pl.DataFrame:
    """One row for each id: of several versions the one recorded last, else the one that came last."""
    if rows["id"].n_unique() == rows.height:
        return rows
    return rows.sort("recorded_at", nulls_last=False, maintain_order=True).unique(
        "id", keep="last", maintain_order=True
    )


def _changes(rows: pl.DataFrame, present: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows whose content differs from what is there and is not older, and what is there under their ids."""
    if not present.height:
        return rows.clear(), present
    both = rows.join(present, on="id", how="inner", suffix="_was")
    differs = pl.any_horizontal(pl.col(c).ne_missing(pl.col(f"{c}_was")) for c in ("at", "member", "kind", "fields"))
    older = pl.col("recorded_at_was").is_not_null() & (
        pl.col("recorded_at").is_null() | (pl.col("recorded_at") < pl.col("recorded_at_was"))
    )
    changed = both.filter(differs & ~older).select("id")
    return rows.join(changed, on="id", how="semi"), present.join(changed, on="id", how="semi")


def _only(
    frames: Mapping[str, pl.DataFrame], numbers: Mapping[str, KindNumber], taken: pl.DataFrame
) -> dict[str, pl.DataFrame]:
    """The facts that were taken in, each once and in its latest version."""
    return {
        id_: _latest_of_each(
            frame.join(taken.filter(pl.col("kind") == numbers[id_].key), on="id", how="semi", maintain_order="left")
        )
        for id_, frame in frames.items()
    }
