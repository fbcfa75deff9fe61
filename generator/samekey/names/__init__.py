"""Wire names to Python names, in passes: gather every candidate, propose, resolve collisions; numbers come last.

What stands in the document decides, never the order in which it was walked: a component keeps its name before an
inline schema, a name that was given before (`lockfile.py`) comes before both, and a pinned name of the config first.
"""

from samekey.names.arguments import BODY, EXTRA, spread_model
from samekey.names.assign import Names, assign
from samekey.names.entries import entries_of
from samekey.names.lockfile import (
    EMPTY,
    LOCKFILE,
    Entry,
    Lockfile,
    is_method,
    load_lockfile,
    read_lockfile,
    remember,
    spell,
)
from samekey.names.operations import MethodName, ResourceName, group_labels, hides_builtin, is_spoken, labels
from samekey.names.resolve import resolve
from samekey.names.words import attribute, pascal, snake

__all__ = [
    "BODY",
    "EMPTY",
    "EXTRA",
    "LOCKFILE",
    "Entry",
    "Lockfile",
    "MethodName",
    "Names",
    "ResourceName",
    "assign",
    "attribute",
    "entries_of",
    "group_labels",
    "hides_builtin",
    "is_method",
    "is_spoken",
    "labels",
    "load_lockfile",
    "pascal",
    "read_lockfile",
    "remember",
    "resolve",
    "snake",
    "spell",
    "spread_model",
]
