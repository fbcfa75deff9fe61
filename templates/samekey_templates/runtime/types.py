"""Small words that every signature uses."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Mapping
from enum import Enum
from os import PathLike
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, TypeAlias, TypeGuard, cast

from msgspec import Struct, structs

from .declare import public
from .text import DiscreetHeaders

if TYPE_CHECKING:
    from .retry.rules import RetryPolicy


@public
class Omit(Enum):
    """The type of `OMIT`: an argument that was not given, which is not the same as None."""

    OMIT = object()
    """No string, so that an encoder cannot take it for one."""

    def __repr__(self) -> str:
        return "OMIT"

    def __bool__(self) -> Literal[False]:
        return False

    def __reduce_ex__(self, protocol: object) -> tuple[Any, ...]:
        # By name: an enum pickles its members by their values, and this one's is another in every process.
        return getattr, (Omit, self.name)


OMIT: Final = Omit.OMIT
"""Leaves an argument out of the request."""


def is_fields(value: object) -> TypeGuard[dict[str, Any]]:
    """Whether a value is a JSON object."""
    return isinstance(value, dict)


def is_items(value: object) -> TypeGuard[list[Any]]:
    """Whether a value is a JSON array."""
    return isinstance(value, list)


def with_extra(fields: Mapping[str, object], extra: Mapping[str, object] | Omit) -> dict[str, object]:
    """Return the fields of a body with further ones beside them."""
    return {**({} if isinstance(extra, Omit) else extra), **fields}


class ReadableFile(Protocol):
    """An open file, or what can be read as one."""

    def read(self, size: int = ..., /) -> bytes:
        """Return the next bytes; none at the end."""
        ...


FileContent: TypeAlias = (
    bytes | bytearray | memoryview | str | PathLike[str] | ReadableFile | Iterable[bytes] | AsyncIterable[bytes]
)
"""What can be uploaded: bytes, text, a path, an open file, or an iterable of bytes, which is sent while it is read."""
File: TypeAlias = FileContent | tuple[str | None, FileContent] | tuple[str | None, FileContent, str]
"""A file to upload: its content, or (name, content), or (name, content, media type); a name of None is not sent."""


@public
class Timeout(Struct, frozen=True):
    """Limits on one attempt, each in seconds; all are cut to what is left of the call's deadline.

    Args:
        connect: to reach the server, TLS included.
        read: between two pieces of the answer.
        write: between two pieces of the request.
        pool: for a free connection.
        total: for the whole attempt, the body of its answer included; None for no limit but the deadline.
    """

    connect: float = 5.0
    read: float = 30.0
    write: float = 30.0
    pool: float = 5.0
    total: float | None = None

    def __post_init__(self) -> None:
        for name in ("connect", "read", "write", "pool", "total"):
            value = getattr(self, name)
            if name == "total" and value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < float("inf"):
                raise ValueError(f"{name} must be a finite number of seconds above 0, not {value!r}")


class HTTPTimeout(Protocol):
    """A timeout of httpx or httpx2: seconds for each step, None for no limit."""

    connect: float | None
    read: float | None
    write: float | None
    pool: float | None


TimeoutLike: TypeAlias = Timeout | float | HTTPTimeout
"""Limits on an attempt: each by itself, or seconds for the whole of it, or a timeout of httpx."""
_NO_LIMIT: Final = 86_400.0
"""Seconds in place of no limit: an attempt that takes a day has no answer to give."""
_STEPS: Final = ("connect", "read", "write", "pool")


def timeout_of(value: TimeoutLike) -> Timeout:
    """Return the limits that somebody gives in one of the ways to give them.

    Raises:
        TypeError: they are none.
        ValueError: a number of seconds is not above 0.
    """
    if isinstance(value, Timeout):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if not 0 < value < float("inf"):
            raise ValueError(f"timeout must be a finite number of seconds above 0, not {value!r}")
        return Timeout(value, value, value, value, value)
    if all(hasattr(value, step) for step in _STEPS):
        given = [getattr(value, step) for step in _STEPS]
        return Timeout(*(_NO_LIMIT if seconds is None else seconds for seconds in given))
    kind = type(value).__name__
    raise TypeError(f"timeout must be a Timeout, such as Timeout(read=10), or seconds for an attempt, and not a {kind}")


def checked(name: str, value: object, kind: type, example: str) -> None:
    """Refuse an argument of another class at once: later on, its error would look like a failure of the call.

    Raises:
        TypeError: it is of another class.
    """
    if not isinstance(value, kind):
        raise TypeError(f"{name} must be a {kind.__name__}, such as {example}, and not a {type(value).__name__}")


_HEADERS: Final = "{'X-Tenant': 't1'}"


def checked_headers(headers: object) -> None:
    """Refuse headers that are no dict of texts. Their values may be secrets, and are not shown.

    Raises:
        TypeError: they are none.
    """
    checked("headers", headers, Mapping, _HEADERS)
    for name, value in cast("Mapping[object, object]", headers).items():
        if not isinstance(name, str) or not isinstance(value, str):
            wrong = type(name if not isinstance(name, str) else value).__name__
            raise TypeError(f"headers must have texts as names and values: {name!r} has one of the type {wrong}")


@public
class CallOptions(Struct, frozen=True):
    """Settings of a single call; what is None comes from the client.

    Args:
        retry: the retry policy.
        max_retries: how often it is retried at most, where nothing else of the policy differs.
        timeout: the limits on each attempt: a `Timeout`, seconds for the whole attempt, or a timeout of httpx.
        headers: extra headers, sent on every attempt.
        query: query parameters that the document does not list; a None is not sent.
        body: fields of the body that the document does not list, beside those of the call.
        strict: raise where an answer does not match its schema, rather than keep what came as plain JSON.
        reference: your own name for what is to be done once, such as `"invoice-17"`, for a client with a journal: a
            call with a reference that was done before gives its result again, and sends nothing.

    Raises:
        TypeError: an argument is of a kind that it cannot be.
        ValueError: the reference is empty.
    """

    retry: RetryPolicy | None = None
    timeout: TimeoutLike | None = None
    headers: Mapping[str, str] | None = None
    strict: bool | None = None
    reference: str | None = None
    max_retries: int | None = None
    query: Mapping[str, object] | None = None
    body: Mapping[str, object] | None = None

    def __post_init__(self) -> None:
        for name in ("query", "body"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, Mapping):
                raise TypeError(f"{name} must be a dict of what is sent, and not a {type(value).__name__}")
        if self.headers is not None:
            checked("headers", self.headers, Mapping, _HEADERS)
            structs.force_setattr(self, "headers", DiscreetHeaders(self.headers))
        if self.reference is not None:
            checked("reference", self.reference, str, '"invoice-17"')
            if not self.reference:
                raise ValueError("reference must not be empty: it names what is to be done once")
        if self.timeout is not None:
            structs.force_setattr(self, "timeout", timeout_of(self.timeout))
