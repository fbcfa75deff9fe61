"""Operations bound to a client: what a resource gives when a method is looked up, sync or async.

To Python's own tools an operation is what it looks like: a function where it is looked up on a class, and a method
where it is looked up on an object. `inspect`, `help` and `unittest.mock` then need nothing that is made for them.

The methods here have comments in place of docstrings: editors then show the operation's own.
"""

from __future__ import annotations

import inspect
import re
from pathlib import Path as FilePath
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any, ClassVar, Concatenate, Final, Generic, NoReturn, ParamSpec, Self, TypeVar, cast

from .concurrency.fork import importing
from .errors import APIError
from .trace import shorten_traceback
from .types import OMIT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from os import PathLike

    from .call import Call, Endpoint, Response
    from .core import AsyncCore, SyncCore
    from .operation import AsyncResource, Resource
    from .paging.page import AsyncPage, AsyncPages, Page
    from .paging.rules import Paging
    from .streams.stream import AsyncStream, Stream, StreamFacts
    from .types import Omit

P = ParamSpec("P")
T = TypeVar("T")
E = TypeVar("E")
Function = TypeVar("Function", bound="Callable[..., Any]")
_WAYS: Final = ("detailed", "stream", "save")
"""How an operation can be called beside the usual way, where it can."""


class _Bare(str):
    """An annotation that shows itself without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _signature(build: Callable[..., object], way: Callable[..., object]) -> inspect.Signature:
    """Return the signature of a way to call an operation: what the builder takes, and what comes of it this way.

    Args:
        build: the builder, whose annotation names what its call gives, such as `PagedCall[Page, Item]`.
        way: a method that takes the builder's arguments behind its own, such as `Method.detailed`.
    """
    built, own = inspect.signature(build), inspect.signature(way)
    (first, *taken), given = built.parameters.values(), list(_inner(str(built.return_annotation)))
    names = {entry.name for entry in (first, *taken)}
    # Its own come by their places, so one that an argument of the document has as well may have another name.
    further = [
        entry.replace(name=f"{entry.name}_") if entry.name in names else entry
        for entry in own.parameters.values()
        if entry.name not in ("self", "args", "kwargs")
    ]
    words = {"T": given[0], "E": given[-1], "FilePath": "Path"}
    returns = re.sub(r"\w+", lambda word: words.get(word[0], word[0]), str(own.return_annotation))
    bare = [entry.replace(annotation=_Bare(entry.annotation)) for entry in (*further, *taken)]
    if any(entry.kind is inspect.Parameter.POSITIONAL_ONLY for entry in further):
        first = first.replace(kind=inspect.Parameter.POSITIONAL_ONLY)
    return inspect.Signature([first, *bare], return_annotation=_Bare(returns))


def _inner(annotation: str) -> Iterator[str]:
    """Yield what stands between the brackets of an annotation, parted at commas that are not in brackets themselves."""
    _, _, inner = annotation.removesuffix("]").partition("[")
    depth = begin = 0
    for place, character in enumerate(inner):
        depth += (character == "[") - (character == "]")
        if character == "," and depth == 0:
            yield inner[begin:place].strip()
            begin = place + 1
    yield inner[begin:].strip()


class Declared(Generic[P, T]):
    """A declared operation, whatever it gives: its facts and its builder.

    Args:
        endpoint: the facts.
        build: makes a call of the arguments.
    """

    kinds: ClassVar[tuple[type[_Bound[..., Any]], type[_Bound[..., Any]]]]
    """What it is on a resource: sync and async."""

    def __init__(self, endpoint: Endpoint, build: Callable[Concatenate[Any, P], Call[T]]) -> None:
        self.endpoint = endpoint
        self.build = build
        self.make = build
        """What makes a call of arguments: the builder, or what warns before it."""
        self.name = build.__name__
        self.__doc__ = build.__doc__
        self.__module__ = build.__module__
        self.__qualname__ = build.__qualname__
        self._is_async = False
        self._functions: dict[str, FunctionType] = {}
        self._methods: dict[str, FunctionType] = {}

    def __set_name__(self, owner: type, name: str) -> None:
        path = vars(owner).get("_path") or owner.__module__.rpartition(".")[2]
        self.name = f"{path}.{name}"
        self.__qualname__ = f"{owner.__name__.removesuffix('Operations')}.{name}"

    def awaited(self) -> Self:
        """Return the operation as async resources have it: what a class says of it is then true without an object."""
        twin = object.__new__(type(self))
        vars(twin).update(vars(self), _is_async=True, _functions={}, _methods={})
        twin.__qualname__ = f"Async{self.__qualname__}"
        return twin

    @property
    def is_async(self) -> bool:
        """Whether it is the operation of an async resource."""
        return self._is_async

    def function(self, way: str = "__call__") -> Any:  # noqa: ANN401  # a function that has the operation's facts as well
        """Return what a class gives for the operation: a function of a resource and the arguments.

        Args:
            way: how it is called, such as `detailed`.
        """
        if way not in self._functions:
            self._functions[way] = made = self._function(way)
            if way == "__call__":
                ways = {name: self.function(name) for name in _WAYS if hasattr(self._kind(), name)}
                facts = {name: value for name, value in vars(self).items() if not name.startswith("_")}
                vars(made).update(facts, **ways)
        return self._functions[way]

    def __call__(self, resource: Any, /, *args: P.args, **kwargs: P.kwargs) -> Any:  # noqa: ANN401  # a value, or awaited
        return self.function()(resource, *args, **kwargs)

    def method(self, way: FunctionType) -> FunctionType:
        """Return a method of a bound operation as it is for this operation: with its signature and name."""
        name = way.__name__
        if name not in self._methods:
            twin = FunctionType(way.__code__, way.__globals__, name, way.__defaults__, way.__closure__)
            self._methods[name] = self._as_declared(twin, way, name)
        return self._methods[name]

    def _kind(self) -> type[_Bound[..., Any]]:
        return self.kinds[self._is_async]

    def _function(self, way: str) -> FunctionType:
        method = getattr(self._kind(), way)
        descriptor: Any = self

        def bound(resource: object) -> Any:  # noqa: ANN401  # a method, whatever it takes
            found: Any = descriptor.__get__(resource, type(resource))
            if found is descriptor:
                raise TypeError(f"{self.name} is called with a resource of a client first, and not with {resource!r}")
            return getattr(found, way)

        def called(resource: object, /, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
            return bound(resource)(*args, **kwargs)

        async def awaited(resource: object, /, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
            return await bound(resource)(*args, **kwargs)

        function = cast("FunctionType", awaited if inspect.iscoroutinefunction(method) else called)
        # Whoever looks for the source finds the operation's.
        place, code = getattr(self.build, "__code__", None), function.__code__
        if place is not None:
            function.__code__ = code.replace(co_filename=place.co_filename, co_firstlineno=place.co_firstlineno)
        return self._as_declared(function, method, way)

    def _as_declared(self, function: FunctionType, method: Callable[..., object], way: str) -> FunctionType:
        function.__name__ = self.build.__name__ if way == "__call__" else way
        function.__qualname__ = self.__qualname__ if way == "__call__" else f"{self.__qualname__}.{way}"
        function.__module__, function.__doc__ = self.build.__module__, self.build.__doc__
        function.__annotations__ = {}
        vars(function)["__signature__"] = _signature(self.build, method)
        return function

    if not TYPE_CHECKING:

        @property
        def __class__(self) -> type:
            # `unittest.mock` looks for it in the dict of a class: only functions are known to take `self` first.
            return FunctionType

        @property
        def __wrapped__(self) -> object:
            return self.function() if self._is_async else self.build

        # Not `__getattr__`: with one, Python looks up every other attribute more slowly.
        @property
        def __code__(self) -> object:
            return self.function().__code__

        @property
        def __name__(self) -> str:
            return self.build.__name__

        @property
        def __signature__(self) -> inspect.Signature:
            return self.function().__signature__


if TYPE_CHECKING:

    def way(function: Function) -> Function:
        """Declare a further way to call an operation."""
        return function

else:

    class way:  # noqa: N801  # it is a decorator
        """A further way to call an operation: a method of a bound operation, with the operation's own signature."""

        __slots__ = ("__wrapped__",)

        def __init__(self, function: FunctionType) -> None:
            self.__wrapped__ = function

        def __get__(self, bound: _Bound[..., Any] | None, owner: type) -> object:
            if bound is None:
                return self.__wrapped__
            return MethodType(bound._operation.method(self.__wrapped__), bound)  # noqa: SLF001

        def __set__(self, bound: _Bound[..., Any], value: object) -> None:
            self._refuse(bound)

        def __delete__(self, bound: _Bound[..., Any]) -> None:
            self._refuse(bound)

        def _refuse(self, bound: _Bound[..., Any]) -> NoReturn:
            way, method = self.__wrapped__.__name__, bound.__name__
            raise AttributeError(
                f"{way!r} of {bound!r} cannot be replaced alone: replace {method!r} on its resource, with an object "
                f"that has {way!r}"
            )


