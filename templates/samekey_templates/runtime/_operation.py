"""One declaration for every face: a pure builder becomes a method, sync or async, typed or with its whole response."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

from ._call import BodyKind, Call, Endpoint, Response, Types

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ._auth import Requirement
    from ._client import AsyncCore, SyncCore
    from ._policy import RetryPolicy, Safety
    from ._profile import Profile
    from ._request import Style

P = ParamSpec("P")
T = TypeVar("T")


class Resource:
    """A group of operations, called in the usual way."""

    __slots__ = ("_core",)

    def __init__(self, core: SyncCore) -> None:
        self._core = core


class AsyncResource:
    """A group of operations, awaited."""

    __slots__ = ("_core",)

    def __init__(self, core: AsyncCore) -> None:
        self._core = core


class _Described(Generic[P, T]):
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
        returned = str(signature.return_annotation).removeprefix("Call[").removesuffix("]")
        return signature.replace(parameters=parameters[1:], return_annotation=_Bare(returned))


class _Bare(str):
    """An annotation that shows itself without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class Operation(_Described[P, T]):
    """A declared operation; looked up on a resource it is a `Method`, on an async one an `AsyncMethod`."""

    def __init__(self, endpoint: Endpoint, build: Callable[Concatenate[Any, P], Call[T]]) -> None:
        super().__init__(build)
        self.endpoint = endpoint
        self.build = build
        self.name = build.__name__

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = f"{owner.__module__.rpartition('.')[2]}.{name}"

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
        return self


class _Bound(_Described[P, T]):
    """An operation on its way to be called."""

    def __init__(self, operation: Operation[P, T]) -> None:
        super().__init__(operation.build)
        self._operation = operation

    def __get__(self, instance: object, owner: type | None = None) -> Self:
        # `help` takes an object with `__get__` for a routine, and then shows its signature.
        return self

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._operation.name}>"


class Method(_Bound[P, T]):
    """An operation bound to a client."""

    def __init__(self, operation: Operation[P, T], resource: Resource) -> None:
        super().__init__(operation)
        self._resource = resource

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        # No docstring: editors then show the operation's own.
        return self.detailed(*args, **kwargs).data

    def detailed(self, *args: P.args, **kwargs: P.kwargs) -> Response[T]:
        # The result with status, headers, key, attempts and whether it was replayed. No docstring, as above.
        operation = self._operation
        call = operation.build(self._resource, *args, **kwargs)
        return self._resource._core.execute(operation.name, operation.endpoint, call)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


class AsyncMethod(_Bound[P, T]):
    """An operation bound to an async client."""

    def __init__(self, operation: Operation[P, T], resource: AsyncResource) -> None:
        super().__init__(operation)
        self._resource = resource

    async def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        # No docstring: editors then show the operation's own.
        return (await self.detailed(*args, **kwargs)).data

    async def detailed(self, *args: P.args, **kwargs: P.kwargs) -> Response[T]:
        # The result with status, headers, key, attempts and whether it was replayed. No docstring, as above.
        operation = self._operation
        call = operation.build(self._resource, *args, **kwargs)
        return await self._resource._core.execute(operation.name, operation.endpoint, call)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


def operation(  # noqa: PLR0913  # the facts of an operation, each by its name
    method: str,
    path: str,
    *,
    safety: Safety,
    returns: Callable[[], object] | None = None,
    errors: Callable[[], Types] | None = None,
    body: BodyKind = "json",
    media_type: str = "application/json",
    body_required: bool = True,
    accept: str = "application/json",
    security: Requirement | None = None,
    path_styles: Mapping[str, Style] | None = None,
    query_styles: Mapping[str, Style] | None = None,
    header_styles: Mapping[str, Style] | None = None,
    form_styles: Mapping[str, Style] | None = None,
    part_types: Mapping[str, str] | None = None,
    retry: RetryPolicy | None = None,
    profile: Profile | None = None,
) -> Callable[[Callable[Concatenate[Any, P], Call[T]]], Operation[P, T]]:
    """Declare an operation by its facts; the decorated function turns arguments into a `Call`."""
    endpoint = Endpoint(
        method, path, safety, returns, errors, body, media_type, body_required, accept, security,
        path_styles or {}, query_styles or {}, header_styles or {}, form_styles or {}, part_types or {}, retry, profile,
    )  # fmt: skip

    def declare(build: Callable[Concatenate[Any, P], Call[T]]) -> Operation[P, T]:
        return Operation(endpoint, build)

    return declare
