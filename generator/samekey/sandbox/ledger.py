"""What users' tests import of the ledger: a name that stays, wherever the code moves."""

from samekey.sandbox.server.ledger import AnswerKind, Event, Kind, Ledger, Totals

Told = AnswerKind
"""The name that it had before."""

__all__ = ["AnswerKind", "Event", "Kind", "Ledger", "Told", "Totals"]
