"""The address of an API, as people give it to a command."""

from __future__ import annotations

from urllib.parse import urlsplit

from samekey.sandbox.errors import SandboxError


def api_address(text: str, option: str, instead: str) -> str:
    """Return the address of an API without a slash at its end.

    Args:
        text: what was given.
        option: the option with which it was given, for people.
        instead: what is done about credentials, which stand in no address.

    Raises:
        SandboxError: it is no such address, or holds credentials.
    """
    try:
        parts = urlsplit(text)
        # Only looking at it tells whether it is a number.
        is_address = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError as error:
        raise SandboxError(f"{option} is not the address of an API: {error}") from error
    if not is_address or parts.query or parts.fragment:
        raise SandboxError(f"{option} is not the address of an API; give http://… or https://…")
    if parts.username or parts.password:
        raise SandboxError(f"an address holds no credentials here; {instead}")
    return text.rstrip("/")
