"""The situation of each operation whose answer is lost, and the verdict that follows from it."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from samekey_templates.runtime.declare import table
from samekey_templates.runtime.safety import METHODS

from samekey.audit.model import RepeatVerdict
from samekey.audit.natures import Nature, acting_verb, nature_of, says_what, second_is_refused
from samekey.audit.view import answers, requires_header
from samekey.identifiers import singular, split
from samekey.ir import Evidence, ListOf, Location, Safety

if TYPE_CHECKING:
    from samekey.audit.view import ApiView, SaidOfKeys
    from samekey.ir import Operation, Type

_DELTA_FIELD: Final = re.compile(
    r"(increment|append|delta)(_?by)?|\w+_(increment|delta)|(add|remove|inc(rement)?)_?(by|to)_?\w*", re.IGNORECASE
)
_ADDS_IN_PROSE: Final = re.compile(
    r"\b(appends?|increments?|(is|are) added to|adds? to the (list|end))\b", re.IGNORECASE
)
_JSON_PATCH: Final = frozenset({"op", "path"})
_CREATES: Final = frozenset({"create", "add", "new", "insert", "register", "make"})
_IDS: Final = re.compile(r"(\w*_)?(id|key|name|uuid|slug|code|reference|identifier|number)|\w+(Id|Key|Name|Uuid|Code)")
_CREATED: Final = 201
_MERGE_PATCH: Final = "application/merge-patch+json"
"""RFC 7396: what is sent is what the fields are afterwards."""


class Situation(StrEnum):
    """What an operation is, when its answer is lost."""

    READS = "reads"
    """A method that only reads."""
    READ_THAT_ACTS = "read-that-acts"
    """A method that only reads, under a name that says something else."""
    TWICE_IS_ONCE = "twice-is-once"
    """PUT or DELETE."""
    PUT_THAT_CREATES = "put-that-creates"
    """A PUT that makes something, and nothing in its request says what."""
    KEYED = "keyed"
    """It has a key, and somebody says that the key is honoured."""
    UNCONFIRMED = "unconfirmed"
    """It is said where its key travels, and not whether it is honoured."""
    DENIED = "denied"
    """The document declares a key, and the config says that it is not honoured."""
    CONDITIONAL = "conditional"
    """It is refused where the thing has changed meanwhile."""
    MERGE_PATCH = "merge-patch"
    """A PATCH whose media type says that it sets fields."""
    SECOND_REFUSED = "second-refused"
    """The document says that a second thing of the same name is refused."""
    SIGNS_IN = "signs-in"
    """It gives out tokens, or begins or ends a session."""
    SEEMS_TO_READ = "seems-to-read"
    """A POST that only reads, by its name."""
    SETS = "sets"
    """A POST that brings something into a state, by its name."""
    PATCH_SETS = "patch-sets"
    """A PATCH of which nothing says that it adds."""
    PATCH_ADDS = "patch-adds"
    """A PATCH that adds to what is there."""
    COSTS = "costs"
    """A POST that moves money or goods, or sends something to somebody, by its name."""
    ACTS = "acts"
    """Any other POST."""
    RPC = "rpc"
    """A POST of an API that has nothing else, under a name without a verb."""
    OTHER_METHOD = "other-method"
    """A method that HTTP does not define."""


class Consequence(Struct, frozen=True):
    """What follows from a situation: the verdict, and what happens if the answer is lost."""

    verdict: RepeatVerdict
    lost: str


CONSEQUENCES: Final = table(
    Situation,
    {
        Situation.READS: Consequence(RepeatVerdict.SAFE, "It can be sent again: it only reads."),
        Situation.READ_THAT_ACTS: Consequence(
            RepeatVerdict.UNKNOWN,
            "Clients and proxies send it again by themselves, since it is a GET; by its name it does something each "
            "time.",
        ),
        Situation.TWICE_IS_ONCE: Consequence(RepeatVerdict.SAFE, "It can be sent again: twice is the same as once."),
        Situation.PUT_THAT_CREATES: Consequence(
            RepeatVerdict.NOT_SAFE,
            "It is sent again, since it is a PUT; it may make a second thing, since nothing in the request says which "
            "one.",
        ),
        Situation.KEYED: Consequence(
            RepeatVerdict.WITH_KEY, "It can be sent again with the same key: the API answers for the first request."
        ),
        Situation.UNCONFIRMED: Consequence(
            RepeatVerdict.IF_HONOURED,
            "It can be sent again with the same key, if the API honours it; nobody says that it does.",
        ),
        Situation.DENIED: Consequence(
            RepeatVerdict.NOT_SAFE,
            "It may be done twice: the document declares a key, and the API is said not to honour it.",
        ),
        Situation.CONDITIONAL: Consequence(
            RepeatVerdict.SAFE, "It can be sent again: once it was done, a second request is refused by its If-Match."
        ),
        Situation.MERGE_PATCH: Consequence(
            RepeatVerdict.SAFE, "It can be sent again: a merge patch sets fields, and twice is the same as once."
        ),
        Situation.SECOND_REFUSED: Consequence(
            RepeatVerdict.UNKNOWN,
            "A second request may be refused as a duplicate; the refusal does not say whether the first one made it.",
        ),
        Situation.SIGNS_IN: Consequence(
            RepeatVerdict.UNKNOWN,
            "A new session or token does no harm, as a rule; a code that can be used once is used up.",
        ),
        Situation.SEEMS_TO_READ: Consequence(
            RepeatVerdict.UNKNOWN,
            "By its name it only reads, and could be sent again; POST promises nothing of the kind.",
        ),
        Situation.SETS: Consequence(
            RepeatVerdict.UNKNOWN,
            "By its name it brings something into a state; it is not said what a second request gets, or does.",
        ),
        Situation.PATCH_SETS: Consequence(
            RepeatVerdict.UNKNOWN,
            "If it sets fields, twice is the same as once; the document does not say so, and PATCH does not promise "
            "it.",
        ),
        Situation.PATCH_ADDS: Consequence(
            RepeatVerdict.NOT_SAFE,
            "It may be done twice: it adds to what is there, and has no key to tell a repetition by.",
        ),
        Situation.COSTS: Consequence(
            RepeatVerdict.NOT_SAFE, "It may be done twice, and by its name that costs money or reaches people."
        ),
        Situation.ACTS: Consequence(
            RepeatVerdict.NOT_SAFE, "It may be done twice: there is no key to tell a repetition from a new request."
        ),
        Situation.RPC: Consequence(
            RepeatVerdict.UNKNOWN, "All of this API is POST, and neither method nor name say whether it does anything."
        ),
        Situation.OTHER_METHOD: Consequence(
            RepeatVerdict.UNKNOWN, "HTTP does not say what its method does, and neither does the document."
        ),
    },
)


class Judged(Struct, frozen=True):
    """An operation with its situation."""

    operation: Operation
    situation: Situation
    said: SaidOfKeys

    @property
    def consequence(self) -> Consequence:
        """What follows from it."""
        return CONSEQUENCES[self.situation]


def judged_operation(operation: Operation, view: ApiView) -> Judged:
    """Return an operation with its situation."""
    said = view.said[operation.key]
    return Judged(operation, _situation(operation, view, said), said)


def _situation(operation: Operation, view: ApiView, said: SaidOfKeys) -> Situation:
    found = _by_method(operation, view) or _by_key(operation, said)
    if found is not None:
        return found
    return _of_patch(operation, view) if operation.method == "PATCH" else _of_post(operation, view)


def _by_method(operation: Operation, view: ApiView) -> Situation | None:
    """Return the situation that the method alone makes; None for what needs a key, or has one."""
    if operation.safety is Safety.SAFE:
        return Situation.READ_THAT_ACTS if operation.method == "GET" and acting_verb(operation) else Situation.READS
    if operation.safety is Safety.IDEMPOTENT:
        return Situation.PUT_THAT_CREATES if _creates_something(operation, view) else Situation.TWICE_IS_ONCE
    return None if operation.method in METHODS else Situation.OTHER_METHOD


def _by_key(operation: Operation, said: SaidOfKeys) -> Situation | None:
    """Return the situation that a key makes; None where there is none, and none is proposed."""
    is_keyed = operation.safety is Safety.KEYED
    if is_keyed and operation.evidence is not Evidence.ASSUMED:
        return Situation.KEYED
    if said.denied and any(not key.is_proposed for key in operation.declared):
        return Situation.DENIED
    if is_keyed and (said.carrier or any(key.is_proposed for key in operation.declared)):
        return Situation.UNCONFIRMED
    return Situation.CONDITIONAL if requires_header(operation, "if-match") else None


def _of_patch(operation: Operation, view: ApiView) -> Situation:
    if adds(operation, view):
        return Situation.PATCH_ADDS
    return Situation.MERGE_PATCH if _media_type(operation) == _MERGE_PATCH else Situation.PATCH_SETS


def _media_type(operation: Operation) -> str:
    return operation.body.media_type.partition(";")[0].strip().lower() if operation.body is not None else ""


def _of_post(operation: Operation, view: ApiView) -> Situation:
    nature = nature_of(operation)
    if operation.issues_tokens:
        return Situation.SIGNS_IN
    if nature is Nature.ACTS and second_is_refused(operation, view.boilerplate):
        return Situation.SECOND_REFUSED
    if nature is Nature.ACTS and view.only_posts and not says_what(operation):
        return Situation.RPC
    return _OF_NATURES[nature]


_OF_NATURES: Final = table(
    Nature,
    {
        Nature.READS: Situation.SEEMS_TO_READ,
        Nature.SETS: Situation.SETS,
        Nature.SIGNS_IN: Situation.SIGNS_IN,
        Nature.COSTS: Situation.COSTS,
        Nature.ACTS: Situation.ACTS,
    },
)


def adds(operation: Operation, view: ApiView) -> bool:
    """Whether a PATCH adds to what is there: a JSON patch, a field that says so, or a description that does."""
    if _ADDS_IN_PROSE.search(f"{operation.summary} {operation.description}"):
        return True
    body = operation.body
    if body is None:
        return False
    is_patch = _media_type(operation) == "application/json-patch+json" or _is_patch(body.type, view)
    return is_patch or any(_DELTA_FIELD.fullmatch(field.name) for field in view.fields(body.type))


def _is_patch(kind: Type, view: ApiView) -> bool:
    """Whether a body is a list of steps such as `{op: add, path: /tags/-}` (RFC 6902)."""
    return isinstance(kind, ListOf) and {field.name for field in view.fields(kind.item)} >= _JSON_PATCH


def _creates_something(operation: Operation, view: ApiView) -> bool:
    """Whether a PUT makes something new each time: by its name and its 201, with no id in its path or body."""
    last = operation.path.rstrip("/").rpartition("/")[2]
    words = split(last)
    if operation.method != "PUT" or "{" in last or not words or not list(answers(operation, _CREATED)):
        return False
    is_list = singular(words[-1]) != words[-1]
    verb = next(iter(split(operation.id)), "")
    if not (verb in _CREATES or (not verb and is_list)):
        return False
    given = [field.name for field in view.fields(operation.body.type if operation.body else None) if field.required]
    given += [param.name for param in operation.params if param.required and param.location is Location.QUERY]
    return not any(_IDS.fullmatch(name) for name in given)
