"""A request that anybody may send to try an API: one that makes something, and takes a key in a header."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from samekey.config.dialect import Carrier, KeyKind
from samekey.lower.media import is_json
from samekey.sandbox.api.schemas import Direction
from samekey.sandbox.api.shapes import Verb, shapes_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from samekey.sandbox.api.credentials import Guard
    from samekey.sandbox.api.operations import Site
    from samekey.sandbox.api.samples import Samples
    from samekey.sandbox.api.schemas import SchemaJudge

_ANY_TOKEN = "any"  # noqa: S105  # a sandbox takes every one
_BROWSERS_OWN = "cookie"
"""A header that scripts cannot send."""


@dataclass(frozen=True, slots=True)
class SampleRequest:
    """A request of an operation, without its key.

    Args:
        operation: the operation's name.
        method: the method in capitals.
        path: the path below the API's base.
        headers: the headers, the credential among them.
        key_header: the header that takes the key.
        body: the body as JSON.
    """

    operation: str
    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    key_header: str
    body: str


def sample_request(sites: Sequence[Site], guard: Guard, samples: Samples, schemas: SchemaJudge) -> SampleRequest | None:
    """Return a request that makes something each time it is sent; None where no operation can be tried so.

    Args:
        sites: the operations.
        guard: knows which credentials they ask for.
        samples: makes values that are sent.
        schemas: judges the document's examples.
    """
    shapes = shapes_of(sites)
    tried = (_of(site, guard, samples, schemas) for site in sites if shapes[site.name].verb is Verb.CREATE)
    return next((request for request in tried if request is not None), None)


def _of(site: Site, guard: Guard, samples: Samples, schemas: SchemaJudge) -> SampleRequest | None:
    profile = site.operation.profile
    credential = guard.shown(site.operation, next(iter(guard.tokens), _ANY_TOKEN))
    body = _body(site, samples, schemas)
    needs_more = any(declared.param.required for declared in site.parameters)
    plain = site.keyed and profile.carrier is Carrier.HEADER and profile.format.kind is not KeyKind.ALPHABET
    if guard.tokens or credential is None or body is None or needs_more or not plain or profile.quoted:
        return None
    if any(name.lower() == _BROWSERS_OWN for name, _ in credential):
        return None
    headers = (("Content-Type", "application/json"), *credential)
    return SampleRequest(site.name, site.method, site.path, headers, profile.name, body)


def _body(site: Site, samples: Samples, schemas: SchemaJudge) -> str | None:
    """Return the JSON of a body: the document's example, or what is made up by its schema; None where it takes none."""
    content = next((content for content in site.bodies if is_json(content.media_type)), None)
    if content is None:
        return None
    schema = content.schema
    allowed = (e for e in content.examples if schema is None or schemas.accepts(schema, e, Direction.REQUEST))
    made = next(allowed, samples.fit(schema) if schema is not None else {})
    return json.dumps(made) if schema is None or schemas.accepts(schema, made, Direction.REQUEST) else None
