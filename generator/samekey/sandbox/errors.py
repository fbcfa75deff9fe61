"""What keeps a sandbox from starting; this module needs none of the extra's packages."""

from __future__ import annotations


class SandboxError(Exception):
    """A sandbox cannot be started or set; the text says why, for people."""


class StoreError(SandboxError):
    """The store cannot be used."""


class FaultError(SandboxError):
    """A rule of faults cannot be read."""
