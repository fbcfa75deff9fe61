"""Tracebacks for readers: the caller's line, the method of the resource, and where it failed."""

from __future__ import annotations

from types import FunctionType, TracebackType
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType


class _HereError(Exception):
    """Raised for its traceback alone."""


def shorten_traceback(error: BaseException, build: Callable[..., object]) -> None:
    """Put the method of a resource in the place of all that lies before the line where an error was raised.

    The method has returned before its request is sent, so its frame is made up, from its file and line.

    Args:
        error: the error.
        build: the function that declares the method.
    """
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    code = getattr(build, "__code__", None)
    method = None if code is None else _entry_of(code)
    if last is not None and method is not None:
        # Without an instruction, no column of the line is underlined.
        error.__traceback__ = TracebackType(last, method.tb_frame, -1, method.tb_lineno)


def _entry_of(code: CodeType) -> TracebackType | None:
    lines = [line for _, _, line in code.co_lines() if line is not None and line != code.co_firstlineno]
    line = lines[0] if lines else code.co_firstlineno
    place = _here.__code__.replace(
        co_filename=code.co_filename, co_name=code.co_name, co_qualname=code.co_qualname, co_firstlineno=line - 1
    )
    try:
        FunctionType(place, {"_HereError": _HereError})()
    except _HereError as here:
        return here.__traceback__ and here.__traceback__.tb_next
    return None


def _here() -> NoReturn:
    raise _HereError
