"""Decisions in PostgreSQL: compact rows, each chained by hash to the one before, appended by COPY."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, func, select, update
from sqlalchemy.dialects.postgresql import insert

from operations.ports.decisions import ERASED, Break, Recorded, Tally, Verified, Wanted
from rules.decision import FIRST, Decision, Reason
from rules.spec import Community
from store.tables.decisions import decision, decision_form, decision_head
from store.transaction import snapshot, transaction

_READ = 5_000  # rows fetched at a time when the whole log is read
_COLUMNS = (
    "community", "seq", "review", "subject", "rule", "outcome", "from_at", "to_at", "at", "digest", "form", "read",
    "because", "hash",
)  # fmt: skip
_TYPES = ["text", "int8", *["text"] * 6, "timestamptz", *["text"] * 4, "bytea"]


class SqlDecisions:
    """The port `Decisions`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def append(self, community: str, review: str, decisions: Sequence[Decision]) -> int:
        if not decisions:
            return 0
        with transaction(self._engine) as connection:
            seq, head = self._hold(connection, community)
            known = self._known(connection, community, review, decisions)
            forms: dict[tuple[Any, ...], str] = {}
            rows = []
            for one in decisions:
                if (one.rule, one.member) in known:
                    continue
                known.add((one.rule, one.member))
                seq += 1
                head = _chained(head, one)
                shape = tuple((r.metric, r.over, r.comparison, _plain(r.threshold)) for r in one.reasons)
                form = forms.get(shape)
                if form is None:
                    form = forms[shape] = _form_id(shape)
                rows.append(_row(community, review, seq, form, head, one))
            if rows:
                self._write(connection, community, rows, forms)
                connection.execute(
                    decision_head.update()
                    .where(decision_head.c.community == community)
                    .values(seq=seq, hash=bytes.fromhex(head))
                )
            return len(rows)

    def _hold(self, connection: Connection, community: str) -> tuple[int, str]:
        begin = insert(decision_head).values(community=community, seq=0, hash=bytes.fromhex(FIRST))
        connection.execute(begin.on_conflict_do_nothing())
        row = connection.execute(
            select(decision_head.c.seq, decision_head.c.hash)
            .where(decision_head.c.community == community)
            .with_for_update()
        ).one()
        return row.seq, bytes(row.hash).hex()

    def _known(
        self, connection: Connection, community: str, review: str, decisions: Sequence[Decision]
    ) -> set[tuple[str, str]]:
        found = connection.execute(
            select(decision.c.rule, decision.c.subject).where(
                decision.c.community == community,
                decision.c.review == review,
                decision.c.rule.in_({one.rule for one in decisions}),
                decision.c.subject == func.any([one.member for one in decisions]),
            )
        )
        return {(row.rule, row.subject) for row in found}

    def _write(
        self, connection: Connection, community: str, rows: list[tuple[Any, ...]], forms: Mapping[tuple[Any, ...], str]
    ) -> None:
        texts = [
            {"community": community, "id": id_, "reasons": orjson.dumps(shape).decode()} for shape, id_ in forms.items()
        ]
        connection.execute(insert(decision_form).on_conflict_do_nothing(), texts)
        raw: Any = connection.connection.driver_connection
        with (
            raw.cursor() as cursor,
            cursor.copy(f"COPY decision ({', '.join(_COLUMNS)}) FROM STDIN (FORMAT BINARY)") as copy,
        ):
            copy.set_types(_TYPES)
            for row in rows:
                copy.write_row(row)

    def of(self, community: str, member: str, *, limit: int = 100) -> Sequence[Recorded]:
        return self.find(community, Wanted(member=member), limit=limit)

    def latest(self, community: str, *, limit: int = 100) -> Sequence[Recorded]:
        return self.find(community, Wanted(), limit=limit)

    def find(
        self, community: str, wanted: Wanted, *, limit: int = 100, before: int | None = None
    ) -> Sequence[Recorded]:
        which = _which(wanted) if before is None else [*_which(wanted), decision.c.seq < before]
        with transaction(self._engine) as connection:
            rows = connection.execute(_whole(community, which).order_by(decision.c.seq.desc()).limit(limit)).all()
        return [_recorded(row) for row in rows]

    def count(self, community: str, wanted: Wanted) -> int:
        query = select(func.count()).select_from(decision).where(decision.c.community == community, *_which(wanted))
        with transaction(self._engine) as connection:
            return int(connection.execute(query).scalar_one())

    def each(self, community: str, wanted: Wanted, *, size: int = _READ) -> Iterator[Sequence[Recorded]]:
        last = 0
        while True:
            which = [*_which(wanted), decision.c.seq > last]
            with transaction(self._engine) as connection:
                rows = connection.execute(_whole(community, which).order_by(decision.c.seq).limit(size)).all()
            if not rows:
                return
            last = rows[-1].seq
            yield [_recorded(row) for row in rows]

    def under(self, community: str, digest: str) -> Sequence[Tally]:
        c = decision.c
        what = (c.review, c.at, c.rule, c.outcome, c.from_at, c.to_at)
        query = (
            select(*what, func.count().label("members"))
            .where(c.community == community, c.digest == digest)
            .group_by(*what)
            .order_by(c.at.desc(), c.review.desc(), c.rule, c.outcome, c.from_at, c.to_at)
        )
        with transaction(self._engine) as connection:
            return [
                Tally(
                    review=row.review,
                    at=row.at.astimezone(UTC),
                    rule=row.rule,
                    outcome=row.outcome,
                    from_=row.from_at,
                    to=row.to_at,
                    members=row.members,
                )
                for row in connection.execute(query)
            ]

    def fired(
        self, community: str, rules: Sequence[str], *, since: datetime | None = None
    ) -> Mapping[tuple[str, str], datetime]:
        query = (
            select(decision.c.rule, decision.c.subject, func.max(decision.c.at).label("at"))
            .where(decision.c.community == community, decision.c.rule.in_(rules), decision.c.outcome == "fired")
            .group_by(decision.c.rule, decision.c.subject)
        )
        if since is not None:
            query = query.where(decision.c.at >= since)
        with transaction(self._engine) as connection:
            return {(row.rule, row.subject): row.at for row in connection.execute(query)}

    def reduce(self, spec: Community, member: str, pseudonym: str, *, at: datetime) -> int:
        c = decision.c
        with transaction(self._engine) as connection:
            self._hold(connection, spec.id)
            done = connection.execute(
                update(decision)
                .where(c.community == spec.id, c.subject == member)
                .values(subject=pseudonym, read="", because="", reduced=pseudonym)
            ).rowcount
            rows = connection.execute(_whole(spec.id, [c.reduced == pseudonym]).order_by(c.seq)).all()
            said = Decision(
                member=pseudonym,
                rule=ERASED,
                outcome=ERASED,
                from_=None,
                to=None,
                reasons=(),
                digest=spec.digest,
                at=at,
                because=_digest([_recorded(row) for row in rows]),
            )
            self.append(spec.id, f"erasure/{pseudonym}", [said])
        return done

    def verify(self, community: str) -> Verified:
        head, count, breaks = FIRST, 0, []
        reduced: dict[str, list[Recorded]] = {}
        with snapshot(self._engine) as connection:  # what is decided meanwhile is not part of it
            end = connection.execute(
                select(decision_head.c.seq, decision_head.c.hash).where(decision_head.c.community == community)
            ).one_or_none()
            for row in _all(connection, community):
                count += 1
                if row.seq != count:
                    breaks.append(Break(seq=count, what=f"decision {count} is missing"))
                    count = row.seq
                if row.reduced is not None:  # its own hash cannot be made again; the next one and the erasure hold it
                    reduced.setdefault(row.reduced, []).append(_recorded(row))
                    head = bytes(row.hash).hex()
                    continue
                if row.rule == ERASED and _digest(reduced.pop(row.subject, [])) != row.because:
                    breaks.append(Break(seq=row.seq, what=f"decisions that {row.subject} left behind were changed"))
                try:
                    said = _chained(head, _recorded(row).decision)
                except (ValueError, TypeError, KeyError):
                    said = ""
                head = bytes(row.hash).hex()
                if said != head:
                    breaks.append(Break(seq=row.seq, what=f"decision {row.seq} about {row.subject} was changed"))
        for pseudonym, rows in reduced.items():
            breaks.append(Break(seq=rows[0].seq, what=f"no erasure explains why {pseudonym} says so little"))
        last = (0, FIRST) if end is None else (end.seq, bytes(end.hash).hex())
        if last != (count, head):
            breaks.append(Break(seq=count, what=f"the log ends with decision {count}, it should with {last[0]}"))
        return Verified(decisions=count, head=head, breaks=tuple(breaks[:100]))


