"""Known defects of the runtimes that earlier versions of samekey put into SDKs; the list ships with samekey."""

from __future__ import annotations

from typing import Final

from msgspec import Struct


class RuntimeDefect(Struct, frozen=True):
    """A defect of a runtime.

    Args:
        id: a name that stays.
        fixed_in: the version of samekey whose runtime has it no more.
        about: what goes wrong, for whoever uses an SDK.
    """

    id: str
    fixed_in: str
    about: str


RUNTIME_DEFECTS: Final[tuple[RuntimeDefect, ...]] = (
    RuntimeDefect(
        "effects-told-as-not-sent",
        "0.2.0",
        "an exception of a hook, a flow of authentication or a transport is told as `not sent`, though the request may "
        "have been carried out",
    ),
    RuntimeDefect(
        "assumed-keys-told-as-promises",
        "0.2.0",
        "a call that was repeated under a key which nobody promises is told as done once, though it may be done twice",
    ),
    RuntimeDefect(
        "refusals-settle-lost-answers",
        "0.2.0",
        "404 and other statuses that a proxy gives settle a call whose answer was lost, and tell it as rejected",
    ),
    RuntimeDefect(
        "credentials-shown",
        "0.2.0",
        "credentials can stand in messages, logs, pickles and tracebacks",
    ),
    RuntimeDefect(
        "journal-loses-entries-in-forks",
        "0.2.0",
        "a child process, or a second journal on the same file, can lose entries of a SQLite journal",
    ),
    RuntimeDefect(
        "bytes-beyond-an-answer",
        "0.2.0",
        "bytes that a server sends beyond an answer are read as the next one",
    ),
)
"""The newest last. A fix that users should have gets a line here with its line in CHANGELOG.md."""
