"""Forms: what somebody fills in, checked field by field, and written down as the fact that the form is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from operations.prospects import WHOM, is_named
from rules.counted import fact_kinds
from rules.errors import Unfit
from rules.fact import Fact, FactField
from rules.values import Value, fit

if TYPE_CHECKING:
    from rules.spec import Community
    from rules.spec.fields import FieldSpec


def fields_of(community: Community, form: str) -> Mapping[str, tuple[FactField, FieldSpec]]:
    """The fields of a form as they are written: each with what it holds."""
    declared = community.facts.get(form)
    own = fact_kinds(community)[form].own
    return {} if declared is None else {field.id: (own[field.id], field) for field in declared.fields}


def problems(community: Community, form: str, filled: Mapping[str, Any]) -> list[str]:
    """What is wrong with a filled form, a sentence each; none if it is right."""
    declared = fields_of(community, form)
    named = is_named(community, form)
    wrong = [
        f"{name} is no field of {form}; it has {', '.join(declared) or 'none'}"
        for name in filled
        if name not in declared and not (named and name == WHOM)
    ]
    for name, (field, written) in declared.items():
        if name not in filled:
            if not written.optional:
                wrong.append(f"{name} is missing")
            continue
        try:
            value = fit(filled[name], field.type, name)
        except Unfit as unfit:
            wrong.append(f"{unfit.message} ({unfit.hint})" if unfit.hint else unfit.message)
            continue
        low, high = (None if bound is None else Fraction(str(bound)) for bound in (written.min, written.max))
        if isinstance(value, int) and not isinstance(value, bool) and field.type.numeric:
            number = Fraction(value, field.type.scale)
            if low is not None and number < low:
                wrong.append(f"{name} is at least {written.min}")
            if high is not None and number > high:
                wrong.append(f"{name} is at most {written.max}")
    return wrong


def fact_of(
    community: Community,
    form: str,
    filled: Mapping[str, Any],
    *,
    id: str,
    about: str | None,
    by: str,
    at: datetime,
    fields: Mapping[str, Value] | None = None,
) -> Fact:
    """A filled form as a fact about somebody or something; `fields` are those of the engine (run, task, …)."""
    kind = fact_kinds(community)[form]
    told: dict[str, Value] = dict(fields or {})
    for name, raw in filled.items():
        if name not in kind.own:  # whom it is about
            continue
        told[name] = fit(raw, kind.own[name].type, name)
    subject = about
    if kind.about not in ("member", "community"):
        if about is not None:
            told[kind.about] = about
        subject = None
    if "by" in kind.fields and not by.startswith("role:"):
        told["by"] = by
    return Fact(id, form, subject if kind.about == "member" else None, at, None, told)
