"""What the API's document deprecates: type checkers and `DeprecationWarning` tell whoever still uses it (PEP 702)."""

from __future__ import annotations

import logging
import math
import sys
import warnings
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any, Final, Generic, Self, TypeVar, overload

from .text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    # Type checkers bring it along, as Python does from 3.13 on; nothing imports it when a program runs.
    from typing_extensions import deprecated as deprecated  # noqa: PLC0414  # emitted modules import it from here

    from .call import Settings
    from .methods import Declared

_log = logging.getLogger((__package__ or __name__).partition("._runtime")[0])

T = TypeVar("T")
Kind = TypeVar("Kind", bound=type)
_SIGNS: Final = ("deprecation", "sunset")
"""Headers by which an API says that an operation is deprecated (RFC 9745), and when it will end (RFC 8594)."""
_LOOK_AGAIN: Final = 3600.0
"""Seconds between two looks for such headers: a look costs more than it is worth in each call."""
_HERE = __name__.rpartition(".")[0]
_READERS = (_HERE, "msgspec", "pydantic")
"""Packages whose reading of a field is not the user's."""
_MOST: Final = 1_000
"""How many operations are remembered: paths that are made by a program may be without number."""


def tell_sunset(settings: Settings, operation: str, headers: Mapping[str, str]) -> None:
    """Log once that an API says in an answer that an operation is deprecated or will end.

    Args:
        settings: of the client.
        operation: the name of the operation.
        headers: of the answer.
    """
    now = settings.clock.monotonic()
    if now < settings.sunsets.get(operation, 0.0):
        return
    said = [f"{name.capitalize()}: {one_line(headers[name])}" for name in _SIGNS if name in headers]
    if said or len(settings.sunsets) < _MOST:
        settings.sunsets[operation] = math.inf if said else now + _LOOK_AGAIN
    if said:
        _log.warning("%s: the API says that it will end (%s)", operation, ", ".join(said))


def warn_user(message: str) -> None:
    """Warn of something deprecated at the line of the program that uses it, outside of the SDK's runtime."""
    # `skip_file_prefixes` came with Python 3.12.
    level, frame = 1, sys._getframe()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(_HERE):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, DeprecationWarning, stacklevel=level)


if not TYPE_CHECKING:

    def deprecated(message: str) -> Callable[[Declared[..., Any]], Declared[..., Any]]:
        """Warn whenever a declared operation is called; those beside it are called as ever.

        Args:
            message: what the warning says.
        """

        def marked(declared: Declared[..., Any]) -> Declared[..., Any]:
            build = declared.build

            @wraps(build)
            def warned(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # what the builder takes and gives
                warn_user(message)
                return build(*args, **kwargs)

            declared.make = warned
            return declared

        return marked


if TYPE_CHECKING:

    class DeprecatedField(Generic[T]):
        """The type of a field that the document deprecates, as type checkers see it: reading it is deprecated."""

        @overload
        def __get__(self, instance: None, owner: type) -> Self: ...
        @overload
        @deprecated("the API deprecates this field")
        def __get__(self, instance: object, owner: type) -> T: ...
        def __get__(self, instance: object, owner: type) -> object:
            """Return the value of the field."""

        def __set__(self, instance: object, value: T) -> None:
            """Change the value of the field."""

else:
    DeprecatedField = Annotated[T, "deprecated"]


def discouraged(default: object) -> Any:  # noqa: ANN401  # as type checkers have it, the default of a descriptor is one
    """Return the default of a field that the document deprecates."""
    return default


def deprecated_fields(*names: str) -> Callable[[Kind], Kind]:
    """Warn whenever one of some fields of a model is read; the others are read as ever.

    Args:
        names: the attributes.
    """

    def marked(model: Kind) -> Kind:
        for name in names:
            setattr(model, name, _warning(model, name, vars(model).get(name)))
        return model

    return marked


def _warning(model: type, name: str, member: Any) -> property:  # noqa: ANN401  # Python has no public type of a slot
    """Return a property that warns and does what a member of a class does; where that is none, the object holds it."""
    message = f"{model.__name__}.{name} is deprecated by the API"
    is_slot = hasattr(member, "__get__")

    def get(instance: object) -> object:
        frame = sys._getframe(1)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        reader: str = frame.f_globals.get("__name__", "")
        if not reader.startswith(_READERS):
            warn_user(message)
        return member.__get__(instance) if is_slot else vars(instance).get(name, member)

    def put(instance: object, value: object) -> None:
        if is_slot:
            member.__set__(instance, value)
        else:
            vars(instance)[name] = value

    return property(get, put)