def _which(wanted: Wanted) -> list[Any]:
    """What is wanted, as conditions on the table."""
    c = decision.c
    found: list[Any] = []
    for column, value in (
        (c.subject, wanted.member), (c.outcome, wanted.outcome), (c.from_at, wanted.from_), (c.to_at, wanted.to)
    ):  # fmt: skip
        if value is not None:
            found.append(column == value)
    if wanted.rule is not None:
        found.append((c.rule == wanted.rule) | c.rule.startswith(f"{wanted.rule}@", autoescape=True))
    if wanted.since is not None:
        found.append(c.at >= wanted.since)
    if wanted.until is not None:
        found.append(c.at <= wanted.until)
    for column, value in ((c.digest, wanted.digest), (c.review, wanted.review)):
        if value is not None:
            found.append(column.startswith(value, autoescape=True))
    return found


def _whole(community: str, which: list[Any]) -> Any:
    """Decisions with their forms."""
    form = (decision_form.c.community == decision.c.community) & (decision_form.c.id == decision.c.form)
    query = select(decision, decision_form.c.reasons).join(decision_form, form)
    return query.where(decision.c.community == community, *which)


def _all(connection: Connection, community: str) -> Iterator[Any]:
    """Every decision in order; one whose form is gone comes with None for it."""
    last = 0
    while True:
        rows = connection.execute(
            select(decision, decision_form.c.reasons)
            .outerjoin(
                decision_form,
                (decision_form.c.community == decision.c.community) & (decision_form.c.id == decision.c.form),
            )
            .where(decision.c.community == community, decision.c.seq > last)
            .order_by(decision.c.seq)
            .limit(_READ)
        ).all()
        if not rows:
            return
        yield from rows
        last = rows[-1].seq


