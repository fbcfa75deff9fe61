"""What a process does with what it inherits by `fork`: connections, locks and tokens belong to its parent.

A child that goes on with a connection of its parent reads the answers to its parent's requests; one that was forked
while another thread held a lock waits for that thread, which it does not have.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Protocol
from weakref import WeakSet

if TYPE_CHECKING:

    class Inherited(Protocol):
        """Something that a child must not share with its parent."""

        def after_fork(self) -> None:
            """Begin anew in a forked child process, and send nothing on the parent's connections."""
            ...

    class Held(Inherited, Protocol):
        """Something that no thread may be in the middle of when its process forks."""

        def before_fork(self) -> None:
            """Wait until no thread is in the middle of it, and keep others out."""
            ...

        def after_fork_in_parent(self) -> None:
            """Let others in again."""
            ...


class _Process:
    """What this process has to do with the one that it was forked from.

    Attributes:
        number: the id of the process for which everything has begun anew.
        importing: held while a thread imports the HTTP library or an operation, for which `fork` waits: the child would
            wait for ever for an import that another thread has begun.
    """

    def __init__(self) -> None:
        self.number = os.getpid()
        self.importing = threading.RLock()
        self.inherited: WeakSet[Inherited] = WeakSet()
        self.held: WeakSet[Held] = WeakSet()
        self._frozen: list[Held] = []
        self._beginning = threading.Lock()

    def before_fork(self) -> None:
        self.importing.acquire()
        self._frozen = list(self.held)
        for held in self._frozen:
            with suppress(Exception):
                # As below: what is held is let go of afterwards, whether or not all went well.
                held.before_fork()

    def after_fork_in_parent(self) -> None:
        frozen, self._frozen = self._frozen, []
        for held in frozen:
            held.after_fork_in_parent()
        self.importing.release()

    def after_fork(self) -> None:
        self.importing = threading.RLock()
        self._frozen = []
        self._beginning = threading.Lock()
        self.begin_anew()

    def begin_anew(self) -> None:
        for inherited in list(self.inherited):
            with suppress(Exception):
                # One that fails must not keep the others from beginning anew.
                inherited.after_fork()
        self.number = os.getpid()

    def begin_anew_if_forked(self) -> None:
        if os.getpid() != self.number:
            with self._beginning:
                if os.getpid() != self.number:
                    self.importing = threading.RLock()
                    self.begin_anew()


_PROCESS: Final = _Process()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_PROCESS.before_fork,
        after_in_parent=_PROCESS.after_fork_in_parent,
        after_in_child=_PROCESS.after_fork,
    )


def begin_anew_after_fork(inherited: Inherited) -> None:
    """Call the `after_fork` of an object in every child that is forked while the object is alive."""
    _PROCESS.inherited.add(inherited)


def hold_over_fork(held: Held) -> None:
    """Call the methods of an object around every fork while the object is alive."""
    _PROCESS.inherited.add(held)
    _PROCESS.held.add(held)


def begin_anew_if_forked() -> None:
    """Begin anew in a child whose fork Python did not see: programs in C, such as uWSGI, run none of its hooks."""
    _PROCESS.begin_anew_if_forked()


def importing() -> threading.RLock:
    """Return the lock to hold while something is imported in a call, so that no fork comes between."""
    return _PROCESS.importing
