"""Labels: what people read, in both languages."""

from __future__ import annotations

from typing import Annotated

from rules.spec.node import Node
from rules.spec.scalars import Plain

LabelText = Annotated[str, Plain("text")]


class Label(Node):
    """A text in English and Chinese."""

    en: LabelText
    zh: LabelText
