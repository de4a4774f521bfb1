"""Phase kinds: one folder per verb that modes are made of, found by discovery.

A kind is a folder with `spec.py` (a subclass of `rules.spec.phase.PhaseSpec` whose `kind` is the folder's name).
A kind that can run also has `play.py`.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import pkgutil
from collections.abc import Mapping
from types import MappingProxyType

from rules.spec.phase import PhaseSpec


@functools.cache
def discover() -> Mapping[str, type[PhaseSpec]]:
    """Every kind of phase there is: its name → its spec model."""
    found: dict[str, type[PhaseSpec]] = {}
    for folder in sorted(pkgutil.iter_modules(__path__), key=lambda m: m.name):
        if not folder.ispkg:
            continue
        module = importlib.import_module(f"{__name__}.{folder.name}.spec")
        models = [
            m
            for m in vars(module).values()
            if isinstance(m, type) and issubclass(m, PhaseSpec) and m.__module__ == module.__name__
        ]
        if len(models) != 1:
            raise ImportError(f"{module.__name__} declares {len(models)} phases; a kind is one subclass of PhaseSpec")
        found[folder.name] = models[0]
    return MappingProxyType(found)


@functools.cache
def can_run(kind: str) -> bool:
    """Whether a kind can run yet: it has a play."""
    return kind in discover() and importlib.util.find_spec(f"{__name__}.{kind}.play") is not None
