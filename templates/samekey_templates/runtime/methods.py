"""Operations bound to a client: what a resource gives when a method is looked up, sync or async.

The methods here have comments in place of docstrings: editors then show the operation's own.
"""

from __future__ import annotations

import inspect
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any, Concatenate, Final, Generic, ParamSpec, Self, TypeVar, cast

from .errors import APIError
from .trace import shorten_traceback

if TYPE_CHECKING:
    from collections.abc import Callable
    from os import PathLike

    from .call import Call, Endpoint, Response
    from .core import AsyncCore, SyncCore
    from .operation import AsyncResource, Resource
    from .paging.page import AsyncPage, AsyncPages, Page
    from .paging.rules import Paging
    from .streams.stream import AsyncStream, Stream, StreamFacts

P = ParamSpec("P")
T = TypeVar("T")
E = TypeVar("E")
_CONTAINERS: Final = {"PagedCall": "Page", "StreamCall": "Stream"}


class Described(Generic[P, T]):
    """What `help`, `inspect.signature` and editors see of a declared operation: the builder's own words."""

    def __init__(self, build: Callable[Concatenate[Any, P], Call[T]]) -> None:
        self._build = build
        self.__doc__ = build.__doc__

    @property
    def __name__(self) -> str:
        return self._build.__name__

    @property
    def __wrapped__(self) -> Callable[..., object]:
        return self._build

    @property
    def __signature__(self) -> inspect.Signature:
        signature = inspect.signature(self._build)
        parameters = [entry.replace(annotation=_Bare(entry.annotation)) for entry in signature.parameters.values()]
        return signature.replace(parameters=parameters[1:], return_annotation=_Bare(_given(signature)))


def _given(signature: inspect.Signature) -> str:
    """Return the type that a call gives, as the builder's annotation says it."""
    kind, _, inner = str(signature.return_annotation).removesuffix("]").partition("[")
    if kind in _CONTAINERS:
        return f"{_CONTAINERS[kind]}[{inner}]"
    # Of a value and the items of its stream, the value is given; its own brackets may hold commas as well.
    depth = 0
    for place, character in enumerate(inner if kind == "StreamableCall" else ""):
        depth += (character == "[") - (character == "]")
        if character == "," and depth == 0:
            return inner[:place]
    return inner


class _Bare(str):
    """An annotation that shows itself without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class Declared(Described[P, T]):
    """A declared operation, whatever it gives: its facts and its builder."""

    def __init__(self, endpoint: Endpoint, build: Callable[Concatenate[Any, P], Call[T]]) -> None:
        super().__init__(build)
        self.endpoint = endpoint
        self.build = build
        self.name = build.__name__

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = f"{owner.__module__.rpartition('.')[2]}.{name}"


class _Bound(Described[P, T]):
    """An operation on its way to be called."""

    def __init__(self, operation: Declared[P, T], resource: Resource | AsyncResource) -> None:
        # One is made for each call, so nothing is asked of the classes above.
        self.__doc__ = operation.__doc__
        self._build = operation.build
        self._name, self._endpoint = operation.name, operation.endpoint
        self._resource = resource

    def __get__(self, instance: object, owner: type | None = None) -> Self:
        # `help` takes an object with `__get__` for a routine, and then shows its signature.
        return self

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._name}>"

    @property
    def endpoint(self) -> Endpoint:
        """The facts of the operation."""
        return self._endpoint

    def _call(self, *args: P.args, **kwargs: P.kwargs) -> Call[T]:
        return self._build(self._resource, *args, **kwargs)


class _SyncBound(_Bound[P, T]):
    """An operation bound to a client."""

    @property
    def _core(self) -> SyncCore:
        return cast("Resource", self._resource)._core  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]

    def _fetch(self, call: Call[T]) -> Response[T]:
        try:
            return self._core.execute(self._name, self._endpoint, call)
        except APIError as error:
            shorten_traceback(error, self._build)
            raise

    def _open(self, call: Call[T], facts: StreamFacts | None) -> Stream[Any]:
        try:
            return self._core.stream(self._name, self._endpoint, call, facts)
        except APIError as error:
            shorten_traceback(error, self._build)
            raise


class _AsyncBound(_Bound[P, T]):
    """An operation bound to an async client."""

    @property
    def _core(self) -> AsyncCore:
        return cast("AsyncResource", self._resource)._core  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]

    async def _fetch(self, call: Call[T]) -> Response[T]:
        try:
            return await self._core.execute(self._name, self._endpoint, call)
        except APIError as error:
            shorten_traceback(error, self._build)
            raise

    async def _open(self, call: Call[T], facts: StreamFacts | None) -> AsyncStream[Any]:
        try:
            return await self._core.stream(self._name, self._endpoint, call, facts)
        except APIError as error:
            shorten_traceback(error, self._build)
            raise


class _Detailed(_SyncBound[P, T]):
    def detailed(self, *args: P.args, **kwargs: P.kwargs) -> Response[T]:
        # The result with status, headers, key, attempts and whether it was replayed.
        return self._fetch(self._call(*args, **kwargs))


class _AsyncDetailed(_AsyncBound[P, T]):
    async def detailed(self, *args: P.args, **kwargs: P.kwargs) -> Response[T]:
        return await self._fetch(self._call(*args, **kwargs))


class Method(_Detailed[P, T]):
    """An operation that gives a value, bound to a client."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        return self._fetch(self._call(*args, **kwargs)).data


