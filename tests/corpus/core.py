"""A second opinion on requests: openapi-core, where it can read the document."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from typing import Any, Final, cast
from urllib.parse import parse_qsl, unquote

from openapi_core import Config, OpenAPI
from openapi_core.datatypes import RequestParameters
from werkzeug.datastructures import Headers, ImmutableMultiDict

from tests.corpus.raw import Json, View, version_of
from tests.corpus.wire import Received

HOST: Final = "http://api.test"

LIMITS: Final = {
    "not available": "deepObject of a schema that is an object only by its allOf or oneOf",
    "b'": "a body of another media type than text/plain is bytes to it, and no string",
    "Accept-Encoding": "the client's own header, taken for a parameter that was not given",
    "header parameter: Content-Type": "a header parameter that says nothing (OpenAPI 3.1 section 4.8.12.2.1)",
    "header parameter: Authorization": "a header parameter that says nothing (OpenAPI 3.1 section 4.8.12.2.1)",
    "could not be resolved": "a discriminator's mapping by bare names",
    "under any of the given schemas": "a list inside an anyOf, of which it sees the first element alone",
    "Missing required request body": "a form without fields is a body without bytes",
    "Missing required path parameter": "a parameter that the template does not name",
    "Missing required query parameter": "an object whose properties stand for themselves",
    "Security not found": "schemes in capitals, and two schemes that share one header",
    "('form'": "objects in forms are JSON (OpenAPI 3.1.1 section 4.8.15.1.2)",
    "is not a 'time'": "times with a zone, as RFC 3339 has them",
    "Failed to cast": "delimiters that are encoded, and several parameters in one segment",
    "is not of type 'object'": "objects in headers",
    "Path not found": "literals of a path that are encoded",
    "was expected": "a constant that is encoded",
    "is a required property": "what is read-only inside a variant",
}
"""What openapi-core says where it errs itself, by a part of its words, with the reason.

Each of these is checked without it: parameters by `wire`, bodies and their values by `checking` and `validity`.
"""


class LimitError(Exception):
    """openapi-core cannot tell; the text says why."""


@dataclass(frozen=True, slots=True)
class _Request:
    """A request as openapi-core takes it."""

    host_url: str
    path: str
    method: str
    parameters: RequestParameters
    content_type: str
    body: bytes | None

    @property
    def full_url_pattern(self) -> str:
        return self.host_url + self.path


def second_opinion(root: View) -> OpenAPI | None:
    """openapi-core for a document; None for a version that it does not know."""
    if version_of(root) not in {"3.0", "3.1"}:
        return None
    spec: dict[str, Json] = {**root.fields, "servers": [{"url": HOST}], "paths": _without_servers(root)}
    return OpenAPI.from_dict(spec, base_uri=root.uri, config=Config(spec_validator_cls=None))  # type: ignore[arg-type]


def _without_servers(root: View) -> dict[str, Json]:
    """Paths without servers of their own, since every request of the harness goes to one host."""

    def stripped(value: Json, depth: int) -> Json:
        if not isinstance(value, dict):
            return value
        return {key: stripped(entry, depth - 1) if depth else entry for key, entry in value.items() if key != "servers"}

    return {path: stripped(item, 1) for path, item in root.child("paths").fields.items()}


def core_problem(core: OpenAPI, received: Received) -> str:
    """What openapi-core finds wrong with a request; empty where nothing is.

    Raises:
        LimitError: it cannot tell.
    """
    query = parse_qsl("&".join(f"{key}={value}" for key, value in received.query), keep_blank_values=True)
    cookies = [(unquote(key), unquote(value)) for key, value in received.cookies]
    request = _Request(
        HOST,
        received.path,
        received.method.lower(),
        RequestParameters(
            query=ImmutableMultiDict(query),
            header=Headers(received.headers),
            cookie=ImmutableMultiDict(cookies),
        ),
        received.headers.get("content-type", ""),
        received.content or None,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = next(iter(core.iter_request_errors(cast("Any", request))), None)
            problem = "" if found is None else _explained(found)
        except Exception as error:
            raise LimitError(f"it fails itself: {type(error).__name__}: {error}") from error
    if received.content_type.startswith("multipart/") and "is not of type" in problem:
        raise LimitError("parts of multipart are texts to it, whatever their schema")
    absent = re.search(r"(?:query|header|cookie) parameter: (\S+)", problem)
    if absent is not None and absent[1] not in {*received.query_names, *received.headers} and "Missing" not in problem:
        raise LimitError("a default that its own schema refuses, taken for what was not given")
    for words, reason in LIMITS.items():
        if words in problem:
            raise LimitError(reason)
    return problem


def _explained(error: Any) -> str:  # noqa: ANN401  # whatever openapi-core raises
    texts = [str(error)]
    cause = error.__cause__
    while cause is not None:
        inner = getattr(cause, "schema_errors", None)
        texts.append("; ".join(str(entry.message) for entry in inner) if inner else str(cause))
        cause = cause.__cause__
    return f"{type(error).__name__}: {' <- '.join(texts)}"
