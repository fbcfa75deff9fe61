"""Names that pickles of earlier versions look for here; they live in `retry.rules` now."""

from __future__ import annotations

from .retry.rules import *  # noqa: F403
