"""Decide for each operation whether it is safe, idempotent, keyed or unsafe (docs/retry-rules.md, section 1)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace
from samekey_templates.runtime.declare import table
from samekey_templates.runtime.safety import IDEMPOTENT_METHODS, SAFE_METHODS, Evidence

from samekey.config.dialect import DEFAULT, USUAL_IN_FLIGHT, USUAL_MISMATCH, Assume, Carrier, Dialect, Signal
from samekey.ir import BodyKind, MapOf, Model, Named, Safety, StatusCode, UnlistedRule
from samekey.lower.key_location import fit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from samekey.document.node import Node
    from samekey.ir import Body, DeclaredKey, Response
    from samekey.lower.schemas import Schemas

_CARRIERS: Final = table(
    Carrier, {Carrier.HEADER: "header parameter", Carrier.QUERY: "query parameter", Carrier.BODY: "body field"}
)
_ABOUT_KEYS = re.compile(r"idempoten|same key|request.?id|duplicate|de-?dup", re.IGNORECASE)
_RUNNING = re.compile(
    r"in.?flight|in progress|still (running|being|in)|concurrent|(already|being) process", re.IGNORECASE
)
_OTHER_PAYLOAD = re.compile(r"mismatch|re-?used?|(different|another) (request|payload|body|param)", re.IGNORECASE)


class Ruling(Struct, frozen=True):
    """The safety of an operation, the dialect that holds for it, and why.

    Args:
        safety: what sending it twice may do.
        profile: the dialect.
        why: the reason, in words.
        evidence: who says that the API honours the key; None where there is none.
        key_only: whether it is retried as if it had no key.
    """

    safety: Safety
    profile: Dialect
    why: str
    evidence: Evidence | None = None
    key_only: bool = False


class WholeDocument(Struct, frozen=True):
    """What a whole document says, which counts for each of its operations.

    Args:
        schemas: the definitions that bodies refer to.
        fields_only: whether it declares keys, and all of them in fields of bodies.
        token_paths: the paths of the token endpoints of its own OAuth2 flows.
    """

    schemas: Schemas
    fields_only: bool = False
    token_paths: frozenset[str] = frozenset()


class Subject(Struct, frozen=True):
    """The operation that is judged.

    Args:
        node: where it stands, for findings.
        method: in capitals.
        path: the path template.
        found: the carrier that the document declares for it, unless that is overruled.
        body: the request body.
        responses: the answers, whose descriptions may say how a conflict of keys looks.
    """

    node: Node
    method: str
    path: str
    found: DeclaredKey | None
    body: Body | None
    responses: Sequence[Response]


def judge(subject: Subject, document: WholeDocument, profile: Dialect) -> Ruling:
    """Decide whether an operation is safe, idempotent, keyed or unsafe, and which dialect holds for it.

    Args:
        subject: the operation.
        document: what the whole document says.
        profile: the dialect that the document's words and the config give for this operation.
    """
    method, found = subject.method, subject.found
    if method in SAFE_METHODS:
        return Ruling(Safety.SAFE, profile, f"{method} only reads")
    if method in IDEMPOTENT_METHODS and method not in profile.methods:
        if found is not None and not profile.methods_stated:
            # Some APIs create with PUT, and want a key there.
            return _declared(subject, found, profile)
        return Ruling(Safety.IDEMPOTENT, profile, f"{method} is idempotent by definition")
    if method not in profile.methods:
        honoured = " and ".join(profile.methods)
        why = f"the API honours keys on {honoured} only" if honoured else "the API honours no keys here"
        return Ruling(Safety.UNSAFE, profile, why)
    if found is not None:
        return _declared(subject, found, profile)
    return _undeclared(subject, document, profile)


def _undeclared(subject: Subject, document: WholeDocument, profile: Dialect) -> Ruling:
    """Return the verdict for an operation of which the document declares no key."""
    if subject.path in document.token_paths and profile.honoured is None:
        return Ruling(Safety.UNSAFE, profile, "it gives out tokens, and the endpoints of OAuth2 take no keys")
    if document.fields_only and profile.honoured is None and not is_stated(profile):
        return Ruling(Safety.UNSAFE, profile, "the document declares keys in fields of bodies only, and none here")
    spoken = _with_signals(profile, subject.responses)
    if profile.carrier is Carrier.BODY and not _takes_extra_fields(subject.body, document.schemas):
        why = f"keys travel in the body field {profile.name!r}, which it does not have"
        return Ruling(Safety.UNSAFE, spoken, why)
    return undeclared_rule(spoken)


def undeclared_rule(profile: Dialect) -> Ruling:
    """Return the verdict for a key of which the document says nothing, at an operation or at what it does not list."""
    if profile.honoured is None and profile.assume is Assume.NONE:
        return Ruling(Safety.UNSAFE, profile, "nobody says that the API honours keys here")
    evidence = profile.honoured or Evidence.ASSUMED
    key_only = evidence is Evidence.ASSUMED and profile.assume is Assume.KEY_ONLY
    return Ruling(Safety.KEYED, profile, _WHO_SAYS[evidence], evidence, key_only)


_WHO_SAYS: Final = table(
    Evidence,
    {
        Evidence.DECLARED: "the API's document says that keys are honoured here",
        Evidence.CONFIGURED: "the SDK's configuration says that keys are honoured here",
        Evidence.PRESET: "the API's dialect says that keys are honoured here",
        Evidence.VERIFIED: "`samekey verify` saw that keys are honoured here",
        Evidence.ASSUMED: "the API's document does not say that keys are honoured here",
    },
)


def rule_of_unlisted(document: WholeDocument, profile: Dialect) -> UnlistedRule:
    """Return what holds for a POST or PATCH that the document does not list."""
    honours = {"POST", "PATCH"} <= set(profile.methods)
    if not honours or profile.carrier is Carrier.BODY or (document.fields_only and profile.honoured is None):
        return UnlistedRule(Safety.UNSAFE)
    ruling = undeclared_rule(profile)
    return UnlistedRule(ruling.safety, ruling.evidence or Evidence.ASSUMED, ruling.key_only)


def is_stated(profile: Dialect) -> bool:
    """Whether a profile puts the idempotency key anywhere else than the default does."""
    return profile.name != DEFAULT.name or profile.carrier is not DEFAULT.carrier


def _declared(subject: Subject, found: DeclaredKey, profile: Dialect) -> Ruling:
    """Return the verdict for an operation whose key the document, or an overlay, declares."""
    spoken = _placed(subject.node, found, _with_signals(profile, subject.responses))
    if found.is_proposed:
        # An overlay that names a carrier promises nothing: it has to say that keys are honoured.
        return undeclared_rule(spoken)
    name = ".".join((*found.within, found.name))
    why = f"the API's document declares the {_CARRIERS[found.carrier]} {name!r}"
    return Ruling(Safety.KEYED, spoken, why, Evidence.DECLARED)


def _takes_extra_fields(body: Body | None, schemas: Schemas) -> bool:
    """Whether a body takes a field that its schema does not list."""
    kind = body.type if body is not None else None
    model = schemas.definitions.get(kind.id) if isinstance(kind, Named) else None
    is_open = isinstance(kind, MapOf) or (isinstance(model, Model) and model.extra is not None)
    return is_open and body is not None and body.kind in {BodyKind.JSON, BodyKind.FORM}


def _placed(node: Node, found: DeclaredKey, profile: Dialect) -> Dialect:
    form = fit(profile.format, found.limits)
    if form is None:
        node.warn(
            "key-format",
            f"no key that samekey can mint fits the pattern of {found.name!r}; a UUID is sent",
            hint="say in the config what a key looks like: idempotency: {format: {kind: alphabet, …}}",
        )
        form = profile.format
    return replace(profile, carrier=found.carrier, name=found.name, within=found.within, format=form)


def _with_signals(profile: Dialect, responses: Sequence[Response]) -> Dialect:
    """Return the profile with what the documented responses say of keys in flight and of another payload."""
    running = [Signal(status) for status, doc in _about_keys(responses) if _RUNNING.search(doc)]
    mismatched = [Signal(status) for status, doc in _about_keys(responses) if _OTHER_PAYLOAD.search(doc)]
    # A status that means both cannot be told apart without a code; waiting for it is the safe reading.
    mismatched = [signal for signal in mismatched if signal not in running]
    # A usual status is used for other conflicts as well, so an answer still has to look like it.
    if profile.in_flight is None and USUAL_IN_FLIGHT not in running and running:
        profile = replace(profile, in_flight=tuple(running))
    if profile.mismatch is None and USUAL_MISMATCH not in mismatched and mismatched:
        profile = replace(profile, mismatch=tuple(mismatched))
    return profile


def _about_keys(responses: Sequence[Response]) -> list[tuple[int, str]]:
    return [
        (response.status.value, response.doc)
        for response in responses
        if isinstance(response.status, StatusCode)
        and 400 <= response.status.value < 500  # noqa: PLR2004
        and _ABOUT_KEYS.search(response.doc)
    ]
