"""What a process does with what it inherits by `fork`: connections, locks and tokens belong to its parent.

A child that goes on with a connection of its parent reads the answers to its parent's requests; one that was forked
while another thread held a lock waits for that thread, which it does not have.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from typing import Final, Protocol
from weakref import WeakSet


class Inherited(Protocol):
    """Something that a child must not share with its parent."""

    def after_fork(self) -> None:
        """Begin anew in a forked child process, and send nothing on the parent's connections."""
        ...


_INHERITED: WeakSet[Inherited] = WeakSet()


def begin_anew_after_fork(inherited: Inherited) -> None:
    """Call the `after_fork` of an object in every child that is forked while the object is alive."""
    _INHERITED.add(inherited)


def _in_the_child() -> None:
    for inherited in list(_INHERITED):
        with suppress(Exception):
            # One that fails must not keep the others from beginning anew.
            inherited.after_fork()


IMPORTING: Final = threading.Lock()
"""Held while a thread imports the HTTP library, for which `fork` waits: the child would wait for ever for an import
that another thread has begun."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=IMPORTING.acquire, after_in_parent=IMPORTING.release, after_in_child=IMPORTING.release)
    os.register_at_fork(after_in_child=_in_the_child)
