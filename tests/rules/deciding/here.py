"""Here: what the Python that runs the tests can load."""

import sys

import pytest

DURABLE = sys.version_info < (3, 13)
"""durable-rules has no build for 3.13 and newer, where a compiled function decides. Before that it must be there."""

durable = pytest.mark.skipif(not DURABLE, reason="durable-rules has no build for Python 3.13 and newer")
