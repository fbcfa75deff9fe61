"""The public names of every SDK beside its clients: one table for what is exported, and for what is reserved."""

from __future__ import annotations

from typing import Final

HOMES: Final[dict[str, tuple[str, ...]]] = {
    "auth.credentials": ("ClientCredentials",),
    "call": ("Response",),
    "errors": (
        "APIConnectionError",
        "APIDecodeError",
        "APIError",
        "APIStatusError",
        "APITimeoutError",
        "AuthenticationError",
        "BadRequestError",
        "ConflictError",
        "IdempotencyInFlight",
        "IdempotencyKeyMissing",
        "IdempotencyKeyReused",
        "InternalServerError",
        "NotFoundError",
        "NotModified",
        "PaginationError",
        "PermissionDeniedError",
        "RateLimitError",
        "TokenError",
        "UnprocessableEntityError",
    ),
    "streams.parse": ("ServerSentEvent",),
    "journal.journal": (
        "Journal",
        "JournalConflictError",
        "JournalEntry",
        "JournalError",
        "JournalHold",
        "JournalOutcome",
        "Settlement",
    ),
    "journal.postgres": ("PostgresJournal",),
    "journal.sqlite": ("SQLiteJournal",),
    "retry.keys": ("derive_key",),
    "middleware": ("AsyncMiddleware", "CallRequest", "Middleware"),
    "paging.page": ("AsyncPage", "AsyncPages", "Page"),
    "retry.rules": ("Answered", "Attempt", "Certainty", "Failed", "Failure", "RetryPolicy"),
    "retry.budget": ("RetryBudget",),
    "retry.record": ("AttemptEvent", "CallInfo", "CallRecord", "RetryEvent", "SendEvent"),
    "streams.stream": ("AsyncStream", "Stream"),
    "safety": ("Evidence", "Safety"),
    "types": ("OMIT", "CallOptions", "Omit", "Timeout"),
}
"""Names by the module of the runtime in which they are defined."""
SERVERS: Final = "SERVERS"
"""The document's servers, which stand beside the clients."""
MODELS: Final = "models"
"""The package of models."""
PUBLIC: Final = frozenset({SERVERS, *(name for names in HOMES.values() for name in names)})
"""All of them."""
