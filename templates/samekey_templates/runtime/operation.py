"""A pure builder of a request becomes a method: sync or async, with the plain result or the whole response."""

from __future__ import annotations

from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    Generic,
    ParamSpec,
    Required,
    Self,
    TypedDict,
    TypeVar,
    Unpack,
    overload,
)

from .attributes import with_slots
from .call import Call, Endpoint, PagedCall, StreamableCall, StreamCall
from .methods import (
    AsyncDownloadMethod,
    AsyncMethod,
    AsyncPagedMethod,
    AsyncStreamableMethod,
    AsyncStreamMethod,
    Declared,
    DownloadMethod,
    Method,
    PagedMethod,
    StreamableMethod,
    StreamMethod,
    is_bound_to,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .auth.credentials import Requirement
    from .call import BodyKind, Types
    from .core import AsyncCore, SyncCore
    from .paging.rules import Paging
    from .request.body import FileCount
    from .request.encode import Style
    from .retry.dialect import Profile
    from .retry.rules import RetryPolicy
    from .safety import Evidence, Safety
    from .streams.stream import StreamFacts

P = ParamSpec("P")
T = TypeVar("T")
E = TypeVar("E")
R = TypeVar("R", bound="Resource | AsyncResource")


class Resource:
    """A group of operations, called in the usual way."""

    # The dict is for what tests put in the place of methods.
    __slots__ = ("__dict__", "__weakref__", "_core")

    def __init__(self, core: SyncCore) -> None:
        self._core = core

    def _over(self, core: SyncCore) -> Self:
        """Return a copy that calls through another core, with what a subclass or a test has set on this one."""
        return _over(self, core)

    def __repr__(self) -> str:
        return _shown(self, self._core)


class AsyncResource:
    """A group of operations, awaited."""

    __slots__ = ("__dict__", "__weakref__", "_core")

    def __init__(self, core: AsyncCore) -> None:
        self._core = core

    def _over(self, core: AsyncCore) -> Self:
        """Return a copy that calls through another core, with what a subclass or a test has set on this one."""
        return _over(self, core)

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for base in cls.__bases__:
            for name, value in vars(base).items():
                if isinstance(value, Declared) and not value.is_async and name not in vars(cls):
                    setattr(cls, name, value.awaited())

    def __repr__(self) -> str:
        return _shown(self, self._core)


def _over(resource: R, core: SyncCore | AsyncCore) -> R:
    """Return a copy of a resource, and of those that it holds, which call through another core."""
    twin = with_slots(resource)
    own: Any = resource
    entries: dict[str, Any] = vars(resource)
    for name, value in entries.items():
        if isinstance(value, (Resource, AsyncResource)) and getattr(value, "_core", None) is own._core:  # noqa: SLF001
            setattr(twin, name, _over(value, core))
        # A method of its own stands there if a test has put it back.
        elif not is_bound_to(value, resource):
            setattr(twin, name, value)
    twin._core = core  # noqa: SLF001
    found: R = twin
    return found


def _shown(resource: object, core: SyncCore | AsyncCore) -> str:
    """Return what a resource is: its class, and where it sends requests."""
    kind = type(resource)
    return f"<{kind.__module__}.{kind.__qualname__} at {core.settings.shown_base}>"


# What an operation is when it is looked up depends on the class that it is looked up on. Each form has an overload of
# its own, since type checkers cannot be told of a method's class in general.


class Operation(Declared[P, T]):
    """An operation that gives a value; looked up on a resource it is a `Method`, on an async one an `AsyncMethod`."""

    kinds = (Method, AsyncMethod)

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: Resource, owner: type) -> Method[P, T]: ...
    @overload
    def __get__(self, instance: AsyncResource, owner: type) -> AsyncMethod[P, T]: ...
    def __get__(self, instance: Resource | AsyncResource | None, owner: type) -> object:
        if isinstance(instance, Resource):
            return Method(self, instance)
        if isinstance(instance, AsyncResource):
            return AsyncMethod(self, instance)
        return self.function() if instance is None else self


class PagedOperation(Declared[P, T], Generic[P, T, E]):
    """An operation that gives a list in pages."""

    kinds = (PagedMethod, AsyncPagedMethod)

    def __init__(
        self, endpoint: Endpoint, build: Callable[Concatenate[Any, P], PagedCall[T, E]], paging: Paging
    ) -> None:
        super().__init__(endpoint, build)
        self.paging = paging

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: Resource, owner: type) -> PagedMethod[P, T, E]: ...
    @overload
    def __get__(self, instance: AsyncResource, owner: type) -> AsyncPagedMethod[P, T, E]: ...
    def __get__(self, instance: Resource | AsyncResource | None, owner: type) -> object:
        if isinstance(instance, Resource):
            return PagedMethod[P, T, E](self, instance, self.paging)
        if isinstance(instance, AsyncResource):
            return AsyncPagedMethod[P, T, E](self, instance, self.paging)
        return self.function() if instance is None else self


