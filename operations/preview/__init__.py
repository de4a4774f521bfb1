"""Preview: what would change if a spec were current, over the whole community, before it is."""

from operations.preview.compare import Group, members_of
from operations.preview.stale import Stale, read_plan, refuse_stale, since
from operations.preview.whole import Preview, preview

__all__ = ["Group", "Preview", "Stale", "members_of", "preview", "read_plan", "refuse_stale", "since"]
