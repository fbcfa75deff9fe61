"""The rules as pure functions: an operation, a webhook or a whole API goes in, what is to be said of it comes out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator  # noqa: TC003  # an alias below is made of them
from typing import TYPE_CHECKING, Final, TypeAlias, assert_never

from msgspec import Struct
from samekey_templates.runtime.declare import table

from samekey.audit.nodes import HERE, Aim, AtAnswer, AtBody, AtParameter, AuditSubject
from samekey.audit.rules import RULES
from samekey.audit.situations import Judged, Situation
from samekey.audit.view import ApiView, answers, names_duration
from samekey.config.audit import RuleId
from samekey.config.dialect import Carrier, carrier_words
from samekey.document.diagnostics import Severity
from samekey.ir import DeclaredKey, ListOf, Operation, Safety, StatusCode, Webhook
from samekey.lower.statuses import successes

if TYPE_CHECKING:
    from samekey.ir import Field, Response, Type

_SHORTEST: Final = 20
"""Characters below which a key of letters and digits is no longer unique by chance."""
_SHAPE_IN_PROSE: Final = re.compile(r"\buuid|\bguid|characters|\blength\b|\bascii\b|\bulid\b", re.IGNORECASE)
_CODES: Final = frozenset(
    """
    code error error_code errorcode errortype error_type type reason name issue errors error_name kind subcode key
    """.split()  # noqa: SIM905
)
"""Fields of errors that programs can read."""
_FLAGS: Final = frozenset({"ok", "success", "successful", "succeeded", "is_success", "issuccess", "is_successful"})
_ERRORS: Final = frozenset(
    "error errors error_code errorcode error_message errormessage error_description error_msg".split()  # noqa: SIM905
)
_THROTTLED: Final = (429, 503)
_COMES_BACK: Final = (
    "retry-after", "retry-after-ms", "ratelimit", "ratelimit-reset", "x-ratelimit-reset", "x-rate-limit-reset",
    "x-ratelimit-reset-after", "x-ratelimit-retry-after",
)  # fmt: skip
_EVENT_ID: Final = re.compile(
    r"id|uuid|guid|token|sid|(event|webhook|message|msg|delivery|notification|request|idempotency|activity|log|hook|transmission)"
    r"[_-]?(id|uuid|guid|key|token|sid)",
    re.IGNORECASE,
)
_EVENT_HEADER: Final = re.compile(
    r"webhook-id|([a-z0-9]+-)*(event|webhook|hook|delivery|message|msg|notification|request|transmission|idempotency|activity)"
    r"(-(id|uuid|guid|key))?|idempotency-key|ce-id",
    re.IGNORECASE,
)
_ENVELOPES: Final = frozenset(
    {"data", "event", "meta", "metadata", "header", "headers", "envelope", "payload", "message"}
)


class Spotted(Struct, frozen=True):
    """What a rule has found, before anybody has looked up where that stands."""

    rule: RuleId
    subject: AuditSubject
    message: str
    aim: Aim = HERE


class OfOperation(Struct, frozen=True):
    """A rule that looks at one operation."""

    check: Callable[[Judged, ApiView], Iterator[tuple[str, Aim]]]


class OfWebhook(Struct, frozen=True):
    """A rule that looks at one webhook."""

    check: Callable[[Webhook, ApiView], Iterator[tuple[str, Aim]]]


class OfApi(Struct, frozen=True):
    """A rule that looks at all operations together."""

    check: Callable[[tuple[Judged, ...], ApiView], Iterator[Spotted]]


RuleCheck: TypeAlias = OfOperation | OfWebhook | OfApi
"""How a rule is checked."""


def spotted(operations: tuple[Judged, ...], view: ApiView) -> Iterator[Spotted]:
    """Yield everything that the rules find, rule by rule, in the document's order.

    Nobody describes better what is going away, so deprecated operations get no notes.
    """
    current = tuple(entry for entry in operations if not entry.operation.deprecated)
    for rule, kind in CHECKS.items():
        match kind:
            case OfOperation():
                for entry in current if RULES[rule].severity is Severity.NOTE else operations:
                    yield from (Spotted(rule, entry.operation, text, aim) for text, aim in kind.check(entry, view))
            case OfWebhook():
                for webhook in view.api.webhooks:
                    yield from (Spotted(rule, webhook, text, aim) for text, aim in kind.check(webhook, view))
            case OfApi():
                yield from kind.check(operations, view)
            case _:
                assert_never(kind)


def counting_key(operation: Operation) -> DeclaredKey | None:
    """Return the declared carrier that holds for an operation; None where it declares none, or none that counts."""
    where = (operation.profile.carrier, operation.profile.name)
    return next((key for key in operation.declared if (key.carrier, key.name) == where), None)


def carrier_of(key: DeclaredKey) -> str:
    """Return where a key travels, such as `header Idempotency-Key`."""
    return f"{carrier_words(key.carrier)} {'.'.join((*key.within, key.name))}"


def _in(situation: Situation, message: str) -> OfOperation:
    """Return a rule that finds every operation of a situation."""

    def check(entry: Judged, _: ApiView) -> Iterator[tuple[str, Aim]]:
        if entry.situation is situation:
            yield message, HERE

    return OfOperation(check)


def _without_key(situation: Situation) -> OfOperation:
    """Return a rule that finds operations without a key, and names the one that others of the API have."""

    def check(entry: Judged, view: ApiView) -> Iterator[tuple[str, Aim]]:
        if entry.situation is situation:
            usual = usual_key(view)
            elsewhere = "" if usual is None else f"; others of this API have the {carrier_of(usual)}"
            yield f"it has no key{elsewhere}", HERE

    return OfOperation(check)


def usual_key(view: ApiView) -> DeclaredKey | None:
    """Return the carrier that most operations of an API declare; None where none does."""
    declared = [
        key
        for operation in view.operations
        if operation.safety is not Safety.SAFE
        for key in operation.declared
        if not key.is_proposed
    ]
    places = Counter((key.carrier, key.within, key.name) for key in declared).most_common(1)
    return next((key for key in declared if places and (key.carrier, key.within, key.name) == places[0][0]), None)


def _aim(key: DeclaredKey) -> Aim:
    return AtBody() if key.carrier is Carrier.BODY else AtParameter(key.name)


def _own_key(entry: Judged) -> DeclaredKey | None:
    """Return the key that the document itself declares at a keyed operation."""
    key = counting_key(entry.operation) if entry.situation is Situation.KEYED else None
    return None if key is None or key.is_proposed else key


def _action_unsaid(entry: Judged, _: ApiView) -> Iterator[tuple[str, Aim]]:
    if entry.situation is Situation.SETS:
        yield "it is not said what a second request gets", HERE
    elif entry.situation is Situation.RPC:
        yield "all of this API is POST, and its name does not say whether it does anything", HERE


def _token_with_key(entry: Judged, _: ApiView) -> Iterator[tuple[str, Aim]]:
    if entry.operation.issues_tokens:
        yield from (
            (f"it gives out tokens, and declares the {carrier_of(key)}", _aim(key)) for key in entry.operation.declared
        )


def _short_key(entry: Judged, _: ApiView) -> Iterator[tuple[str, Aim]]:
    key = _own_key(entry)
    if key is not None and key.limits.max_length is not None and key.limits.max_length < _SHORTEST:
        yield f"the {carrier_of(key)} has room for {key.limits.max_length} characters only", _aim(key)


def _success_that_refuses(entry: Judged, view: ApiView) -> Iterator[tuple[str, Aim]]:
    operation = entry.operation
    if entry.situation in {Situation.READS, Situation.SEEMS_TO_READ} or operation.profile.refused:
        return
    for response in successes(operation.responses):
        fields = view.fields(response.type)
        flags = sorted(field.name for field in fields if field.required and field.name.lower() in _FLAGS)
        errors = sorted(field.name for field in fields if field.name.lower() in _ERRORS)
        if flags and errors:
            flag, error = flags[0], errors[0]
            yield f"its answer of success has the fields {flag!r} and {error!r}", AtAnswer(response.status)


def _webhook_without_id(webhook: Webhook, view: ApiView) -> Iterator[tuple[str, Aim]]:
    fields = view.fields(webhook.type)
    inner = (field for holder in fields if holder.name.lower() in _ENVELOPES for field in view.fields(holder.type))
    named = any(_EVENT_ID.fullmatch(field.name) for field in (*fields, *inner))
    if fields and not named and not any(_EVENT_HEADER.fullmatch(header) for header in webhook.headers):
        yield "the document names no id of the event, neither in its headers nor in its payload", HERE


def _key_on_read(entry: Judged, _: ApiView) -> Iterator[tuple[str, Aim]]:
    if entry.operation.safety is not Safety.SAFE:
        return
    for key in entry.operation.declared:
        where = "it declares" if key.is_own else "its path declares, for all of its methods,"
        yield f"{where} the {carrier_of(key)}", _aim(key)


def _optional_key(entry: Judged, _: ApiView) -> Iterator[tuple[str, Aim]]:
    key = _own_key(entry)
    if key is not None and not key.required:
        yield f"the {carrier_of(key)} is optional", _aim(key)


def _key_without_shape(entry: Judged, _: ApiView) -> Iterator[tuple[str, Aim]]:
    key = _own_key(entry)
    if key is None or any((key.limits.format, key.limits.pattern, key.limits.max_length)):
        return
    if not _SHAPE_IN_PROSE.search(key.doc):
        yield f"nothing says how long the {carrier_of(key)} may be, or what it looks like", _aim(key)


def _in_flight_unsaid(entry: Judged, _: ApiView) -> Iterator[tuple[str, Aim]]:
    operation = entry.operation
    if entry.situation is Situation.KEYED and operation.profile.in_flight is None and not list(answers(operation, 409)):
        yield "no answer is documented for a key whose first request still runs", HERE


def _mismatch_unsaid(entry: Judged, _: ApiView) -> Iterator[tuple[str, Aim]]:
    operation = entry.operation
    if entry.situation is Situation.KEYED and operation.profile.mismatch is None and not list(answers(operation, 422)):
        yield "no answer is documented for a key that comes with another payload", HERE


def _refusal_without_code(entry: Judged, view: ApiView) -> Iterator[tuple[str, Aim]]:
    if entry.situation is not Situation.KEYED:
        return
    profile = entry.operation.profile
    named = {signal.status for signal in (*(profile.in_flight or ()), *(profile.mismatch or ())) if signal.code}
    for response in answers(entry.operation, 409, 422):
        if not isinstance(response.status, StatusCode) or response.status.value in named:
            continue
        if response.type is None:
            yield f"its {response.status.value} has no schema", AtAnswer(response.status)
        elif not _has_code(response.type, view):
            yield f"its {response.status.value} has no field for a code", AtAnswer(response.status)


def _has_code(kind: Type, view: ApiView) -> bool:
    fields = view.fields(kind)
    inner = (field for holder in fields for field in _inside(holder, view))
    return any(field.name.lower() in _CODES for field in (*fields, *inner))


def _inside(holder: Field, view: ApiView) -> tuple[Field, ...]:
    return view.fields(holder.type.item if isinstance(holder.type, ListOf) else holder.type)


def _no_replay_marker(entry: Judged, view: ApiView) -> Iterator[tuple[str, Aim]]:
    operation = entry.operation
    marks = tuple(name.lower() for name in operation.profile.replayed)
    if entry.situation is not Situation.KEYED or any(mark in view.api.description.lower() for mark in marks):
        return
    if not any(response.has_header(*marks) for response in successes(operation.responses)):
        yield "no header of its answers tells a stored one", HERE


def _no_ttl(entry: Judged, view: ApiView) -> Iterator[tuple[str, Aim]]:
    if entry.situation is not Situation.KEYED or entry.said.ttl or names_duration(view.prose):
        return
    key = _own_key(entry)
    yield "nothing says how long its key is remembered", HERE if key is None else _aim(key)


def _no_retry_after(entry: Judged, _: ApiView) -> Iterator[tuple[str, Aim]]:
    for response in answers(entry.operation, *_THROTTLED):
        if isinstance(response.status, StatusCode) and not _says_when(response):
            yield f"its {response.status.value} does not say when to come back", AtAnswer(response.status)


def _says_when(response: Response) -> bool:
    return response.has_header(*_COMES_BACK) or "retry-after" in response.doc.lower()


def _two_carriers(operations: tuple[Judged, ...], _: ApiView) -> Iterator[Spotted]:
    homes: dict[tuple[Carrier, str], list[Operation]] = {}
    spelled: dict[tuple[Carrier, str], str] = {}
    for entry in operations:
        for key in entry.operation.declared:
            if entry.operation.safety is not Safety.SAFE and not key.is_proposed:
                place = (key.carrier, re.sub(r"[-_]", "", key.name).lower())
                spelled.setdefault(place, f"{carrier_words(key.carrier)} {key.name}")
                homes.setdefault(place, []).append(entry.operation)
    if len(homes) > 1:
        counts = Counter({place: len(found) for place, found in homes.items()}).most_common()
        listed = ", ".join(f"in the {spelled[place]} on {count} of them" for place, count in counts)
        rarest = homes[counts[-1][0]][0]
        yield Spotted(
            RuleId.TWO_CARRIERS,
            None,
            f"its operations differ in where a key travels: {listed}; {rarest.key} is one of the last",
        )


_ROWS: Final[dict[RuleId, RuleCheck]] = {
    RuleId.COSTLY_WITHOUT_KEY: _without_key(Situation.COSTS),
    RuleId.KEY_NOT_HONOURED: _in(
        Situation.DENIED, "the document declares a key, and the config says that it is not honoured"
    ),
    RuleId.NO_KEY: _without_key(Situation.ACTS),
    RuleId.PATCH_THAT_ADDS: _in(Situation.PATCH_ADDS, "it adds to what is there, and has no key"),
    RuleId.GET_THAT_ACTS: _in(Situation.READ_THAT_ACTS, "by its name it does something each time"),
    RuleId.PUT_WITHOUT_ID: _in(Situation.PUT_THAT_CREATES, "it creates, and neither its path nor its body says what"),
    RuleId.KEY_UNCONFIRMED: _in(Situation.UNCONFIRMED, "its key is proposed, and nobody says that it is honoured"),
    RuleId.TWO_CARRIERS: OfApi(_two_carriers),
    RuleId.TOKEN_WITH_KEY: OfOperation(_token_with_key),
    RuleId.SHORT_KEY: OfOperation(_short_key),
    RuleId.SUCCESS_THAT_REFUSES: OfOperation(_success_that_refuses),
    RuleId.WEBHOOK_WITHOUT_ID: OfWebhook(_webhook_without_id),
    RuleId.ACTION_UNSAID: OfOperation(_action_unsaid),
    RuleId.PATCH_UNSAID: _in(Situation.PATCH_SETS, "it is not said that twice is the same as once"),
    RuleId.POST_THAT_READS: _in(Situation.SEEMS_TO_READ, "by its name it only reads"),
    RuleId.REPEAT_REFUSED: _in(Situation.SECOND_REFUSED, "a duplicate is refused with 409"),
    RuleId.KEY_ON_READ: OfOperation(_key_on_read),
    RuleId.OPTIONAL_KEY: OfOperation(_optional_key),
    RuleId.KEY_WITHOUT_SHAPE: OfOperation(_key_without_shape),
    RuleId.IN_FLIGHT_UNSAID: OfOperation(_in_flight_unsaid),
    RuleId.MISMATCH_UNSAID: OfOperation(_mismatch_unsaid),
    RuleId.REFUSAL_WITHOUT_CODE: OfOperation(_refusal_without_code),
    RuleId.NO_REPLAY_MARKER: OfOperation(_no_replay_marker),
    RuleId.NO_TTL: OfOperation(_no_ttl),
    RuleId.NO_RETRY_AFTER: OfOperation(_no_retry_after),
}
CHECKS: Final = table(RuleId, _ROWS)
"""How each rule is checked."""
