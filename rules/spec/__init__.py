"""The spec language: what operations may write, how it is read, and what is wrong with it."""

from rules.spec.community import Community, Document
from rules.spec.diagnostics import Diagnostic, Problems
from rules.spec.load import Loaded, load
from rules.spec.phase import PhaseKinds, PhaseSpec
from rules.spec.substitute import ArgumentError

__all__ = [
    "ArgumentError",
    "Community",
    "Diagnostic",
    "Document",
    "Loaded",
    "PhaseKinds",
    "PhaseSpec",
    "Problems",
    "load",
]
