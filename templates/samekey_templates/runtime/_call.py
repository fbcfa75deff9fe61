"""Names that pickles of earlier versions look for here; they live in `call` now."""

from __future__ import annotations

from .call import *  # noqa: F403
