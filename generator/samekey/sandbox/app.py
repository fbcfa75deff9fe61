"""What users' tests import of a sandbox's settings: a name that stays, wherever the code moves."""

from samekey.sandbox.server.app import Settings, open_sandbox

__all__ = ["Settings", "open_sandbox"]
