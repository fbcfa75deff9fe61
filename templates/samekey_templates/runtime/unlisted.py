"""Requests to what the document does not list, under the same rules of retrying as all others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from msgspec import structs

from .call import Call, Endpoint
from .codec.json import refuse_unreadable
from .safety import IDEMPOTENT_METHODS, SAFE_METHODS, Safety
from .text import is_token
from .types import CallOptions

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from .call import Settings

_ACCEPT: Final = "application/json, */*;q=0.5"


def unlisted_call(  # noqa: PLR0913  # the parts of a request
    settings: Settings,
    method: str,
    path: str,
    *,
    json: object,
    params: Mapping[str, object] | None,
    headers: Mapping[str, str] | None,
    returns: object,
    idempotency_key: str | UUID | None,
    options: CallOptions | None,
) -> tuple[str, Endpoint, Call[Any]]:
    """Return the name, the facts and the arguments of a call that the document does not list.

    Raises:
        TypeError: no answer can become what is asked for.
        ValueError: the method is none, or the path does not lead below the base URL.
    """
    method = method.upper()
    refuse_unreadable(returns)
    place = path.partition("?")[0]
    _check(method, path, unquote(place).split("/"))
    rule = settings.unlisted
    by_method = Safety.SAFE if method in SAFE_METHODS else Safety.IDEMPOTENT if method in IDEMPOTENT_METHODS else None
    endpoint = Endpoint(
        method,
        path,
        rule.safety if by_method is None else by_method,
        evidence=rule.evidence,
        key_only=rule.key_only,
        returns=lambda: returns,
        accept="*/*" if returns is bytes else _ACCEPT,
    )
    call = Call[Any](query=params, body=json, idempotency_key=idempotency_key, options=_with_headers(options, headers))
    return f"{method} {place}", endpoint, call


def _with_headers(options: CallOptions | None, headers: Mapping[str, str] | None) -> CallOptions | None:
    """Return the options of a call with more headers, which are as those of options are: one of them may be a key."""
    if not headers:
        return options
    if options is None:
        return CallOptions(headers=headers)
    own = {name.lower() for name in options.headers or ()}
    others = {name: value for name, value in headers.items() if name.lower() not in own}
    return structs.replace(options, headers={**others, **(options.headers or {})})


def _check(method: str, path: str, segments: list[str]) -> None:
    if not is_token(method):
        raise ValueError(f"{method!r} is not a method of HTTP, such as 'GET'")
    is_below = path.startswith("/") and not path.startswith("//") and {".", ".."}.isdisjoint(segments)
    if not is_below or "#" in path or not path.isprintable():
        raise ValueError(
            f"the path {path!r} must begin with one slash and lead below the base URL, without dot segments"
        )
