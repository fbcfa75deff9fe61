"""What an operation does, as far as its name and its answers tell: rules of thumb, which a report calls by that name.

HTTP says what GET, PUT and DELETE do; POST and PATCH can do anything. Where the words of an operation's name are
clear, an audit weighs them, so that a search is not told to take a key, and a payment without one is not a detail.
"""

from __future__ import annotations

import re
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from samekey.identifiers import singular, split
from samekey.ir import StatusCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from samekey.ir import Operation


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_READS: Final = _words(
    """
    autocomplete batchget calculate check compare compute count decode describe detect diff estimate evaluate exists
    expand explain fetch find get introspect list lookup match parse ping predict preview query read recognize resolve
    retrieve search select show simulate suggest summarize tokenize validate view
    """
)
"""Verbs of operations that only read."""
_READS_AT_END: Final = _words("get list preview retrieve search")
"""Those that are verbs at the end of a name as well: `group-list`, but not `saved-query`."""
_SETS: Final = _words(
    """
    abandon abort accept ack acknowledge activate apply approve archive assign attach ban block cancel change choose
    clear close complete configure confirm connect deactivate decline delete deny deprovision detach disable
    disconnect dismiss downgrade edit elevate enable end expire favorite finalize finish follow freeze fulfill hide
    hold invalidate join leave like link lock mark migrate move mute open patch pause pin power poweroff poweron
    promote publish purge put reactivate recalculate refresh reject release remove rename reopen replace resize
    restore restrict resume reverse revert revise revoke rollback set settle shutdown star start stop subscribe
    suspend sync synchronize tag terminate unarchive unassign unban unblock undelete undo unfavorite unfollow unfreeze
    unhide uninstall unlike unlink unlock unmark unmerge unmute unpause unpin unpublish unschedule unset unstar
    unsubscribe unsuspend untag update upgrade upsert verify void
    """
)
"""Verbs of operations that bring something into a state, in which it then is."""
_SIGNS_IN: Final = _words("authenticate login logout signin signout")
_MAKES: Final = _words("add create insert issue make new order place register submit")
"""Verbs of operations that make something."""
_COSTS: Final = _words("buy capture charge deposit disburse pay purchase refund sell send transfer withdraw")
"""Verbs of operations that move money or goods, or send something to somebody."""
_COSTLY: Final = _words(
    """
    call charge deposit disbursement email fax mail message order payment payout purchase refund remittance reversal
    sms transaction transfer withdrawal
    """
)
"""What costs money, or reaches people, once it is made."""
_ACTS: Final = _words(
    """
    activate approve archive cancel charge create deactivate delete destroy disable enable execute insert logout pay
    publish purchase purge reboot refund reject remove reset restart revoke run send start stop transfer trigger
    unarchive unpublish unsubscribe update
    """
)
"""Verbs that a GET should not have."""
_VERBS: Final = _READS | _SETS | _SIGNS_IN | _MAKES | _COSTS | _ACTS
_TRIALS: Final = _words("sandbox simulate simulation simulations test tests dryrun")
"""Parts of paths below which nothing is meant in earnest."""
_SIMULATE: Final = "simulate"
_SIGN_IN_FLOWS: Final = _words("oauth oauth2 oidc sso saml callback authorize")
_TAKEN: Final = re.compile(
    r"already (exist|taken|in use|registered|been used)|duplicate|not unique|must be unique|uniqueness|same name",
    re.IGNORECASE,
)
"""How a description says that a second thing of the same name is refused."""
_PREFIX: Final = re.compile(r"v?[0-9]+|v[0-9]+\w*|api|rest|public|private|internal|async|batch|bulk")
_PARTS: Final = re.compile(r"[./:]")
_VARIABLE: Final = re.compile(r"\{[^{}]*\}|^:\w+$")
_SHORT: Final = 2
"""Words that a path's last part has where it begins with a verb, such as `mark-read`."""
_CONFLICT: Final = 409
_SUMMARY: Final = 60
_FIRST: Final = 4
"""Characters and words of a summary that say what an operation does."""


class Nature(StrEnum):
    """What an operation seems to do."""

    READS = "reads"
    """It only reads."""
    SETS = "sets"
    """It brings something into a state."""
    SIGNS_IN = "signs-in"
    """It begins or ends a session, or gives out a token."""
    COSTS = "costs"
    """It moves money or goods, or sends something to somebody."""
    ACTS = "acts"
    """Something else, such as making a thing."""


