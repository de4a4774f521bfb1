"""By form: somebody writes down what they saw or did, outside of any run, and it is a fact like any other."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from operations.errors import Refusal
from operations.forms import fact_of, fields_of, problems
from operations.ports.audit import OPERATOR
from operations.prospects import WHOM, meet, whom

if TYPE_CHECKING:
    from operations.house import House
    from rules.fact import Fact
    from rules.spec import Community
    from rules.values import ValueType


def types_of(community: Community, form: str) -> dict[str, ValueType]:
    """The fields of a form and what they hold.

    Raises:
        Refusal: there is no such form.
    """
    if form not in community.facts:
        raise Refusal(f"{community.id} has no form {form!r}.", f"Forms: {', '.join(community.facts) or 'none'}.")
    return {name: field.type for name, (field, _) in fields_of(community, form).items()}


def fill_in(
    house: House,
    community: Community,
    form: str,
    filled: Mapping[str, Any],
    *,
    about: str | None,
    by: str | None,
    at: datetime,
    key: str | None = None,
) -> Fact:
    """Write a filled form down, once for each key; without a key what is the same in every word is the same.

    Raises:
        Refusal: there is no such form, a field is wrong, or nobody of this id is known.
    """
    types_of(community, form)
    kind = community.facts[form]
    named = str(filled[WHOM]) if WHOM in filled and kind.named else about
    about = whom(house.persons, community, {WHOM: named}) if kind.named else about
    if kind.about == "member" and about is None:
        raise Refusal(f"{form} is about a member.", "Say whom with --about.")
    if kind.about == "member" and about is not None and not kind.named and not house.members(community).find([about]):
        raise Refusal(f"There is no member {about!r} in {community.id}.", "`trellis members` lists them.")
    wrong = problems(community, form, filled)
    if wrong:
        raise Refusal(f"{'; '.join(wrong)}.", f"Fields of {form}: {', '.join(fields_of(community, form)) or 'none'}.")
    said = repr((form, about, by, sorted(filled.items()), at.isoformat()))
    id_ = f"{community.id}/by-form/{key or hashlib.blake2b(said.encode(), digest_size=12).hexdigest()}"
    fact = fact_of(community, form, filled, id=id_, about=about, by=by or f"role:{OPERATOR}", at=at)
    with house.runs.together():
        meet(house.persons, house.members(community), community, [fact], {fact.id: named or ""})
        house.facts(community).record([fact])
        house.audit.note(
            community.id, actor=by or OPERATOR, verb="fill", what=about or form, at=at, details={"form": form}
        )
    return fact