class AsyncMethod(_AsyncDetailed[P, T]):
    """An operation that gives a value, bound to an async client."""

    async def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        return (await self._fetch(self._call(*args, **kwargs))).data


class PagedMethod(_Detailed[P, T], Generic[P, T, E]):
    """An operation that gives a list in pages, bound to a client."""

    def __init__(self, operation: Declared[P, T], resource: Resource, paging: Paging) -> None:
        super().__init__(operation, resource)
        self._paging = paging

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Page[T, E]:
        from .paging.page import Page  # noqa: PLC0415  # imported with the first list
        from .paging.rules import PagePosition  # noqa: PLC0415

        place = PagePosition(self._paging, self._call(*args, **kwargs))
        return Page(self._fetch, place, self._fetch(place.call))


class AsyncPagedMethod(_AsyncDetailed[P, T], Generic[P, T, E]):
    """An operation that gives a list in pages, bound to an async client."""

    def __init__(self, operation: Declared[P, T], resource: AsyncResource, paging: Paging) -> None:
        super().__init__(operation, resource)
        self._paging = paging

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> AsyncPages[T, E]:
        from .paging.page import AsyncPage, AsyncPages  # noqa: PLC0415  # imported with the first list
        from .paging.rules import PagePosition  # noqa: PLC0415

        call = self._call(*args, **kwargs)

        async def first() -> AsyncPage[T, E]:
            return AsyncPage(self._fetch, PagePosition(self._paging, call), await self._fetch(call))

        return AsyncPages(first)


class StreamMethod(_SyncBound[P, E]):
    """An operation that gives a stream of items, bound to a client."""

    def __init__(self, operation: Declared[P, E], resource: Resource, facts: StreamFacts) -> None:
        super().__init__(operation, resource)
        self._facts = facts

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Stream[E]:
        return self._open(self._call(*args, **kwargs), self._facts)


class AsyncStreamMethod(_AsyncBound[P, E]):
    """An operation that gives a stream of items, bound to an async client."""

    def __init__(self, operation: Declared[P, E], resource: AsyncResource, facts: StreamFacts) -> None:
        super().__init__(operation, resource)
        self._facts = facts

    async def __call__(self, *args: P.args, **kwargs: P.kwargs) -> AsyncStream[E]:
        return await self._open(self._call(*args, **kwargs), self._facts)


class StreamableMethod(Method[P, T], Generic[P, T, E]):
    """An operation that gives a value or a stream, bound to a client."""

    def __init__(self, operation: Declared[P, T], resource: Resource, facts: StreamFacts) -> None:
        super().__init__(operation, resource)
        self._facts = facts

    def stream(self, *args: P.args, **kwargs: P.kwargs) -> Stream[E]:
        # The same, item by item.
        return self._open(self._call(*args, **kwargs), self._facts)


class AsyncStreamableMethod(AsyncMethod[P, T], Generic[P, T, E]):
    """An operation that gives a value or a stream, bound to an async client."""

    def __init__(self, operation: Declared[P, T], resource: AsyncResource, facts: StreamFacts) -> None:
        super().__init__(operation, resource)
        self._facts = facts

    async def stream(self, *args: P.args, **kwargs: P.kwargs) -> AsyncStream[E]:
        # The same, item by item.
        return await self._open(self._call(*args, **kwargs), self._facts)


class DownloadMethod(Method[P, bytes]):
    """An operation that gives bytes, bound to a client."""

    def save(self, target: str | PathLike[str], /, *args: P.args, **kwargs: P.kwargs) -> Response[FilePath]:
        # Writes to a file beside the target, which takes its place when it is complete.
        call = self._call(*args, **kwargs)
        try:
            return self._core.save(self._name, self._endpoint, call, FilePath(target))
        except APIError as error:
            shorten_traceback(error, self._build)
            raise

    def stream(self, *args: P.args, **kwargs: P.kwargs) -> Stream[bytes]:
        # The bytes in pieces, as they come.
        return self._open(self._call(*args, **kwargs), None)


class AsyncDownloadMethod(AsyncMethod[P, bytes]):
    """An operation that gives bytes, bound to an async client."""

    async def save(self, target: str | PathLike[str], /, *args: P.args, **kwargs: P.kwargs) -> Response[FilePath]:
        # Writes to a file beside the target, which takes its place when it is complete.
        call = self._call(*args, **kwargs)
        try:
            return await self._core.save(self._name, self._endpoint, call, FilePath(target))
        except APIError as error:
            shorten_traceback(error, self._build)
            raise

    async def stream(self, *args: P.args, **kwargs: P.kwargs) -> AsyncStream[bytes]:
        # The bytes in pieces, as they come.
        return await self._open(self._call(*args, **kwargs), None)
