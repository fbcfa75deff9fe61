"""Names that pickles of earlier versions look for here; they live in `auth.credentials` now."""

from __future__ import annotations

from .auth.credentials import *  # noqa: F403
