"""A key store that can be told to ignore keys for a while, so that everybody sees what they are good for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from samekey.sandbox.keys.store import Claim, Effect, KeyStore, Reached, Settled


class KeySwitch:
    """Gives each request to one of two stores.

    Args:
        honouring: does each key once.
        ignoring: does every request.
    """

    def __init__(self, honouring: KeyStore, ignoring: KeyStore) -> None:
        self._honouring = honouring
        self._ignoring = ignoring
        self.honours_keys = True

    def once(self, claim: Claim, effect: Effect, reached: Reached) -> Settled:
        """Carry out a request, or answer it from memory while keys are honoured."""
        return self._store.once(claim, effect, reached)

    def left(self, claim: Claim) -> None:
        """Take note that the client of a request has left without its response."""
        self._store.left(claim)

    def purge(self) -> int:
        """Remove a batch of expired keys, and return how many."""
        return self._honouring.purge()

    @property
    def _store(self) -> KeyStore:
        return self._honouring if self.honours_keys else self._ignoring
