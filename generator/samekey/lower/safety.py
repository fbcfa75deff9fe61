"""Decide for each operation whether it is safe, idempotent, keyed or unsafe (docs/retry-rules.md, section 1)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace
from samekey_templates.runtime.declare import table
from samekey_templates.runtime.safety import IDEMPOTENT_METHODS, SAFE_METHODS

from samekey.config.dialect import DEFAULT, USUAL_IN_FLIGHT, USUAL_MISMATCH, Carrier, Dialect, Signal
from samekey.ir import BodyKind, MapOf, Model, Named, Safety, StatusCode
from samekey.lower.key_location import fit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from samekey.document.node import Node
    from samekey.ir import Body, Response
    from samekey.lower.key_location import Found
    from samekey.lower.schemas import Schemas

_CARRIERS: Final = table(
    Carrier, {Carrier.HEADER: "header parameter", Carrier.QUERY: "query parameter", Carrier.BODY: "body field"}
)
_ABOUT_KEYS = re.compile(r"idempoten|same key|request.?id|duplicate", re.IGNORECASE)
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
        declared: whether the document itself declares the key, at this operation.
    """

    safety: Safety
    profile: Dialect
    why: str
    declared: bool = False


def judge(  # noqa: PLR0911  # a return for each verdict
    node: Node,
    method: str,
    found: Found | None,
    body: Body | None,
    responses: Sequence[Response],
    schemas: Schemas,
    profile: Dialect,
) -> Ruling:
    """Decide whether an operation is safe, idempotent, keyed or unsafe, and which dialect holds for it.

    Args:
        node: the operation, for findings.
        method: in capitals.
        found: the carrier that the document declares for this operation, unless it is overruled.
        body: the request body.
        responses: the answers, whose descriptions may say how a conflict of keys looks.
        schemas: holds the definitions that the body refers to.
        profile: the dialect that the document's words and the config give for this operation.
    """
    if method in SAFE_METHODS:
        return Ruling(Safety.SAFE, profile, f"{method} only reads")
    if method in IDEMPOTENT_METHODS and method not in profile.methods:
        if found is not None and not profile.methods_stated:
            # Some APIs create with PUT, and want a key there.
            return _keyed(node, found, profile, responses)
        return Ruling(Safety.IDEMPOTENT, profile, f"{method} is idempotent by definition")
    if method not in profile.methods:
        honoured = " and ".join(profile.methods)
        why = f"the API honours keys on {honoured} only" if honoured else "the API honours no keys here"
        return Ruling(Safety.UNSAFE, profile, why)
    if found is not None:
        return _keyed(node, found, profile, responses)
    spoken = _with_signals(profile, responses)
    if profile.carrier is Carrier.BODY:
        return _undeclared_field(spoken, body, schemas)
    if profile.name != DEFAULT.name or profile.carrier is not DEFAULT.carrier:
        why = f"{method} is keyed by default, in the {profile.carrier} {profile.name!r} that the API uses elsewhere"
        return Ruling(Safety.KEYED, spoken, why)
    return Ruling(Safety.KEYED, spoken, f"{method} is keyed by default; the document does not mention a key here")


def _keyed(node: Node, found: Found, profile: Dialect, responses: Sequence[Response]) -> Ruling:
    """Return the verdict for an operation whose key the document declares."""
    spoken = _with_signals(profile, responses)
    return Ruling(Safety.KEYED, _declared(node, found, spoken), _declared_in_words(found), declared=True)


def _undeclared_field(profile: Dialect, body: Body | None, schemas: Schemas) -> Ruling:
    """Return the verdict where the API's keys travel in a body field that the operation does not declare."""
    kind = body.type if body is not None else None
    model = schemas.definitions.get(kind.id) if isinstance(kind, Named) else None
    is_open = isinstance(kind, MapOf) or (isinstance(model, Model) and model.extra is not None)
    if is_open and body is not None and body.kind in {BodyKind.JSON, BodyKind.FORM}:
        return Ruling(Safety.KEYED, profile, f"its body takes extra fields, and keys travel in {profile.name!r}")
    return Ruling(Safety.UNSAFE, profile, f"keys travel in the body field {profile.name!r}, which it does not have")


def _declared(node: Node, found: Found, profile: Dialect) -> Dialect:
    form = fit(profile.format, found.limits)
    if form is None:
        node.warn(
            "key-format",
            f"no key that samekey can mint fits the pattern of {found.name!r}; a UUID is sent",
            hint="say in the config what a key looks like: idempotency: {format: {kind: alphabet, …}}",
        )
        form = profile.format
    return replace(profile, carrier=found.carrier, name=found.name, format=form)


def _declared_in_words(found: Found) -> str:
    return f"the document declares the {_CARRIERS[found.carrier]} {found.name!r}"


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
