"""Safe, idempotent, keyed or unsafe: decided for each operation, with the reason in words."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from samekey.ir import Body, BodyKind, Kind, LiteralOf, Location, Model, Named, Nullable, Primitive, Safety
from samekey.profile import Carrier, KeyFormat, KeyKind, Profile

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from samekey.ir import Param, Type
    from samekey.lower.schemas import Schemas

_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "QUERY"})
_IDEMPOTENT = frozenset({"PUT", "DELETE"})
_HEADERS = re.compile(
    r"(x-|[a-z0-9]+-)?(idempotency|idempotent|idempotence)-?(key|token|id)?|paypal-request-id", re.IGNORECASE
)
_FIELDS = re.compile(r"idempotency_?(key|token|id)|client_?token", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The safety of an operation, the dialect that holds for it, and why."""

    safety: Safety
    profile: Profile
    why: str


def is_key_parameter(param: Param) -> bool:
    """Whether a parameter carries an idempotency key: by its name, and because it is a single string."""
    names = _HEADERS if param.location is Location.HEADER else _FIELDS
    return (
        param.location in {Location.HEADER, Location.QUERY}
        and names.fullmatch(param.name) is not None
        and _is_string(param.type)
    )


def declared_header(operations: Iterable[Sequence[Param]]) -> str:
    """The one name under which the document's key headers go; empty where there is none, or more than one."""
    names = {
        param.name
        for params in operations
        for param in params
        if param.location is Location.HEADER and is_key_parameter(param)
    }
    return names.pop() if len(names) == 1 else ""


def judge(method: str, params: Sequence[Param], body: Body | None, schemas: Schemas, profile: Profile) -> Verdict:
    """Decide the safety of an operation (RETRIES.md section 1).

    Args:
        method: in capitals.
        params: all parameters, the key's among them.
        body: the request body.
        schemas: holds the definitions that the body refers to.
        profile: the dialect that the document and the config give for this operation.
    """
    if method in _SAFE:
        return Verdict(Safety.SAFE, profile, f"{method} only reads")
    if method in _IDEMPOTENT and method not in profile.methods:
        return Verdict(Safety.IDEMPOTENT, profile, f"{method} is idempotent by definition")
    if method not in profile.methods:
        return Verdict(
            Safety.UNSAFE, profile, f"the API's profile honours keys on {', '.join(profile.methods) or 'no method'}"
        )
    for param in params:
        if is_key_parameter(param):
            carrier = Carrier.HEADER if param.location is Location.HEADER else Carrier.QUERY
            found = replace(profile, carrier=carrier, name=param.name, format=_format(param.doc, profile))
            return Verdict(Safety.KEYED, found, f"the document declares the {carrier} parameter {param.name!r}")
    field = _key_field(body, schemas)
    if field is not None:
        found = replace(profile, carrier=Carrier.BODY, name=field[0], format=_format(field[1], profile))
        return Verdict(Safety.KEYED, found, f"the document declares the body field {field[0]!r}")
    where = f"the {profile.carrier} {profile.name!r}"
    return Verdict(Safety.KEYED, profile, f"{method} is keyed by default, in {where}")


def _key_field(body: Body | None, schemas: Schemas) -> tuple[str, str] | None:
    if body is None or body.kind not in {BodyKind.JSON, BodyKind.FORM} or not isinstance(body.type, Named):
        return None
    model = schemas.definitions.get(body.type.id)
    if not isinstance(model, Model):
        return None
    for field in model.fields:
        if _FIELDS.fullmatch(field.name) and _is_string(field.type) and not field.read_only:
            return field.name, field.doc
    return None


def _is_string(kind: Type) -> bool:
    inner = kind.inner if isinstance(kind, Nullable) else kind
    return inner in {Primitive(Kind.STRING), Primitive(Kind.UUID)} and not isinstance(inner, LiteralOf)


def _format(doc: str, profile: Profile) -> KeyFormat:
    """The configured format, made to fit the longest key that the document allows."""
    limit = re.search(r"at most (\d+) characters", doc)
    longest = int(limit[1]) if limit else profile.format.max_length
    form = replace(profile.format, max_length=min(longest, profile.format.max_length))
    uuid_length = 36
    if form.kind is not KeyKind.ALPHABET and longest < uuid_length:
        return replace(form, kind=KeyKind.ALPHABET, length=min(32, longest))
    return form
