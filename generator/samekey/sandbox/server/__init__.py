"""The sandbox on the wire: connections, faults, the ledger and the live page."""