def _chained(previous: str, one: Decision) -> str:
    """As `rules.decision.chained`, with a faster writer of the same text."""
    canonical = orjson.dumps(one.data(), option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(previous.encode("ascii") + canonical).hexdigest()


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _form_id(shape: tuple[Any, ...]) -> str:
    return hashlib.sha256(orjson.dumps(shape)).hexdigest()[:16]


def _row(community: str, review: str, seq: int, form: str, head: str, one: Decision) -> tuple[Any, ...]:
    read = orjson.dumps([(reason.value, _TRUTH[reason.truth]) for reason in one.reasons]).decode()
    return (
        community, seq, review, one.member, one.rule, one.outcome, one.from_, one.to, one.at, one.digest, form, read,
        one.because, bytes.fromhex(head),
    )  # fmt: skip


_TRUTH: Mapping[bool | None, int | None] = {True: 1, False: 0, None: None}


def _digest(rows: Sequence[Recorded]) -> str:
    """What is kept of decisions that say less since an erasure, so that they cannot be changed afterwards."""
    parts = [
        (str(row.seq), one.rule, one.outcome, one.from_ or "", one.to or "", one.at.isoformat(), one.digest)
        for row in rows
        for one in (row.decision,)
    ]
    return hashlib.sha256("\n".join("\x1f".join(part) for part in parts).encode()).hexdigest()


def _recorded(row: Any) -> Recorded:
    reasons = (
        ()
        if row.reduced is not None
        else tuple(
            Reason(metric, over, value, comparison, threshold, None if truth is None else bool(truth))
            for (metric, over, comparison, threshold), (value, truth) in zip(
                orjson.loads(row.reasons), orjson.loads(row.read), strict=True
            )
        )
    )
    return Recorded(
        seq=row.seq,
        review=row.review,
        reduced=row.reduced is not None,
        decision=Decision(
            member=row.subject,
            rule=row.rule,
            outcome=row.outcome,
            from_=row.from_at,
            to=row.to_at,
            reasons=reasons,
            digest=row.digest,
            at=row.at.astimezone(UTC),
            because=row.because,
        ),
    )
