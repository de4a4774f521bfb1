"""Vocabulary: what the engine knows without being told. Attributes, facts, relations, words that are taken."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

FactField = str  # the type of a field of a fact

# Attributes of a member; each further ladder adds NAME, days_in_NAME and NAME_held.
ENGINE_ATTRIBUTES: Mapping[str, str] = MappingProxyType(
    {
        "tier": "tier", "days_in_tier": "integer", "tier_held": "set",
        "stage": "stage", "days_in_stage": "integer", "origin": "origin",
        "last_move": "text", "in_grace": "boolean", "pinned": "boolean",
        "titles": "set", "titles_held": "set", "tags": "set",
        "consent": "boolean", "registered": "boolean", "email_confirmed": "boolean", "invited": "boolean",
        "suspended": "boolean", "silenced": "boolean", "bot": "boolean", "staff": "boolean",
        "age": "duration", "days_member": "integer", "load": "integer", "circle": "set",
        "space": "text", "address": "text",
    }
)  # fmt: skip

# Attributes of other subjects; a work also has the fields of its form, a team its slots, a run its arguments.
SUBJECT_ATTRIBUTES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "work": {
            "mode": "mode", "task": "task", "theme": "text", "public": "boolean", "submitted_at": "date",
            "space": "space",
        },
        "team": {"days": "integer", "size": "integer"},
        "run": {"mode": "mode", "task": "task", "goal": "text", "days": "integer"},
        "cohort": {"size": "integer", "partition": "text"},  # and what its members share: what the partition divides by
        "space": {},
        "community": {},
    }
)  # fmt: skip

# What every fact carries where it applies.
ENVELOPE: Mapping[str, str] = MappingProxyType(
    {
        "member": "member", "by": "member", "via": "member", "task": "task", "mode": "mode", "phase": "phase",
        "run": "run", "space": "space", "source": "text", "community": "community",
    }
)  # fmt: skip

# Facts that phases and the engine record, and the fields of their own.
ENGINE_FACTS: Mapping[str, Mapping[str, FactField]] = MappingProxyType(
    {
        "present": {"stage": "stage", "tier": "tier", "origin": "origin"},
        "enrolled": {}, "declined": {}, "withdrew": {},
        "joined_team": {"team": "team", "slot": "text"},
        "left_team": {"team": "team", "slot": "text"},
        "teamed": {"team": "team", "other": "member"},
        "submitted": {"work": "work", "team": "team", "late": "boolean"},
        "accepted": {"work": "work", "credit": "integer"},
        "returned": {"work": "work"},
        "refused": {"work": "work"},
        "reviewed": {"work": "work", "choice": "text"},
        "judged": {"work": "work", "score": "decimal", "place": "integer", "of": "integer"},
        "scored": {"work": "work", "criterion": "text", "score": "decimal"},
        "answered": {"choice": "text", "silent": "boolean"},
        "missed": {},
        "attended": {"part": "part"},
        "absent": {},
        "received": {"resource": "text", "count": "integer"},
        "spent": {"resource": "text", "amount": "decimal", "work": "work"},
        "awarded": {"points": "integer"},
        "granted": {"title": "text"},
        "ended": {"title": "text"},
        "nominated": {"tier": "tier", "title": "text"},
        "published": {"work": "work", "place": "text", "first": "boolean"},
        "finished": {"outcome": "outcome", "part": "text"},
        "moved_tier": {"from": "tier", "to": "tier"},
        "moved_stage": {"from": "stage", "to": "stage"},
    }
)  # fmt: skip

# People assigned to or belonging to a subject.
RELATIONS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "member": frozenset({"contact", "host", "tutor"}),
        "cohort": frozenset({"members", "host"}),
        "space": frozenset({"members"}),
        "team": frozenset({"members"}),
        "work": frozenset(),
        "run": frozenset(),
        "community": frozenset(),
    }
)

# What `run.` offers as a reference.
RUN_REFERENCES: Mapping[str, str] = MappingProxyType(
    {
        "brief": "text", "goal": "text", "ledger": "ledger", "contributors": "people", "participants": "people",
        "starter": "people", "owner": "people",
    }
)  # fmt: skip

ORIGINS = ("public_domain", "private_domain", "both")

# Words that no phase may be called, because they mean something where a phase could stand.
RESERVED = frozenset(
    {
        "subject", "author", "run", "community", "work", "team", "cohort", "space", "everyone", "none", "next", "end",
        "leave", "stop", "cancel", "first", "all", "value",
    }
)  # fmt: skip
