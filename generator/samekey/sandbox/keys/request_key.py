"""The idempotency key of a request, in the dialect that the document speaks (docs/retry-rules.md, section 2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, assert_never

from samekey.config.dialect import Carrier
from samekey.document.values import value_inside
from samekey.sandbox.api.problems import problem
from samekey.sandbox.api.schemas import Direction

if TYPE_CHECKING:
    from samekey.config.dialect import Profile
    from samekey.sandbox.api.answer import Answer
    from samekey.sandbox.api.checks import Read
    from samekey.sandbox.api.operations import Site
    from samekey.sandbox.api.request import ReceivedRequest
    from samekey.sandbox.api.schemas import SchemaJudge


@dataclass(frozen=True, slots=True)
class RequestKey:
    """The key of a request; None where it bears none and needs none."""

    key: str | None


def key_of(site: Site, request: ReceivedRequest, body: Read, schemas: SchemaJudge, ttl: float) -> RequestKey | Answer:
    """Return the key of a request, or the response that refuses the request.

    Args:
        site: the operation.
        request: the request.
        body: its body as a value.
        schemas: judges the key by the schema of its parameter.
        ttl: seconds for which keys are remembered.
    """
    if not site.keyed:
        return RequestKey(None)
    profile = site.operation.profile
    found = every_key(profile, request, body)
    if not found:
        if site.key_node is not None and site.key_node.flag("required"):
            return problem(400, "key_missing", f"{profile.carrier} {profile.name} is required: one key for each call")
        return RequestKey(None)
    key = _unquoted(found[0]) if profile.quoted else found[0]
    complaint = _complaint(site, key, len(found), schemas)
    if key is None or complaint:
        return problem(400, "key_malformed", f"{profile.carrier} {profile.name}: {complaint}")
    return _too_old(profile, request, ttl) or RequestKey(key)


def every_key(profile: Profile, request: ReceivedRequest, body: Read = None) -> list[str]:
    """Return the keys that a request bears, as they were sent."""
    match profile.carrier:
        case Carrier.HEADER:
            return request.every(profile.name)
        case Carrier.QUERY:
            return [value for name, value in request.fields if name == profile.name]
        case Carrier.BODY:
            value = value_inside(body, profile.field) if isinstance(body, dict) else None
            return [] if value is None else [str(value)]
        case _:
            assert_never(profile.carrier)


def _complaint(site: Site, key: str | None, count: int, schemas: SchemaJudge) -> str:
    """Return what is wrong with a key; empty where nothing is."""
    longest = site.operation.profile.format.max_length
    if count > 1:
        return "a request bears one key"
    if key is None:
        return "a string in quotes is expected (RFC 8941 section 3.3.3)"
    if not key.strip():
        return "an empty key names nothing"
    if len(key) > longest:
        return f"a key has {longest} characters at most, this one has {len(key)}"
    if not (key.isascii() and key.isprintable()):
        return "a key is made of printable ASCII characters"
    schema = site.key_node.get("schema") if site.key_node is not None else None
    found = schemas.complaints(schema, key, Direction.REQUEST) if schema is not None else []
    return found[0].message if found else ""


def _unquoted(spelled: str) -> str | None:
    """Return a string of RFC 8941 section 3.3.3 without its quotes; None where it is no such string."""
    if len(spelled) < 2 or not (spelled.startswith('"') and spelled.endswith('"')):  # noqa: PLR2004  # two quotes
        return None
    return spelled[1:-1].replace('\\"', '"').replace("\\\\", "\\")


def _too_old(profile: Profile, request: ReceivedRequest, ttl: float) -> Answer | None:
    """Return the refusal of a request first sent so long ago that its key may have been forgotten; None for others."""
    if not profile.first_sent:
        return None
    try:
        sent = parsedate_to_datetime(request.header(profile.first_sent))
    except ValueError:
        return problem(400, "first_sent_malformed", f"header {profile.first_sent}: a date is required (RFC 9110)")
    sent = sent if sent.tzinfo is not None else sent.replace(tzinfo=UTC)
    if (datetime.now(UTC) - sent).total_seconds() < ttl:
        return None
    return problem(412, "key_expired", f"this was first sent at {sent}; keys are remembered for {ttl:g} seconds")
