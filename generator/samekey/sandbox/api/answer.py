"""An answer before it is on the wire."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, headers and bytes.

    Args:
        status: the HTTP status.
        headers: names and values, without those of the connection and the length.
        body: the whole body.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    @property
    def succeeded(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300  # noqa: PLR2004

    @property
    def digest(self) -> str:
        """What tells its status and body from those of other answers, whatever headers go with them."""
        return answer_digest(self.status, self.body)

    def marked(self, name: str, value: str) -> Answer:
        """Return the same response with one more header."""
        return replace(self, headers=(*self.headers, (name, value)))


def answer_digest(status: int, body: bytes) -> str:
    """Return what tells an answer from others: a digest of its status and body."""
    return sha256(f"{status} ".encode() + body).hexdigest()
