"""Finding: what was proved wrong, where it is written, what it rests on, and somebody made up to whom it happens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from rules.spec.diagnostics import Diagnostic, Place, Severity, code_frame

if TYPE_CHECKING:
    from rules.decision import Decision


@dataclass(frozen=True, slots=True)
class Because:
    """One line of the specs, or one plain fact about readings, that a finding rests on."""

    text: str
    place: Place | None = None

    def data(self) -> dict[str, Any]:
        """As JSON."""
        where = {} if self.place is None else dict(zip(("file", "line", "column"), self.place, strict=True))
        return {"text": self.text, **where}


@dataclass(frozen=True, slots=True)
class Witness:
    """Somebody made up, at one moment or at several, and what the reference evaluator decides about them.

    Args:
        says: one sentence: what can be seen in it.
        facts: what `trellis decide` reads: at, members with attributes and metrics, readings of the community.
        decisions: what was decided when it was played back.
    """

    says: str
    facts: Mapping[str, Any]
    decisions: tuple[Decision, ...] = ()

    def data(self) -> dict[str, Any]:
        """As JSON."""
        shown = [
            {
                "member": d.member,
                "rule": d.rule,
                "outcome": d.outcome,
                "from": d.from_,
                "to": d.to,
                "because": d.because,
            }
            for d in self.decisions
        ]
        return {"says": self.says, "facts": dict(self.facts), "decisions": shown}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a community's rules.

    Args:
        code: of the register of diagnostics.
        place: where it is written.
        message: what is wrong, one sentence.
        hint: the way out.
        because: what it rests on; of something impossible: what cannot hold together.
        witness: somebody it happens to; of something impossible: somebody who comes nearest.
        frame: the lines around it.
    """

    code: str
    place: Place
    message: str
    hint: str = ""
    because: tuple[Because, ...] = ()
    witness: Witness | None = None
    frame: str = ""

    def data(self) -> dict[str, Any]:
        """As JSON; the first fields are those of a diagnostic."""
        return {
            "code": self.code,
            "severity": "warning",
            "file": self.place.file,
            "line": self.place.line,
            "column": self.place.column,
            "message": self.message,
            "hint": self.hint,
            "because": [one.data() for one in self.because],
            "witness": None if self.witness is None else self.witness.data(),
        }


def as_diagnostic(
    finding: Finding, folder: PurePath, texts: Mapping[str, list[str]], severity: Severity = "warning"
) -> Diagnostic:
    """A finding as `trellis check` shows it.

    Args:
        folder: of the community, as seen from where the command runs.
        texts: the lines of its files.
    """
    place = finding.place
    frame = code_frame(texts.get(place.file, []), place)
    file = (folder / place.file).as_posix()
    lines = ", ".join(f"{one.text} (line {one.place.line})" for one in finding.because if one.place is not None)
    hint = f"{finding.hint}: {lines}" if lines and severity == "error" else finding.hint
    return Diagnostic(finding.code, severity, file, place.line, place.column, finding.message, hint, frame)


@dataclass(frozen=True, slots=True)
class Undecided:
    """A question that could not be answered, and why."""

    place: Place
    question: str
    why: str

    def data(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "file": self.place.file,
            "line": self.place.line,
            "column": self.place.column,
            "question": self.question,
            "why": self.why,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was looked at.

    Args:
        findings: by file, line and column.
        undecided: what could not be answered.
        questions: how many questions were asked.
    """

    findings: tuple[Finding, ...]
    undecided: tuple[Undecided, ...]
    questions: int
