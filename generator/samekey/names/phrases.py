"""The words of an operationId as a phrase: a verb, what it acts on, and `for` whom; what of them can be left out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from samekey.identifiers import singular, split

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from samekey.ir import Operation

_SIGN = re.compile(r"[^A-Za-z0-9]")
ARTICLES: Final = frozenset({"a", "an", "the"})
PREPOSITIONS: Final = frozenset({
    "across", "after", "against", "as", "at", "before", "between", "by", "for", "from", "in", "into", "of", "on", "per",
    "than", "to", "under", "until", "using", "via", "with", "within", "without",
})  # fmt: skip
PARTICLES: Final = frozenset({
    "again", "all", "and", "away", "back", "batch", "bulk", "down", "in", "many", "multiple", "not", "now", "off", "on",
    "one", "or", "out", "partial", "partially", "up",
})  # fmt: skip
"""Words that stand beside a verb and say nothing of what it acts on."""
VERBS: Final = frozenset({
    "accept", "acknowledge", "activate", "add", "apply", "approve", "archive", "assign", "attach", "authorize", "block",
    "calculate", "cancel", "capture", "change", "check", "clear", "clone", "close", "complete", "confirm", "connect",
    "convert", "copy", "count", "create", "deactivate", "decline", "delete", "describe", "destroy", "detach", "disable",
    "disconnect", "dismiss", "download", "edit", "enable", "end", "estimate", "evaluate", "exchange", "execute",
    "exists", "export", "fetch", "find", "finish", "generate", "get", "grant", "import", "initiate", "insert", "invite",
    "invoke", "issue", "join", "leave", "link", "list", "lock", "login", "logout", "lookup", "mark", "merge", "modify",
    "move", "open", "patch", "pause", "pay", "poll", "post", "preview", "process", "publish", "purge", "put", "query",
    "read", "refresh", "refund", "register", "reject", "release", "reload", "remove", "rename", "reopen", "replace",
    "request", "resend", "reset", "resolve", "restart", "restore", "resume", "retrieve", "retry", "revoke", "rotate",
    "run", "save", "scale", "schedule", "search", "send", "set", "share", "show", "sign", "simulate", "start", "stop",
    "submit", "subscribe", "suspend", "sync", "test", "transfer", "trigger", "unarchive", "unassign", "unblock",
    "uninstall", "unlink", "unlock", "unpublish", "unsubscribe", "update", "upgrade", "upload", "upsert", "validate",
    "verify", "view", "void", "wait", "watch", "write",
})  # fmt: skip
READING: Final = frozenset({"get", "read", "fetch", "retrieve", "find"})
"""Verbs of ids that read, whether one thing or many."""


def cut(operation: Operation, spoken: Sequence[str], noun: Sequence[str]) -> list[str] | None:
    """Return what is left of a phrase without a resource's noun; None where that would say something else.

    `create_payment_method` is `create` in `payment_methods`, and `create_user_address` is `create_address` in `users`;
    but `create_customer_payment_method` stays whole in the former: without its last words it creates customers.

    Args:
        operation: the operation.
        spoken: the words of its id.
        noun: the words of the resource's noun, in the singular.
    """
    singulars = [singular(word) for word in spoken]
    size = len(noun)
    for start in range(len(singulars) - size + 1):
        if singulars[start : start + size] == list(noun):
            rest = _without(operation, list(spoken[:start]), noun, list(spoken[start + size :]))
            if rest is not None:
                return rest
    return None


def _without(operation: Operation, before: list[str], noun: Sequence[str], after: list[str]) -> list[str] | None:
    if not before:
        # Signs part the name of a group from what is done in it.
        is_group = _SIGN.search(operation.id) is not None or len(after) == 1 or any(word in VERBS for word in after)
        return after if is_group and says_something(after) else None
    ends = not after or after[0] in PREPOSITIONS
    if before[-1] in PREPOSITIONS:
        # `add_followers_for_task` in `tasks`: whose they are goes without saying.
        return [*before[:-1], *after] if ends and len(before) > 1 else None
    rest = [*before, *after]
    if ends:
        return rest if _is_verb(rest) and not PREPOSITIONS.intersection(before) else None
    is_owner = _is_verb(before) and says_something(after)
    return rest if is_owner and not _is_one_noun(operation.path, [*noun, singular(after[0])]) else None


def _is_one_noun(path: str, noun: Sequence[str]) -> bool:
    """Whether words stand together in a segment of a path, as in `/payment-methods`."""
    for segment in path.split("/"):
        words = [singular(word) for word in split(segment)]
        if any(words[at : at + len(noun)] == list(noun) for at in range(len(words))):
            return True
    return False


def _is_verb(rest: Sequence[str]) -> bool:
    """Whether a phrase is a verb, or one with `for …` behind it, and names nothing that it acts on."""
    head = _head(rest)
    own = [word for word in head if word not in PARTICLES and not word.isdigit()]
    return len(own) == 1 or (not {"and", "or"}.isdisjoint(head) and all(word in VERBS for word in own))


def _head(rest: Sequence[str]) -> Sequence[str]:
    """Return the words before the first preposition that something follows."""
    end = next((at for at, word in enumerate(rest[:-1]) if at and word in PREPOSITIONS), len(rest))
    return rest[:end]


def says_something(rest: Sequence[str]) -> bool:
    """Whether words can be a name of their own: not only numbers, nor what stands between other words."""
    return bool(rest) and rest[0] not in PREPOSITIONS and not all(word.isdigit() or word in ARTICLES for word in rest)


def simplified(spoken: Sequence[str]) -> list[str]:
    """Return a phrase without `a`, `an` and `the`, and with `list` for `get a list of`."""
    left = [word for at, word in enumerate(spoken) if word not in ARTICLES or at == len(spoken) - 1]
    if left[:1] and left[0] in READING and left[1:3] == ["list", "of"]:
        left = ["list", *left[3:]]
    return left if says_something(left) else list(spoken)


def spells_path(spoken: Sequence[str], path: str, is_noise: Callable[[str], bool]) -> bool:
    """Whether words are those of a path and nothing else: every segment, and its parameters or not.

    Args:
        spoken: the words.
        path: the path template.
        is_noise: whether a segment may be left out, such as `v1`.
    """
    singulars = [singular(word) for word in spoken]
    ends = {0}
    for segment in path.split("/"):
        if segment:
            forms = [[singular(word) for word in form] for form in _forms(segment, may_miss=is_noise(segment))]
            ends = {end + len(form) for end in ends for form in forms if singulars[end : end + len(form)] == form}
    return len(spoken) in ends


def _forms(segment: str, *, may_miss: bool) -> Iterator[list[str]]:
    """Yield the ways in which an id may spell a segment of a path."""
    found = list(split(segment))
    if "{" not in segment:
        yield found
        if may_miss:
            yield []
        return
    for form in ([], found, found[-1:], found[:1]):
        yield form
        yield ["by", *form]


def http_verb(spoken: Sequence[str], operation: Operation) -> tuple[str, list[str]] | None:
    """Return the HTTP method of an operation that its id begins or ends with, and the other words; None without one."""
    method = operation.method.lower()
    first, *rest = spoken or ("",)
    if first == method:
        return method, rest
    if rest and rest[-1] == method:
        return method, [first, *rest[:-1]]
    return None
