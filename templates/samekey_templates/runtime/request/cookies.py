"""The cookies that servers set, kept for one client: a copy made by `with_options` may act for somebody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..concurrency.fork import begin_anew_after_fork

if TYPE_CHECKING:
    from http.cookiejar import CookieJar

    import httpx

    from ..http.library import Library


class CookieStore:
    """The cookies of one client, which are sent back as they came (RFC 6265 section 5)."""

    __slots__ = ("__weakref__", "_jar")

    def __init__(self) -> None:
        self._jar: CookieJar | None = None
        begin_anew_after_fork(self)

    def after_fork(self) -> None:
        """Leave the parent process its jar, whose lock another thread of it may hold."""
        if self._jar is None:
            return
        from http.cookiejar import CookieJar  # noqa: PLC0415  # as below

        former, self._jar = self._jar, CookieJar()
        for cookie in former:
            self._jar.set_cookie(cookie)

    def keep(self, library: Library, response: httpx.Response) -> None:
        """Keep what a response sets."""
        if "set-cookie" not in response.headers:
            return
        from http.cookiejar import CookieJar  # noqa: PLC0415  # few APIs set cookies

        self._jar = self._jar or CookieJar()
        library.Cookies(self._jar).extract_cookies(response)

    def fields(self, library: Library, url: httpx.URL) -> list[bytes]:
        """Return the values of the header field `Cookie` for a URL."""
        return [] if self._jar is None else cookie_fields(library, self._jar, url)


def cookie_fields(library: Library, jar: CookieJar, url: httpx.URL) -> list[bytes]:
    """Return the values of the header field `Cookie` with which a jar answers to a URL."""
    request = library.Request("GET", url)
    # What servers set need be no ASCII, and goes back as it came.
    request.headers.encoding = "utf-8"
    library.Cookies(jar).set_cookie_header(request)
    return [value for name, value in request.headers.raw if name.lower() == b"cookie"]


def with_cookies(headers: list[tuple[bytes, bytes]], fields: list[bytes]) -> list[tuple[bytes, bytes]]:
    """Add cookies to those that a call has of its own, in one header field (RFC 6265 section 5.4)."""
    cookies = [value for name, value in headers if name.lower() == b"cookie"] + fields
    others = [entry for entry in headers if entry[0].lower() != b"cookie"]
    return [*others, (b"Cookie", b"; ".join(cookies))] if cookies else others
