"""What stands on a client: its resources, made when they are first touched, and what a subclass keeps beside them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from .core import AsyncCore, SyncCore
    from .operation import AsyncResource, Resource

    resource = cached_property
else:

    class _Unconnected:
        """What a resource is made for of which only the class is asked."""

        _core = None

    class resource(cached_property):  # noqa: N801  # it is a decorator
        """A resource of a client, made when it is first touched; on the client's class it is the resource's class.

        `unittest.mock.create_autospec` looks there for what a client's methods take.
        """

        def __get__(self, client: object, owner: type | None = None) -> object:
            return type(self.func(_Unconnected)) if client is None else super().__get__(client, owner)


Client = TypeVar("Client")
Found = TypeVar("Found", bound="Resource | AsyncResource")


def copied(client: Client, core: SyncCore | AsyncCore) -> Client:
    """Return a copy of a client that calls through another core.

    What a subclass or a test has set on the client is there on the copy as well. Resources call through the new core,
    and other cached properties are worked out again.

    Args:
        client: the client.
        core: what the copy carries calls out with.
    """
    from copy import copy  # noqa: PLC0415  # few clients are copied

    twin: Any = copy(client)
    own = vars(client)
    for name, value in own.items():
        if _is_resource(value):
            if value._core is own["_core"]:  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
                vars(twin)[name] = _rebound(value, core)
        elif isinstance(getattr(type(client), name, None), cached_property):
            del vars(twin)[name]
    twin._core = core  # noqa: SLF001
    found: Client = twin
    return found


def _rebound(resource: Found, core: SyncCore | AsyncCore) -> Found:
    """Return a copy of a resource over another core, without its own methods that were put back where a test ended."""
    from copy import copy  # noqa: PLC0415

    from .methods import is_bound_to  # noqa: PLC0415

    twin: Any = copy(resource)
    for name, value in vars(resource).items():
        if is_bound_to(value, resource):
            del vars(twin)[name]
    twin._core = core  # noqa: SLF001
    found: Found = twin
    return found


def _is_resource(value: object) -> bool:
    from .operation import AsyncResource, Resource  # noqa: PLC0415  # it is imported with the first resource

    # Not `isinstance`: a mock says that it is what it stands for.
    return issubclass(type(value), (Resource, AsyncResource))
