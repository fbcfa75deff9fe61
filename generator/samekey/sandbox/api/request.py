"""A request as it arrived, whole."""

from __future__ import annotations

from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl

__all__ = ["ReceivedRequest"]


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """A request.

    Args:
        attempt: names this request among all others.
        method: the method in capitals.
        path: the path as it was sent, with its escapes, without what the server's address says before it.
        query: the query as it was sent, without the question mark.
        headers: names in lower case, and values, in their order.
        body: the whole body.
    """

    attempt: str
    method: str
    path: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    @property
    def target(self) -> str:
        """Path and query."""
        return f"{self.path}?{self.query}" if self.query else self.path

    def every(self, name: str) -> list[str]:
        """Return all values of a request header."""
        wanted = name.lower()
        return [value for found, value in self.headers if found == wanted]

    def header(self, name: str) -> str:
        """Return the first value of a request header; empty where there is none."""
        return next(iter(self.every(name)), "")

    @property
    def fields(self) -> list[tuple[str, str]]:
        """Names and values of the query."""
        return parse_qsl(self.query, keep_blank_values=True)

    def field(self, name: str) -> str:
        """Return the first value of a name in the query; empty where there is none."""
        return next((value for found, value in self.fields if found == name), "")

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies."""
        try:
            return {name: morsel.value for name, morsel in SimpleCookie(self.header("cookie")).items()}
        except CookieError:
            return {}

    @property
    def media_type(self) -> str:
        """The media type of the body, without parameters, in lower case."""
        return self.header("content-type").partition(";")[0].strip().lower()
