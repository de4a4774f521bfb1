"""Compiled: the same positive formulas as one Python function; takes durable-rules' place where it cannot be loaded.

The function's text is made of field numbers, whole numbers and operators only; no word of a spec ever enters it.
"""

from collections.abc import Callable, Mapping, Sequence

from rules.positive import Both, Check, Formula, name_of

_OPERATORS = {"eq": "==", "neq": "!=", "gte": ">=", "lte": "<=", "gt": ">", "lt": "<"}
_DEEPEST = 60  # brackets in one expression; what lies deeper becomes a line of its own

Matching = Callable[[Mapping[str, int]], set[int]]


def compiled(formulas: Sequence[Formula]) -> Matching:
    """A function that says which of the formulas hold, by place, on the known fields of one subject."""
    writer = _Writer()
    results = [writer.expression(formula, 0) for formula in formulas]
    lines = ["def matching(known):", "    get = known.get"]
    lines += [f"    {name_of(place)} = get('{name_of(place)}')" for place in sorted(writer.fields)]
    lines += writer.lines
    lines.append("    found = set()")
    for place, result in enumerate(results):
        lines.append(f"    if {result}: found.add({place})")
    lines.append("    return found")
    space: dict[str, Matching] = {}
    exec(compile("\n".join(lines), "<rules>", "exec"), {"__builtins__": {"set": set}}, space)
    return space["matching"]


class _Writer:
    def __init__(self) -> None:
        self.fields: set[int] = set()
        self.lines: list[str] = []

    def expression(self, formula: Formula, depth: int) -> str:
        """The formula as a Python expression; unknown fields fail every comparison."""
        if isinstance(formula, Check):
            self.fields.add(formula.field)
            name = name_of(formula.field)
            return f"({name} is not None and {name} {_OPERATORS[formula.operator]} {formula.number:d})"
        word = " and " if isinstance(formula, Both) else " or "
        if not formula.parts:
            return "True" if isinstance(formula, Both) else "False"
        text = "(" + word.join(self.expression(part, depth + 1) for part in formula.parts) + ")"
        if depth and depth % _DEEPEST == 0:
            name = f"p{len(self.lines)}"
            self.lines.append(f"    {name} = {text}")
            return name
        return text
