"""Names that pickles of earlier versions look for here; they live in `retry.record` now."""

from __future__ import annotations

from .retry.record import *  # noqa: F403