class _Bound(Generic[P, T]):
    """An operation on its way to be called."""

    def __init__(self, operation: Declared[P, T], resource: Resource | AsyncResource) -> None:
        # One is made for each call, so nothing is asked of the classes above.
        self.__doc__ = operation.__doc__
        self.__module__ = operation.__module__
        self.__qualname__ = operation.__qualname__
        self._operation = operation
        self._resource = resource

    if not TYPE_CHECKING:
        # With its code, what `inspect` knows a function by, inside a partial as well.
        __defaults__ = __kwdefaults__ = None

        @property
        def __class__(self) -> type:
            return MethodType

        def __dir__(self) -> list[str]:
            return [*dir(type(self)), *vars(self)]

        @property
        def __code__(self) -> object:
            return self.__func__.__code__

    @property
    def __func__(self) -> Callable[..., Any]:
        return cast("Callable[..., Any]", self._operation.function())

    @property
    def __self__(self) -> object:
        return self._resource

    @property
    def __name__(self) -> str:
        return self._operation.build.__name__

    def __eq__(self, other: object) -> bool:
        # As with methods of any class: each look-up makes another object, and they are equal.
        return (
            type(other) is type(self)
            and cast("Self", other)._operation is self._operation
            and cast("Self", other)._resource is self._resource
        )

    def __hash__(self) -> int:
        return hash((self._operation, id(self._resource)))

    def __reduce__(self) -> tuple[Any, ...]:
        return getattr, (self._resource, self.__name__)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._operation.name}>"

    @property
    def endpoint(self) -> Endpoint:
        """The facts of the operation."""
        return self._operation.endpoint

    def _call(self, *args: P.args, **kwargs: P.kwargs) -> Call[T]:
        return self._operation.make(self._resource, *args, **kwargs)


