"""Names that emitted modules import, each with the line that does so; a module imports what was printed in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, LiteralString, cast

from msgspec import Struct

from samekey.emit.code import Code, import_lines, imported

if TYPE_CHECKING:
    from collections.abc import Iterator


def _runtime(module: LiteralString, name: LiteralString) -> Code:
    return imported(f"from {{package}}_runtime.{module} import {name}", name)


def _hidden(module: LiteralString, name: LiteralString) -> Code:
    """Return a name of the runtime with an underscore first; no name of a document has one there, so none hides it."""
    return imported(f"from {{package}}_runtime.{module} import {name} as _{name}", f"_{name}")


ANY: Final = imported("from typing import Any", "Any")
DECIMAL: Final = imported("from decimal import Decimal", "Decimal")
ITERABLE: Final = imported("from collections.abc import Iterable", "Iterable")
LITERAL: Final = imported("from typing import Literal", "Literal")
MAPPING: Final = imported("from collections.abc import Mapping", "Mapping")
NOT_REQUIRED: Final = imported("from typing import NotRequired", "NotRequired")
SEQUENCE: Final = imported("from collections.abc import Sequence", "Sequence")
TYPE_ALIAS: Final = imported("from typing import TypeAlias", "TypeAlias")
TYPE_CHECKING_: Final = imported("from typing import TYPE_CHECKING", "TYPE_CHECKING")
TYPED_DICT: Final = imported("from typing import TypedDict", "TypedDict")
UUID: Final = imported("from uuid import UUID", "UUID")
DATE: Final = imported("import datetime as dt", "dt.date")
DATETIME: Final = imported("import datetime as dt", "dt.datetime")
BUILTIN_LIST: Final = imported("import builtins", "builtins.list")
"""The list where a method of that name hides it."""
MSGSPEC_FIELD: Final = imported("from msgspec import field as _field", "_field")
"""With an underscore, which no property's name has: a property `field` would hide the function."""
MODELS: Final = imported("from {package} import models", "models")

ABSENT: Final = _runtime("codec.models", "ABSENT")
FIXED: Final = _hidden("codec.models", "fixed")
DEPRECATED: Final = _hidden("deprecation", "deprecated")
DEPRECATED_FIELD: Final = _hidden("deprecation", "DeprecatedField")
DEPRECATED_FIELDS: Final = _hidden("deprecation", "deprecated_fields")
DISCOURAGED: Final = _hidden("deprecation", "discouraged")
EXTRA_DEFAULT: Final = _runtime("codec.models", "EXTRA_PROPERTIES")
READ_ONLY: Final = _hidden("codec.models", "read_only")
DECIMAL_NUMBERS: Final = _hidden("codec.models", "decimal_numbers")
NUMBERS: Final = _hidden("codec.models", "NUMBERS")
KEEPS_NULL: Final = _hidden("codec.models", "keeps_null")
MODEL: Final = _runtime("codec.models", "Model")
OPEN_MODEL: Final = _runtime("codec.models", "OpenModel")
OPEN_STR_ENUM: Final = _runtime("codec.models", "OpenStrEnum")
OPEN_INT_ENUM: Final = _runtime("codec.models", "OpenIntEnum")
ONE_OF: Final = _runtime("codec.unions", "one_of")
CARRIER: Final = _hidden("retry.dialect", "Carrier")
KEY_FORMAT: Final = _runtime("retry.dialect", "KeyFormat")
KEY_KIND: Final = _hidden("retry.dialect", "KeyKind")
PROFILE: Final = _runtime("retry.dialect", "Profile")
SIGN: Final = _hidden("retry.dialect", "AnswerSign")
SIGNAL: Final = _runtime("retry.dialect", "Signal")
RETRY_POLICY: Final = _runtime("retry.rules", "RetryPolicy")
EVIDENCE: Final = _hidden("safety", "Evidence")
SAFETY: Final = _runtime("safety", "Safety")
UNLISTED_RULE: Final = _hidden("safety", "UnlistedRule")
FILE: Final = _runtime("types", "File")
OMIT: Final = _runtime("types", "OMIT")
OMIT_TYPE: Final = _runtime("types", "Omit")
WITH_EXTRA: Final = _hidden("types", "with_extra")
STYLE: Final = _runtime("request.encode", "Style")
PAGING: Final = _runtime("paging.rules", "Paging")
STREAM_FACTS: Final = _runtime("streams.stream", "StreamFacts")
CALL: Final = _runtime("call", "Call")
PAGED_CALL: Final = _runtime("call", "PagedCall")
STREAM_CALL: Final = _runtime("call", "StreamCall")
STREAMABLE_CALL: Final = _runtime("call", "StreamableCall")
RESOURCE: Final = _runtime("operation", "Resource")
ASYNC_RESOURCE: Final = _runtime("operation", "AsyncResource")
OPERATION: Final = _hidden("operation", "operation")
DOWNLOAD: Final = _hidden("operation", "download")
PAGES: Final = _hidden("operation", "pages")
STREAM: Final = _hidden("operation", "stream")
STREAMABLE: Final = _hidden("operation", "streamable")
API_KEY: Final = _runtime("auth.credentials", "ApiKey")
BASIC: Final = _runtime("auth.credentials", "Basic")
BEARER: Final = _runtime("auth.credentials", "Bearer")
CLIENT_CREDENTIALS: Final = _runtime("auth.credentials", "ClientCredentials")
CREDENTIAL: Final = _runtime("auth.credentials", "Credential")
FROM_ENVIRONMENT: Final = _runtime("auth.credentials", "from_environment")
HTTP_CREDENTIAL: Final = _runtime("auth.credentials", "HttpCredential")
TOKEN_SOURCE: Final = _runtime("auth.credentials", "TokenSource")
ASYNC_TOKEN_SOURCE: Final = _runtime("auth.credentials", "AsyncTokenSource")
CLIENT_PARTS: Final = (
    _runtime("client", "MAX_RESPONSE_BYTES"),
    _runtime("client", "ApiFacts"),
    _runtime("client", "AsyncClient"),
    _runtime("client", "SyncClient"),
    _runtime("client", "make_settings"),
    _runtime("http.options", "connection_options"),
    _hidden("retry.loop", "Hooks"),
)
"""What the template of the clients spells."""
CLIENT_RESOURCE: Final = _hidden("attributes", "resource")


def imports(printed: object, package: LiteralString) -> tuple[Code, ...]:
    """Return the lines that import what was printed, sorted.

    Args:
        printed: a view, a piece of source, or a tuple of those.
        package: the dots that lead from the module to the SDK's package.
    """
    return import_lines(_pieces(printed), package)


def _pieces(printed: object) -> Iterator[Code]:
    pending = [printed]
    while pending:
        part = pending.pop()
        if isinstance(part, Code):
            yield part
        elif isinstance(part, tuple):
            pending += cast("tuple[object, ...]", part)
        elif isinstance(part, Struct):
            pending += [getattr(part, name) for name in part.__struct_fields__]
