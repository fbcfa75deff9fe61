"""Names that pickles of earlier versions look for here; they live in `journal.journal` now."""

from __future__ import annotations

from .journal.journal import *  # noqa: F403
