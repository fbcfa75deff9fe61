"""What the tests of the runtime share: Hypothesis without surprises."""

from __future__ import annotations

from hypothesis import settings

# The same examples in every run, and no files left behind.
settings.register_profile("samekey", database=None, deadline=None, derandomize=True)
settings.load_profile("samekey")
