"""What stands on a client: its resources, made when they are first touched, and what a subclass keeps beside them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from .concurrency.fork import importing

if TYPE_CHECKING:
    resource = cached_property
else:

    class _Unconnected:
        """What a resource is made for of which only the class is asked."""

        _core = None

    class resource(cached_property):  # noqa: N801  # it is a decorator
        """A resource of a client or resource, made when it is first touched; on a class it is the resource's class.

        `unittest.mock.create_autospec` looks there for what a client's methods take.
        """

        def __get__(self, client: object, owner: type | None = None) -> object:
            if client is None:
                return type(self.func(_Unconnected))
            # Not by functools, whose lock a forked child would wait for where another thread held it.
            with importing():
                return vars(client).setdefault(self.attrname, self.func(client))


Client = TypeVar("Client")


def copied(client: Client, core: object) -> Client:
    """Return a copy of a client that calls through another core.

    What a subclass or a test has set on the client is there on the copy as well. Resources call through the new core,
    and other cached properties are worked out again.

    Args:
        client: the client.
        core: what the copy carries calls out with.
    """
    twin: Any = with_slots(client)
    old: Any = client
    entries: dict[str, object] = vars(client)
    for name, value in entries.items():
        over = getattr(type(value), "_over", None) if getattr(value, "_core", None) is old._core else None  # noqa: SLF001
        if over is not None:
            setattr(twin, name, over(value, core))
        elif not _is_worked_out(type(client), name):
            setattr(twin, name, value)
    twin._core = core  # noqa: SLF001
    found: Client = twin
    return found


def with_slots(model: object) -> Any:  # noqa: ANN401  # a client or a resource, as the model is
    """Return another object of the same class, with nothing on it but what stands in slots."""
    kind = type(model)
    twin = object.__new__(kind)
    for base in kind.__mro__:
        slots = vars(base).get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name not in ("__dict__", "__weakref__") and hasattr(model, name):
                setattr(twin, name, getattr(model, name))
    return twin


def _is_worked_out(kind: type, name: str) -> bool:
    """Whether an attribute is a cached property that is no resource."""
    found: Any = next((vars(base)[name] for base in kind.__mro__ if name in vars(base)), None)
    is_resource = type(found) is resource
    return not is_resource and isinstance(found, cached_property)
