"""What users' tests import of the ledger: a name that stays, wherever the code moves."""

from samekey.sandbox.server.ledger import Event, Kind, Ledger, Told, Totals

__all__ = ["Event", "Kind", "Ledger", "Told", "Totals"]