def is_bound_to(value: object, resource: object) -> bool:
    """Whether a value is a method that was looked up on a resource."""
    return issubclass(type(value), _Bound) and cast("_Bound[..., Any]", value).__self__ is resource


class _SyncBound(_Bound[P, T]):
    """An operation bound to a client."""

    @property
    def _core(self) -> SyncCore:
        return cast("Resource", self._resource)._core  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]

    def _fetch(self, call: Call[T]) -> Response[T]:
        try:
            return self._core.execute(self._operation.name, self._operation.endpoint, call)
        except APIError as error:
            shorten_traceback(error, self._operation.build)
            raise

    def _open(self, call: Call[T], facts: StreamFacts | None) -> Stream[Any]:
        try:
            return self._core.stream(self._operation.name, self._operation.endpoint, call, facts)
        except APIError as error:
            shorten_traceback(error, self._operation.build)
            raise


class _AsyncBound(_Bound[P, T]):
    """An operation bound to an async client."""

    @property
    def _core(self) -> AsyncCore:
        return cast("AsyncResource", self._resource)._core  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]

    async def _fetch(self, call: Call[T]) -> Response[T]:
        try:
            return await self._core.execute(self._operation.name, self._operation.endpoint, call)
        except APIError as error:
            shorten_traceback(error, self._operation.build)
            raise

    async def _open(self, call: Call[T], facts: StreamFacts | None) -> AsyncStream[Any]:
        try:
            return await self._core.stream(self._operation.name, self._operation.endpoint, call, facts)
        except APIError as error:
            shorten_traceback(error, self._operation.build)
            raise


class _Detailed(_SyncBound[P, T]):
    @way
    def detailed(self, *args: P.args, **kwargs: P.kwargs) -> Response[T]:
        # The result with status, headers, key, attempts and whether it was replayed.
        return self._fetch(self._call(*args, **kwargs))


