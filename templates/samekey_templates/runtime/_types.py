"""Names that pickles of earlier versions look for here; they live in `types` now."""

from __future__ import annotations

from .types import *  # noqa: F403
