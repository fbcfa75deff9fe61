"""Names that are not to be had: what Python, annotations and the emitted modules use themselves."""

from __future__ import annotations

from typing import Final

ANNOTATION_BUILTINS: Final = frozenset({"list", "dict", "str", "int", "float", "bool", "bytes"})
"""Builtins that annotations use; an attribute of such a name would hide them from its class."""
MODULE_WORDS: Final = frozenset({"dt", "models", "self", "cls"})
"""What modules import, and what methods call their first argument."""
TYPE_WORDS: Final = frozenset({
    "ABSENT", "Any", "Call", "CallOptions", "Decimal", "Enum", "EXTRA_PROPERTIES", "File", "Literal", "Mapping",
    "Model", "NotRequired", "OMIT", "Omit", "OpenIntEnum", "OpenModel", "OpenStrEnum", "Required", "Sequence",
    "TYPE_CHECKING", "TypeAlias", "TypedDict", "UUID", "None", "True", "False",
})  # fmt: skip
"""What stands beside types in the emitted modules."""
METHOD_ARGUMENTS: Final = frozenset({"self", "idempotency_key", "first_use", "options"})
"""What every method takes."""
CLIENT_ARGUMENTS: Final = frozenset({
    "self", "base_url", "retry", "max_retries", "timeout", "headers", "strict", "keep_extra_fields", "on_send",
    "on_attempt", "on_retry", "on_end", "retry_budget", "journal", "http_client", "max_response_bytes", "account",
    "found", "from_environment", "make_settings", "middleware", "verify", "cert", "proxy", "limits", "http2",
    "http_library", "connection_options",
})  # fmt: skip
CLIENT_WORDS: Final = frozenset({"close", "with_options", "journal", "settle", "request"})
"""What every client has."""
CLIENT_CLASSES: Final = frozenset({
    "ApiFacts", "ApiKey", "AsyncClient", "AsyncResource", "AsyncTokenSource", "AttemptEvent", "Awaitable", "Basic",
    "AsyncHTTPClient", "AsyncMiddleware", "Bearer", "CallRecord", "Callable", "Cert", "ClientCredentials",
    "ConnectionLimits", "Credential", "HTTPClient", "HttpCredential", "Journal", "KeyFormat", "LibraryName",
    "MAX_RESPONSE_BYTES", "Middleware", "Page", "PagedCall", "Paging", "Profile", "Resource", "RetryBudget",
    "RetryEvent", "RetryPolicy", "Safety", "SendEvent", "Signal", "Stream", "StreamCall", "StreamFacts",
    "StreamableCall", "Style", "SyncClient", "TimeoutLike", "Timeout", "UnlistedRule", "TokenSource", "Verify",
})  # fmt: skip
"""What stands beside the resources' classes in the emitted modules."""
HIDING_METHODS: Final = ANNOTATION_BUILTINS - {"list"} | {"models", "dt", "builtins"}
"""Methods that would hide from annotations what they need; for `list` there is `builtins.list`."""
RESOURCE_METHODS: Final = HIDING_METHODS | {"mro"}
"""What no method can be called; every class has an `mro`."""
RESOURCE_WORDS: Final = frozenset({"self", "cls", "mro"})
"""What no resource can be called, whoever holds it."""