class _AsyncDetailed(_AsyncBound[P, T]):
    @way
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
        return self._begin(self._call(*args, **kwargs))

    @way
    def after(self, cursor: str, /, *args: P.args, **kwargs: P.kwargs) -> Page[T, E]:
        # The page that a `next_cursor` of the same list leads to.
        return self._begin(self._call(*args, **kwargs), cursor)

    def _begin(self, call: Call[T], cursor: str | Omit = OMIT) -> Page[T, E]:
        with importing():
            from .paging.page import Page  # noqa: PLC0415  # imported with the first list
            from .paging.rules import place_at  # noqa: PLC0415

        place = place_at(self._paging, call, cursor)
        return Page(self._fetch, place, self._fetch(place.call))


class AsyncPagedMethod(_AsyncDetailed[P, T], Generic[P, T, E]):
    """An operation that gives a list in pages, bound to an async client."""

    def __init__(self, operation: Declared[P, T], resource: AsyncResource, paging: Paging) -> None:
        super().__init__(operation, resource)
        self._paging = paging

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> AsyncPages[T, E]:
        return self._begin(self._call(*args, **kwargs))

    @way
    def after(self, cursor: str, /, *args: P.args, **kwargs: P.kwargs) -> AsyncPages[T, E]:
        # The page that a `next_cursor` of the same list leads to, and those behind it.
        return self._begin(self._call(*args, **kwargs), cursor)

    def _begin(self, call: Call[T], cursor: str | Omit = OMIT) -> AsyncPages[T, E]:
        with importing():
            from .paging.page import AsyncPage, AsyncPages  # noqa: PLC0415  # imported with the first list
            from .paging.rules import place_at  # noqa: PLC0415

        place = place_at(self._paging, call, cursor)

        async def first() -> AsyncPage[T, E]:
            return AsyncPage(self._fetch, place, await self._fetch(place.call))

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

    @way
    def stream(self, *args: P.args, **kwargs: P.kwargs) -> Stream[E]:
        # The same, item by item.
        return self._open(self._call(*args, **kwargs), self._facts)


class AsyncStreamableMethod(AsyncMethod[P, T], Generic[P, T, E]):
    """An operation that gives a value or a stream, bound to an async client."""

    def __init__(self, operation: Declared[P, T], resource: AsyncResource, facts: StreamFacts) -> None:
        super().__init__(operation, resource)
        self._facts = facts

    @way
    async def stream(self, *args: P.args, **kwargs: P.kwargs) -> AsyncStream[E]:
        # The same, item by item.
        return await self._open(self._call(*args, **kwargs), self._facts)


class DownloadMethod(Method[P, bytes]):
    """An operation that gives bytes, bound to a client."""

    @way
    def save(self, target: str | PathLike[str], /, *args: P.args, **kwargs: P.kwargs) -> Response[FilePath]:
        # Writes to a file beside the target, which takes its place when it is complete.
        call = self._call(*args, **kwargs)
        try:
            return self._core.save(self._operation.name, self._operation.endpoint, call, FilePath(target))
        except APIError as error:
            shorten_traceback(error, self._operation.build)
            raise

    @way
    def stream(self, *args: P.args, **kwargs: P.kwargs) -> Stream[bytes]:
        # The bytes in pieces, as they come.
        return self._open(self._call(*args, **kwargs), None)


class AsyncDownloadMethod(AsyncMethod[P, bytes]):
    """An operation that gives bytes, bound to an async client."""

    @way
    async def save(self, target: str | PathLike[str], /, *args: P.args, **kwargs: P.kwargs) -> Response[FilePath]:
        # Writes to a file beside the target, which takes its place when it is complete.
        call = self._call(*args, **kwargs)
        try:
            return await self._core.save(self._operation.name, self._operation.endpoint, call, FilePath(target))
        except APIError as error:
            shorten_traceback(error, self._operation.build)
            raise

    @way
    async def stream(self, *args: P.args, **kwargs: P.kwargs) -> AsyncStream[bytes]:
        # The bytes in pieces, as they come.
        return await self._open(self._call(*args, **kwargs), None)
