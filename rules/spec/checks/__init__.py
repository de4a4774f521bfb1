"""Cross-document checks: what no document shows alone. `load` calls `run` once."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.spec.community import Community
    from rules.spec.diagnostics import Problems


def run(community: Community, problems: Problems) -> None:
    """Add every cross-document problem of a community to `problems`."""
