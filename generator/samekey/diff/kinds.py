"""The kinds of changes, and which of them break what users of an SDK have written."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from msgspec import Struct
from samekey_templates.runtime.declare import table


class ChangeKind(StrEnum):
    """What has changed for users of an SDK; the names are stable."""

    PACKAGE_RENAMED = "package-renamed"
    DISTRIBUTION_RENAMED = "distribution-renamed"
    PYTHON_RAISED = "python-raised"
    CLIENT_RENAMED = "client-renamed"
    CLIENT_ARGUMENT_ADDED = "client-argument-added"
    CLIENT_ARGUMENT_REQUIRED = "client-argument-required"
    CLIENT_ARGUMENT_REMOVED = "client-argument-removed"
    CLIENT_ARGUMENT_RENAMED = "client-argument-renamed"
    CLIENT_ARGUMENT_NARROWED = "client-argument-narrowed"
    CLIENT_ARGUMENT_WIDENED = "client-argument-widened"
    SERVER_ADDED = "server-added"
    SERVER_REMOVED = "server-removed"
    SERVER_MOVED = "server-moved"
    CALL_ADDED = "call-added"
    CALL_REMOVED = "call-removed"
    CALL_RENAMED = "call-renamed"
    CALL_REPLACED = "call-replaced"
    CALL_MOVED = "call-moved"
    CALL_DEPRECATED = "call-deprecated"
    ARGUMENT_ADDED = "argument-added"
    ARGUMENT_REQUIRED = "argument-required"
    ARGUMENT_OPTIONAL = "argument-optional"
    ARGUMENT_REMOVED = "argument-removed"
    ARGUMENT_RENAMED = "argument-renamed"
    ARGUMENT_REORDERED = "argument-reordered"
    ARGUMENT_NARROWED = "argument-narrowed"
    ARGUMENT_WIDENED = "argument-widened"
    ARGUMENT_DEPRECATED = "argument-deprecated"
    DEFAULT_CHANGED = "default-changed"
    LIMIT_NARROWED = "limit-narrowed"
    LIMIT_WIDENED = "limit-widened"
    RESULT_CHANGED = "result-changed"
    RESULT_NARROWED = "result-narrowed"
    STREAM_ADDED = "stream-added"
    STREAM_REMOVED = "stream-removed"
    STREAM_CHANGED = "stream-changed"
    ERROR_TYPE_ADDED = "error-type-added"
    ERROR_TYPE_CHANGED = "error-type-changed"
    KEY_ADDED = "key-added"
    KEY_REMOVED = "key-removed"
    KEY_SHORTENED = "key-shortened"
    PROMISE_LOST = "promise-lost"
    PROMISE_GAINED = "promise-gained"
    RETRY_LOST = "retry-lost"
    RETRY_GAINED = "retry-gained"
    EVIDENCE_CHANGED = "evidence-changed"
    CREDENTIALS_REQUIRED = "credentials-required"
    CREDENTIALS_RELAXED = "credentials-relaxed"
    TYPE_ADDED = "type-added"
    TYPE_REMOVED = "type-removed"
    TYPE_RENAMED = "type-renamed"
    TYPE_REPLACED = "type-replaced"
    FIELD_ADDED = "field-added"
    FIELD_REQUIRED = "field-required"
    FIELD_OPTIONAL = "field-optional"
    FIELD_REMOVED = "field-removed"
    FIELD_RENAMED = "field-renamed"
    FIELD_CHANGED = "field-changed"
    FIELD_NARROWED = "field-narrowed"
    FIELD_REFINED = "field-refined"
    FIELD_DEPRECATED = "field-deprecated"
    MEMBER_ADDED = "member-added"
    MEMBER_REMOVED = "member-removed"
    MEMBER_RENAMED = "member-renamed"
    MEMBER_CHANGED = "member-changed"
    UNION_WIDENED = "union-widened"
    UNION_NARROWED = "union-narrowed"
    UNION_REFINED = "union-refined"
    WEBHOOK_ADDED = "webhook-added"
    WEBHOOK_REMOVED = "webhook-removed"
    WEBHOOK_CHANGED = "webhook-changed"
    WEBHOOK_REFINED = "webhook-refined"


class ChangeSection(StrEnum):
    """Where a change stands in a report, and in a changelog (keepachangelog.com)."""

    BREAKING = "Breaking"
    ADDED = "Added"
    CHANGED = "Changed"
    DEPRECATED = "Deprecated"


class ChangeRule(Struct, frozen=True):
    """What a kind of change means for users.

    Args:
        section: where it stands; `BREAKING` where it breaks programs.
        about: what has changed, in a line.
        why: why it breaks, or does not.
    """

    section: ChangeSection
    about: str
    why: str

    @property
    def breaks(self) -> bool:
        """Whether programs that were written before may fail, at their types or when they run."""
        return self.section is ChangeSection.BREAKING


def _breaks(about: str, why: str) -> ChangeRule:
    return ChangeRule(ChangeSection.BREAKING, about, why)


def _adds(about: str, why: str) -> ChangeRule:
    return ChangeRule(ChangeSection.ADDED, about, why)


def _changes(about: str, why: str) -> ChangeRule:
    return ChangeRule(ChangeSection.CHANGED, about, why)


def _warns(about: str) -> ChangeRule:
    return ChangeRule(ChangeSection.DEPRECATED, about, "It works as before; type checkers and `-W` tell users.")


_UNUSED: Final = "Nobody uses it yet."
_OPTIONAL: Final = "It may be left out, as it was before."
_NOT_FOUND: Final = "Type checkers find no such name, and Python none when the program runs."
_WIDER: Final = "All that was taken before is taken still."

CHANGE_RULES: Final = table(
    ChangeKind,
    {
        ChangeKind.PACKAGE_RENAMED: _breaks("the import name of the package is another", _NOT_FOUND),
        ChangeKind.DISTRIBUTION_RENAMED: _breaks(
            "the name to install is another", "Whoever updates the old one gets nothing new."
        ),
        ChangeKind.PYTHON_RAISED: _breaks(
            "the SDK needs a newer Python", "Installers keep the old SDK where Python is older, or refuse the new one."
        ),
        ChangeKind.CLIENT_RENAMED: _breaks("the classes of the clients have another name", _NOT_FOUND),
        ChangeKind.CLIENT_ARGUMENT_ADDED: _adds("the clients take another argument", _OPTIONAL),
        ChangeKind.CLIENT_ARGUMENT_REQUIRED: _breaks(
            "the clients need another argument", "A client that is made without it has no base URL."
        ),
        ChangeKind.CLIENT_ARGUMENT_REMOVED: _breaks("an argument of the clients is gone", _NOT_FOUND),
        ChangeKind.CLIENT_ARGUMENT_RENAMED: _breaks("an argument of the clients has another name", _NOT_FOUND),
        ChangeKind.CLIENT_ARGUMENT_NARROWED: _breaks(
            "an argument of the clients takes less than before", "What was given before may be refused."
        ),
        ChangeKind.CLIENT_ARGUMENT_WIDENED: _changes("an argument of the clients takes more than before", _WIDER),
        ChangeKind.SERVER_ADDED: _adds("`SERVERS` has another server", _UNUSED),
        ChangeKind.SERVER_REMOVED: _breaks(
            "a server has left `SERVERS`", "`SERVERS[name]` is a KeyError, and `base_url=name` is no URL."
        ),
        ChangeKind.SERVER_MOVED: _changes(
            "a server has another URL, or another one is the usual one", "Programs send elsewhere as they are."
        ),
        ChangeKind.CALL_ADDED: _adds("there is another method", _UNUSED),
        ChangeKind.CALL_REMOVED: _breaks("a method is gone", _NOT_FOUND),
        ChangeKind.CALL_RENAMED: _breaks("a method has another name", _NOT_FOUND),
        ChangeKind.CALL_REPLACED: _breaks(
            "a method means another operation", "It is called as before, and something else is done."
        ),
        ChangeKind.CALL_MOVED: _changes("an operation has another path or method", "It is called as before."),
        ChangeKind.CALL_DEPRECATED: _warns("a method is deprecated"),
        ChangeKind.ARGUMENT_ADDED: _adds("a method takes another argument", _OPTIONAL),
        ChangeKind.ARGUMENT_REQUIRED: _breaks(
            "an argument must be given that was not there, or could be left out",
            "Calls without it are a TypeError, and type checkers say so.",
        ),
        ChangeKind.ARGUMENT_OPTIONAL: _changes("an argument may be left out", _WIDER),
        ChangeKind.ARGUMENT_REMOVED: _breaks(
            "an argument is gone", "Calls that give it are a TypeError, and type checkers say so."
        ),
        ChangeKind.ARGUMENT_RENAMED: _breaks(
            "an argument has another name", "Calls that give it by name are a TypeError, and type checkers say so."
        ),
        ChangeKind.ARGUMENT_REORDERED: _breaks(
            "arguments of the path are in another order, or have to be given by name",
            "Calls that give them without names mix them up, or are a TypeError.",
        ),
        ChangeKind.ARGUMENT_NARROWED: _breaks(
            "an argument takes less than before", "Type checkers refuse what was given before."
        ),
        ChangeKind.ARGUMENT_WIDENED: _changes("an argument takes more than before", _WIDER),
        ChangeKind.ARGUMENT_DEPRECATED: _warns("an argument is deprecated"),
        ChangeKind.DEFAULT_CHANGED: _breaks(
            "what the API takes where a value is left out is another", "Calls that leave it out do something else."
        ),
        ChangeKind.LIMIT_NARROWED: _breaks(
            "the API takes less: a smaller range, fewer characters or items, another pattern",
            "The API refuses what it took; type checkers do not see it.",
        ),
        ChangeKind.LIMIT_WIDENED: _changes("the API takes a larger range, more characters or items", _WIDER),
        ChangeKind.RESULT_CHANGED: _breaks(
            "a method returns what it did not return before",
            "What programs do with the result may fail, and type checkers say so.",
        ),
        ChangeKind.RESULT_NARROWED: _changes(
            "a method returns less than it could before", "All that comes back could come back before."
        ),
        ChangeKind.STREAM_ADDED: _adds("a method can be streamed", _UNUSED),
        ChangeKind.STREAM_REMOVED: _breaks("a method cannot be streamed any more", _NOT_FOUND),
        ChangeKind.STREAM_CHANGED: _breaks(
            "the items of a stream are others", "What programs do with them may fail, and type checkers say so."
        ),
        ChangeKind.ERROR_TYPE_ADDED: _adds(
            "the body of an error has a type", "It was plain JSON, of which nothing was promised."
        ),
        ChangeKind.ERROR_TYPE_CHANGED: _breaks(
            "the body of an error has another type, or none", "`isinstance(error.body, …)` is no longer true."
        ),
        ChangeKind.KEY_ADDED: _adds(
            "a method carries an idempotency key", "It takes two more arguments, which may be left out."
        ),
        ChangeKind.KEY_REMOVED: _breaks(
            "a method carries no idempotency key any more",
            "Calls that give `idempotency_key` or `first_use` are a TypeError, and type checkers say so.",
        ),
        ChangeKind.KEY_SHORTENED: _breaks(
            "the API takes shorter keys only", "A key of the caller's own that is longer is a ValueError."
        ),
        ChangeKind.PROMISE_LOST: _breaks(
            "it is no longer promised that a repeated call does nothing twice",
            "Programs that rest on it may do something twice; `may_be_repeated` of errors is now true.",
        ),
        ChangeKind.PROMISE_GAINED: _changes(
            "it is promised that a repeated call does nothing twice", "It was not certain before."
        ),
        ChangeKind.RETRY_LOST: _breaks(
            "a call whose answer is lost is not sent again any more", "Programs get errors that they did not get."
        ),
        ChangeKind.RETRY_GAINED: _changes(
            "a call whose answer is lost is sent again", "Programs get fewer errors; what is certain stands on them."
        ),
        ChangeKind.EVIDENCE_CHANGED: _changes(
            "somebody else says that the API honours a key", "The promise is the same."
        ),
        ChangeKind.CREDENTIALS_REQUIRED: _breaks(
            "a method needs credentials that it did not need", "Clients without them are refused."
        ),
        ChangeKind.CREDENTIALS_RELAXED: _changes(
            "a method needs fewer credentials, or takes others too", "Those that were given will do."
        ),
        ChangeKind.TYPE_ADDED: _adds("`models` has another type", _UNUSED),
        ChangeKind.TYPE_REMOVED: _breaks("a type has left `models`", _NOT_FOUND),
        ChangeKind.TYPE_RENAMED: _breaks("a type has another name", _NOT_FOUND),
        ChangeKind.TYPE_REPLACED: _breaks(
            "a type is of another kind: a model, an enum, a union", "What is done with one cannot be done with another."
        ),
        ChangeKind.FIELD_ADDED: _adds("a model has another field", "It need not be given, and need not be read."),
        ChangeKind.FIELD_REQUIRED: _breaks(
            "a field of what is sent must be given that was not there, or could be left out",
            "Models and dicts that are made without it are refused by type checkers, and models by Python.",
        ),
        ChangeKind.FIELD_OPTIONAL: _changes("a field of what is sent may be left out", _WIDER),
        ChangeKind.FIELD_REMOVED: _breaks("a field is gone", "Whoever reads it, or gives it, fails."),
        ChangeKind.FIELD_RENAMED: _breaks("a field has another name", "Whoever reads it, or gives it, fails."),
        ChangeKind.FIELD_CHANGED: _breaks(
            "a field of what comes back may hold what it could not hold, such as None",
            "What programs do with it may fail, and type checkers say so.",
        ),
        ChangeKind.FIELD_NARROWED: _breaks(
            "a field of what is sent takes less than before", "Type checkers refuse what was given before."
        ),
        ChangeKind.FIELD_REFINED: _changes(
            "a field holds less of what comes back, or takes more of what is sent", "Nothing that was right is wrong."
        ),
        ChangeKind.FIELD_DEPRECATED: _warns("a field is deprecated"),
        ChangeKind.MEMBER_ADDED: _adds(
            "an enum has another value",
            "Enums are open: a server could send it before, as a value without a name. A `match` that ends in "
            "`assert_never` is told by type checkers.",
        ),
        ChangeKind.MEMBER_REMOVED: _breaks("a value has left an enum", _NOT_FOUND),
        ChangeKind.MEMBER_RENAMED: _breaks("a member of an enum has another name", _NOT_FOUND),
        ChangeKind.MEMBER_CHANGED: _breaks(
            "a member of an enum has another value", "What was stored or compared by its value is no longer it."
        ),
        ChangeKind.UNION_WIDENED: _breaks(
            "what comes back may be of another type than before",
            "What programs do with it may fail, and type checkers say so.",
        ),
        ChangeKind.UNION_NARROWED: _breaks(
            "a type may no longer be sent", "Type checkers refuse what was given before."
        ),
        ChangeKind.UNION_REFINED: _changes(
            "less may come back, or more may be sent", "Nothing that was right is wrong."
        ),
        ChangeKind.WEBHOOK_ADDED: _adds("there is another webhook", _UNUSED),
        ChangeKind.WEBHOOK_REMOVED: _breaks("a webhook is gone", "`decode` of its name is a KeyError."),
        ChangeKind.WEBHOOK_CHANGED: _breaks(
            "the payload of a webhook is what it could not be before",
            "What programs do with it may fail, and type checkers say so.",
        ),
        ChangeKind.WEBHOOK_REFINED: _changes(
            "the payload of a webhook is less than it could be", "Nothing that was right is wrong."
        ),
    },
)


class SdkChange(Struct, frozen=True):
    """Something that has changed for users of an SDK.

    Args:
        kind: what has changed.
        subject: of which name, such as `charges.create`.
        message: how, in words; code stands between backticks.
    """

    kind: ChangeKind
    subject: str
    message: str

    @property
    def section(self) -> ChangeSection:
        """Where it stands in a report."""
        return CHANGE_RULES[self.kind].section

    @property
    def breaks(self) -> bool:
        """Whether programs that were written before may fail."""
        return CHANGE_RULES[self.kind].breaks

    @property
    def sentence(self) -> str:
        """The change in a line: the subject as code, and what has become of it."""
        return f"`{self.subject}` {self.message}"
