"""What users' tests import of the stores that break a promise: a name that stays, wherever the code moves."""

from samekey.sandbox.keys.broken import Broken

__all__ = ["Broken"]
