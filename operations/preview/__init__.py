"""Preview: what would change if a spec were current, over the whole community, before it is."""

from operations.preview.compare import Group, members_of
from operations.preview.stale import moment_of, read_plan, since
from operations.preview.whole import Preview, preview

__all__ = ["Group", "Preview", "members_of", "moment_of", "preview", "read_plan", "since"]
