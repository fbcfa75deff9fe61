"""What keeps a proof from being made."""

from __future__ import annotations

from samekey.sandbox.errors import SandboxError


class ProveError(SandboxError):
    """The proof cannot be made; the text says why, for people."""