class _Name(Struct, frozen=True):
    """The words of an operation's name.

    Args:
        id: those of its operationId, without what tells versions apart.
        path: those of the last part of its path; none where that is a variable.
        above: those of the parts before it.
        summary: the first words of its summary.
    """

    id: tuple[str, ...]
    path: tuple[str, ...]
    above: frozenset[str]

    summary: tuple[str, ...]

    @property
    def verb(self) -> str:
        """The verb of the operationId; empty where it has none."""
        return _verb(self.id)

    @property
    def says_reads(self) -> bool:
        """Whether its summary begins as that of an operation which only reads, such as `Returns all charges`."""
        verb = self.summary[0] if self.summary else ""
        return (verb == "returns" or verb.removesuffix("s") in _READS) and not _MAKES & set(self.summary)

    @property
    def path_verb(self) -> str:
        """The verb of the path's last part; empty where it has none."""
        return _verb(self.path)


def nature_of(operation: Operation) -> Nature:
    """Return what an operation seems to do, by its operationId, else by the end of its path."""
    name = _name(operation)
    verb, at_end = name.verb, name.path_verb
    if {verb, at_end} & _SIGNS_IN or name.path == ("token",) or (name.path == ("refresh",) and _is_sign_in(name)):
        return Nature.SIGNS_IN
    if _only_reads(name):
        return Nature.READS
    if _is_costly(name) and not name.above & _TRIALS:
        return Nature.COSTS
    if verb in _SETS or (at_end in _SETS and verb not in _MAKES and len(name.path) <= _SHORT):
        return Nature.SETS
    return Nature.ACTS


def _only_reads(name: _Name) -> bool:
    verb, at_end = name.verb, name.path_verb
    if _SIMULATE in name.above:
        # What is simulated there is done, though not in earnest.
        return False
    if verb in _READS or (at_end in _READS and verb not in _MAKES | _SETS) or _is_trial_run(name):
        return True
    return not {verb, at_end} & _VERBS and name.says_reads


def acting_verb(operation: Operation) -> str:
    """Return the verb by which an operation seems to act; empty where its name does not say so."""
    name = _name(operation)
    if name.above & _SIGN_IN_FLOWS or _SIGN_IN_FLOWS.intersection((*split(operation.id), *name.path)):
        return ""
    found = name.verb or name.path_verb
    return found if found in _ACTS else ""


def says_what(operation: Operation) -> bool:
    """Whether the name of an operation has a verb that says what it does."""
    name = _name(operation)
    return bool({name.verb, name.path_verb} & _VERBS) or _is_thing(name.path)


def second_is_refused(operation: Operation, boilerplate: frozenset[str]) -> bool:
    """Whether the document says, of this operation, that a second thing of the same name is refused.

    Args:
        operation: the operation.
        boilerplate: descriptions that operations which make nothing have as well.
    """
    return any(
        isinstance(response.status, StatusCode)
        and response.status.value == _CONFLICT
        and response.doc not in boilerplate
        and _TAKEN.search(response.doc)
        for response in operation.responses
    )


def _is_costly(name: _Name) -> bool:
    verb, at_end = name.verb, name.path_verb
    if verb in _COSTS or (at_end in _COSTS and len(name.path) == 1 and verb not in _SETS):
        return True
    if verb in _SETS:
        return False
    # What is made stands at the end: `/payments`, `/sent-messages`, `createMessage`, but not `/payments/{id}`.
    return _is_thing(name.path or (name.id if verb in _MAKES else ()))


def _is_thing(words: Sequence[str]) -> bool:
    return bool(words) and bool({words[-1], words[-1].removesuffix("s"), singular(words[-1])} & _COSTLY)


def _is_trial_run(name: _Name) -> bool:
    return any(pair == ("dry", "run") for words in (name.id, name.path) for pair in pairwise(words))


def _is_sign_in(name: _Name) -> bool:
    return bool({"auth", "security", "session", "token", "tokens"} & name.above)


def _name(operation: Operation) -> _Name:
    *above, last = operation.path.rstrip("/").split("/")
    verbless, _, action = last.rpartition(":")
    path = split(action if verbless else _VARIABLE.sub(" ", last).removesuffix(".json"))
    parts = [split(part) for part in _PARTS.split(operation.id)]
    # `orders.create` and `user:update:login` have their verb in the last part that has one.
    named = next((words for words in reversed(parts) if _verb(words)), parts[0] if parts else ())
    around = frozenset(word for part in above for word in split(_VARIABLE.sub(" ", part)))
    return _Name(_told(named), _told(path), around, split(operation.summary[:_SUMMARY])[:_FIRST])


def _told(words: Sequence[str]) -> tuple[str, ...]:
    return tuple(word for word in words if not _PREFIX.fullmatch(word))


def _verb(words: Sequence[str]) -> str:
    """Return the verb of a name: its first word, or its last one where that can be nothing but a verb."""
    told = _told(words)
    if not told:
        return ""
    if told[0] in _VERBS:
        return told[0]
    return told[-1] if told[-1] in _READS_AT_END | _SIGNS_IN else ""
