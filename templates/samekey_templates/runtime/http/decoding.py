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
_PIECE: Final = 1 << 16
_NO_CODING: Final = frozenset({"", "identity"})
_MOST_CODINGS: Final = 4


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
        """Yield what some encoded bytes hold, in pieces of bounded size.

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
        """Check that the end of the encoded data was reached.

        Raises:
            CutShortError: it was not.
        """
        if self._head or (self._begun and not self._inflate.eof):
            raise CutShortError("its compressed data ends early")

    def _begin(self, data: bytes) -> bytes:
        """Return the first bytes, once there are enough of them to see how they are to be read; empty before."""
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

    Raises:
        UndecodableError: a coding was not asked for, or there are more of them than anybody needs.
    """

    __slots__ = ("_counts", "_inflaters", "_limit")

    def __init__(self, codings: str, limit: float) -> None:
        names = [name for name in (part.strip().lower() for part in codings.split(",")) if name not in _NO_CODING]
        unknown = [name for name in names if name not in _WINDOWS]
        if unknown or len(names) > _MOST_CODINGS:
            what = f"in {unknown[0]!r}, which was not asked for" if unknown else "encoded too many times"
            raise UndecodableError(f"it is {what}")
        self._inflaters = [_Inflater(_WINDOWS[name]) for name in reversed(names)]
        self._limit = limit
        self._counts = [0] * (len(names) + 1)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what some encoded bytes of the body hold.

        Raises:
            UndecodableError: they are not in the coding that they are said to be in.
            TooLargeError: there is no room for them, or for what they are on the way.
        """
        return self._undone(data, 0)

    def end(self) -> None:
        """Check that the end of each coding was reached.

        Raises:
            CutShortError: one of them was not.
        """
        for inflater in self._inflaters:
            inflater.end()

    def _undone(self, data: bytes, layer: int) -> Iterator[bytes]:
        """Yield what is left when the codings from a layer on are undone, the outermost first."""
        self._counts[layer] += len(data)
        if self._counts[layer] > self._limit:
            raise TooLargeError(self._limit)
        if layer == len(self._inflaters):
            yield data
            return
        for piece in self._inflaters[layer].feed(data):
            yield from self._undone(piece, layer + 1)