class StreamOperation(Declared[P, E]):
    """An operation that gives a stream of items."""

    kinds = (StreamMethod, AsyncStreamMethod)

    def __init__(
        self, endpoint: Endpoint, build: Callable[Concatenate[Any, P], StreamCall[E]], facts: StreamFacts
    ) -> None:
        super().__init__(endpoint, build)
        self.facts = facts

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: Resource, owner: type) -> StreamMethod[P, E]: ...
    @overload
    def __get__(self, instance: AsyncResource, owner: type) -> AsyncStreamMethod[P, E]: ...
    def __get__(self, instance: Resource | AsyncResource | None, owner: type) -> object:
        if isinstance(instance, Resource):
            return StreamMethod(self, instance, self.facts)
        if isinstance(instance, AsyncResource):
            return AsyncStreamMethod(self, instance, self.facts)
        return self.function() if instance is None else self


class StreamableOperation(Declared[P, T], Generic[P, T, E]):
    """An operation that gives a value, or the same in a stream of items."""

    kinds = (StreamableMethod, AsyncStreamableMethod)

    def __init__(
        self, endpoint: Endpoint, build: Callable[Concatenate[Any, P], StreamableCall[T, E]], facts: StreamFacts
    ) -> None:
        super().__init__(endpoint, build)
        self.facts = facts

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: Resource, owner: type) -> StreamableMethod[P, T, E]: ...
    @overload
    def __get__(self, instance: AsyncResource, owner: type) -> AsyncStreamableMethod[P, T, E]: ...
    def __get__(self, instance: Resource | AsyncResource | None, owner: type) -> object:
        if isinstance(instance, Resource):
            return StreamableMethod[P, T, E](self, instance, self.facts)
        if isinstance(instance, AsyncResource):
            return AsyncStreamableMethod[P, T, E](self, instance, self.facts)
        return self.function() if instance is None else self


class DownloadOperation(Declared[P, bytes]):
    """An operation that gives bytes: at once, in pieces, or into a file."""

    kinds = (DownloadMethod, AsyncDownloadMethod)

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: Resource, owner: type) -> DownloadMethod[P]: ...
    @overload
    def __get__(self, instance: AsyncResource, owner: type) -> AsyncDownloadMethod[P]: ...
    def __get__(self, instance: Resource | AsyncResource | None, owner: type) -> object:
        if isinstance(instance, Resource):
            return DownloadMethod(self, instance)
        if isinstance(instance, AsyncResource):
            return AsyncDownloadMethod(self, instance)
        return self.function() if instance is None else self


class Facts(TypedDict, total=False):
    """The facts of an operation beside method and path: the fields of `Endpoint`."""

    safety: Required[Safety]
    evidence: Evidence
    key_only: bool
    documents: tuple[int, ...]
    returns: Callable[[], object]
    errors: Callable[[], Types]
    body: BodyKind
    media_type: str
    body_required: bool
    sends: Callable[[], object]
    accept: str
    accept_only: bool
    security: Requirement
    path_styles: Mapping[str, Style]
    query_styles: Mapping[str, Style]
    header_styles: Mapping[str, Style]
    cookie_styles: Mapping[str, Style]
    server: str
    form_styles: Mapping[str, Style]
    part_types: Mapping[str, str]
    files: Mapping[str, FileCount]
    retry: RetryPolicy
    profile: Profile


def operation(
    method: str, path: str, **facts: Unpack[Facts]
) -> Callable[[Callable[Concatenate[Any, P], Call[T]]], Operation[P, T]]:
    """Declare an operation by its facts; the decorated function turns arguments into a `Call`."""
    endpoint = Endpoint(method, path, **facts)
    return lambda build: Operation(endpoint, build)


def pages(
    method: str, path: str, paging: Paging, **facts: Unpack[Facts]
) -> Callable[[Callable[Concatenate[Any, P], PagedCall[T, E]]], PagedOperation[P, T, E]]:
    """Declare an operation that gives a list in pages."""
    endpoint = Endpoint(method, path, **facts)
    return lambda build: PagedOperation(endpoint, build, paging)


def stream(
    method: str, path: str, streams: StreamFacts, **facts: Unpack[Facts]
) -> Callable[[Callable[Concatenate[Any, P], StreamCall[E]]], StreamOperation[P, E]]:
    """Declare an operation that gives a stream of items."""
    endpoint = Endpoint(method, path, **facts)
    return lambda build: StreamOperation(endpoint, build, streams)


def streamable(
    method: str, path: str, streams: StreamFacts, **facts: Unpack[Facts]
) -> Callable[[Callable[Concatenate[Any, P], StreamableCall[T, E]]], StreamableOperation[P, T, E]]:
    """Declare an operation that gives a value, or the same in a stream of items."""
    endpoint = Endpoint(method, path, **facts)
    return lambda build: StreamableOperation(endpoint, build, streams)


def download(
    method: str, path: str, **facts: Unpack[Facts]
) -> Callable[[Callable[Concatenate[Any, P], Call[bytes]]], DownloadOperation[P]]:
    """Declare an operation that gives bytes: at once, in pieces, or into a file."""
    endpoint = Endpoint(method, path, **facts)
    return lambda build: DownloadOperation(endpoint, build)
