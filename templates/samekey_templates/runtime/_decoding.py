"""The codings of an answer's body undone: to the end of what was encoded, and no further than there is room.

Rule of this file: no HTTP library. The decoders of HTTP libraries take a body that ends early for a whole one.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

ACCEPTED: Final = "gzip, deflate"
"""What is asked for: codings that say where they end."""
_GZIP: Final = 31
_ZLIB: Final = 15
_RAW: Final = -15
_MAGIC: Final = b"\x1f\x8b"
_WINDOWS: Final = {"gzip": _GZIP, "x-gzip": _GZIP, "deflate": _ZLIB}
_HEAD: Final = 2
_PIECE: Final = 1 << 20


class CutShortError(Exception):
    """A body ended before the end of what was encoded in it."""


class UndecodableError(Exception):
    """A body is not in the coding that it is said to be in."""


class TooLargeError(Exception):
    """A body holds more bytes than there is room for."""

    def __init__(self, limit: float) -> None:
        super().__init__(f"it is larger than max_response_bytes={limit:.0f}")


class _Inflater:
    """One coding undone.

    Args:
        window: zlib's `wbits`.
    """

    __slots__ = ("_begun", "_head", "_inflate", "_window")

    def __init__(self, window: int) -> None:
        self._window = window
        self._inflate = zlib.decompressobj(window)
        self._head = b""
        self._begun = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what some bytes hold, in pieces of bounded size.

        Raises:
            UndecodableError: they are not in this coding.
        """
        if not self._begun:
            data = self._begin(data)
        while data:
            if self._inflate.eof:
                # gzip may have several members (RFC 1952 section 2.2); whatever else follows is padding.
                if self._window != _GZIP or not data.startswith(_MAGIC[: len(data)]):
                    return
                self._inflate = zlib.decompressobj(self._window)
            try:
                piece = self._inflate.decompress(data, _PIECE)
            except zlib.error as error:
                raise UndecodableError(str(error)) from error
            if piece:
                yield piece
            data = self._inflate.unconsumed_tail or self._inflate.unused_data

    def end(self) -> None:
        """Look whether the end was reached.

        Raises:
            CutShortError: it was not.
        """
        if self._head or (self._begun and not self._inflate.eof):
            raise CutShortError("its compressed data ends early")

    def _begin(self, data: bytes) -> bytes:
        """Return the first bytes, once there are enough of them to see how they are to be read."""
        self._head += data
        if len(self._head) < _HEAD:
            return b""
        if self._window == _ZLIB and int.from_bytes(self._head[:_HEAD], "big") % 31:
            # Some servers leave out the head and the end that RFC 9110 section 8.4.1.2 asks for (RFC 1950 section 2.2).
            self._inflate = zlib.decompressobj(_RAW)
        data, self._head, self._begun = self._head, b"", True
        return data


class Decoder:
    """The codings of a body undone, piece by piece.

    Args:
        codings: the value of Content-Encoding; empty where there is none.
        limit: the number of bytes after which it is too large.
    """

    __slots__ = ("_count", "_inflaters", "_limit")

    def __init__(self, codings: str, limit: float) -> None:
        names = [name.strip().lower() for name in codings.split(",")]
        self._inflaters = [_Inflater(_WINDOWS[name]) for name in reversed(names) if name in _WINDOWS]
        self._limit = limit
        self._count = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what some bytes of the body hold.

        Raises:
            UndecodableError: they are not in the coding that they are said to be in.
            TooLargeError: there is no room for them.
        """
        for piece in self._undone(data, len(self._inflaters)):
            self._count += len(piece)
            if self._count > self._limit:
                raise TooLargeError(self._limit)
            yield piece

    def end(self) -> None:
        """Look whether the end of each coding was reached.

        Raises:
            CutShortError: one of them was not.
        """
        for inflater in self._inflaters:
            inflater.end()

    def _undone(self, data: bytes, depth: int) -> Iterator[bytes]:
        if depth == 0:
            yield data
            return
        *_, inflater = self._inflaters[: len(self._inflaters) - depth + 1]
        for piece in inflater.feed(data):
            yield from self._undone(piece, depth - 1)


def is_known(codings: str) -> bool:
    """Whether a Content-Encoding names nothing that cannot be undone here."""
    return all(name.strip().lower() in {*_WINDOWS, "identity", ""} for name in codings.split(","))
