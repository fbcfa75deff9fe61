"""Everything that can go wrong with a call, as a server that does it, and what the caller does meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote

import httpx

from tests.canary.kits import Kit
from tests.canary.server import Act, Reply, Request, answer, done, in_json, token
from tests.canary.words import word

CREATE = "transfers.create"


@dataclass(frozen=True)
class Failure:
    """A way in which a call goes wrong, or right.

    Args:
        name: for people.
        act: what the server does.
        token_act: what it does with requests for a token.
        call: the operation, by its path in the client.
        arguments: its arguments.
        way: how it is called: `plain`, `stream`, `save`, or `pages`.
        settings: arguments of the client that are not the usual ones.
        where: where the server is said to be: `here`, `nowhere` (no such name), `closed` (a shut port), or `https`.
        sends: whether the request reaches the server.
        says: whether the answer's body repeats what was sent: these are the server's own words, which an error, a
            response and what is made of it may show, and no message, log, event or span.
        meanwhile: what the caller does: `cancels`, `raises` in a hook, or nothing.
        raised: what a transport of the caller's own raises instead of sending the request.
        fits: for which kits it makes sense.
        in_loops: whether an event loop goes on after it.
    """

    name: str
    act: Act = done
    token_act: Act = token
    call: str = CREATE
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])
    way: str = "plain"
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    where: str = "here"
    sends: bool = True
    says: bool = False
    meanwhile: str = ""
    raised: Callable[[Request], BaseException] | None = None
    fits: Callable[[Kit], bool] = lambda _: True
    in_loops: bool = True


def _is_fetched(kit: Kit) -> bool:
    return bool(kit.fetches)


def _is_direct(kit: Kit) -> bool:
    """Whether a client connects to the server itself, by the base URL that it is given."""
    return "proxy" not in kit.travels


def _said(request: Request) -> str:
    return " ".join(request.echo)


def _has_no_client(kit: Kit) -> bool:
    return _is_direct(kit) and kit.name != "own client"


def _query(request: Request) -> str:
    """Return what was sent, as a server puts it into a URL: the key under its own name, and all under others."""
    found = dict.fromkeys(unquote(text) for text in request.echo)
    pairs = [
        f"bank_key={quote(text, safe='')}" for text in found if f"bank_key={quote(text, safe='')}" in request.target
    ]
    return "&".join([*pairs, *(f"echo{number}={quote(text, safe='')}" for number, text in enumerate(found))])


def _status(status: int) -> Failure:
    def act(request: Request) -> Reply:
        return in_json(status, {"error": {"message": f"you sent {_said(request)}"}})

    return Failure(f"status {status} that repeats what was sent", act, says=True)


def _bare(status: int) -> Failure:
    return Failure(f"status {status}", lambda _: in_json(status, {"code": "no"}))


def _redirect(name: str, status: int, location: Callable[[Request], str], call: str = CREATE) -> Failure:
    arguments = {"amount": 1} if call == CREATE else {"transfer_id": "t1"}
    return Failure(
        name, lambda request: answer(status, b"", ("Location", location(request))), call=call, arguments=arguments
    )


def _other_origin(request: Request) -> str:
    secret = request.echo[0] if request.echo else ""
    return f"https://me:{quote(unquote(secret), safe='')}@127.0.0.1:1/there?{_query(request)}#{secret}"


def _pages(request: Request) -> Reply:
    url = f"https://elsewhere.test/transfers?page=2&{_query(request)}"
    return in_json(200, {"items": [{"id": "t2" if "page=2" in request.target else "t1"}], "next_cursor": url})


def _cursors(request: Request) -> Reply:
    # A URL for people, and a cursor by its looks: neither whole nor a path. It is given a second time.
    cursor = f"transfers?bank_key={quote(_first(request), safe='')}"
    return in_json(200, {"items": [{"id": "t2" if "cursor=" in request.target else "t1"}], "next_cursor": cursor})


def _first(request: Request) -> str:
    return unquote(request.echo[0]) if request.echo else "nothing"


def _links(request: Request) -> Reply:
    link = f'<https://elsewhere.test/entries?page=2&{_query(request)}>; rel="next"'
    return in_json(200, [{"id": "t1"}], ("Link", link))


def _ok_with_urls(request: Request) -> Reply:
    url = f"https://bank.test/t1?{_query(request)}"
    return in_json(
        201, {"id": "t1", "amount": 1}, ("Location", url), ("Content-Location", url), ("Link", f"<{url}>; rel=self"),
        ("Refresh", f"5; url={url}"),
    )  # fmt: skip


def _events(request: Request) -> Reply:
    head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 1000\r\n\r\n"
    return Reply(head.encode() + b'data: {"id": "t1"}\n\ndata: {"id"', "close" if request else "keep")


def _statement(_: Request) -> Reply:
    return Reply(b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\nContent-Length: 1000\r\n\r\n%PDF", "close")


def _raw(text: str, then: str = "close") -> Act:
    return lambda _: Reply(text.encode(), then)


def _token_says(status: int, **fields: str) -> Act:
    def act(request: Request) -> Reply:
        body = {name: text.replace("{}", " ".join([_body_secret(request), *request.echo])) for name, text in
                fields.items()}  # fmt: skip
        return in_json(status, body)

    return act


def _body_secret(request: Request) -> str:
    return unquote(request.raw.rpartition(b"client_secret=")[2].decode().partition("&")[0])[:60]


HANGS = Reply(then="hang")
SLOW = {"timeout": {"read": 0.1, "connect": 0.3}}
"""On a slow machine a timeout may come before the request has."""
_TOKEN_ACTS: tuple[tuple[str, Act, Mapping[str, Any]], ...] = (
    ("no answer in time", lambda _: HANGS, SLOW),
    ("a reset", lambda _: Reply(then="reset"), {}),
    ("an echo in place of HTTP", lambda request: Reply(request.raw, "close"), {}),
    ("refused, in words that repeat the secret",
     _token_says(400, error="invalid_client", error_description="{} is wrong"), {}),
    ("refused, in a code that repeats the secret", _token_says(401, error="{}"), {}),
    ("a failure that repeats the secret", _token_says(500, error_description="{}"), {}),
    ("asked too often", lambda _: in_json(429, {}), {}),
    ("no JSON", lambda request: answer(200, request.raw), {}),
    ("of another type", lambda _: in_json(200, {"access_token": word("access-token"), "token_type": "mac"}), {}),
    ("one that cannot be sent", lambda _: in_json(200, {"access_token": word("access-token") + "\n"}), {}),
    ("a redirect elsewhere", lambda request: answer(
        307, b"", ("Location", f"https://elsewhere.test/?{_query(request)}&{_body_secret(request)}")), {}),
)  # fmt: skip
_OF_TOKENS = tuple(
    Failure(f"tokens: {name}", token_act=act, sends=False, fits=_is_fetched, settings=settings)
    for name, act, settings in _TOKEN_ACTS
)
_RAISED: tuple[tuple[str, Callable[[Request], BaseException]], ...] = (
    ("WriteTimeout", lambda _: httpx.WriteTimeout("")),
    ("PoolTimeout", lambda _: httpx.PoolTimeout("")),
    ("LocalProtocolError", lambda request: httpx.LocalProtocolError(f"Illegal header value {request.raw!r}")),
    ("KeyboardInterrupt", lambda _: KeyboardInterrupt()),
)
_OF_TRANSPORTS = tuple(
    Failure(f"a transport of the caller's own that raises {name}", raised=raised, fits=_has_no_client,
            in_loops=name != "KeyboardInterrupt")
    for name, raised in _RAISED
)  # fmt: skip
FAILURES = (
    Failure("nothing"),
    Failure("nothing, with URLs in the headers that repeat what was sent", _ok_with_urls),
    Failure("a name that nobody has", where="nowhere", sends=False, fits=_is_direct),
    Failure("a shut port", where="closed", sends=False, fits=_is_direct),
    Failure("a certificate that is refused", where="https", sends=False, fits=_is_direct),
    Failure("a connection cut in the TLS handshake", where="tls-cut", sends=False, fits=_is_direct),
    Failure("no answer to the TLS handshake in time", where="tls-hangs", settings=SLOW, sends=False, fits=_is_direct),
    Failure("a read timeout", lambda _: HANGS, settings=SLOW, sends=False),
    *_OF_TRANSPORTS,
    Failure("a deadline", lambda _: HANGS, settings={"deadline": 0.2}, sends=False),
    Failure("a reset before the status line", lambda _: Reply(then="reset")),
    Failure("an end before the status line", lambda _: Reply(then="close")),
    Failure("a cut in the status line", _raw("HTTP/1.")),
    Failure("a cut in the headers", _raw("HTTP/1.1 201 Created\r\nContent-Le")),
    Failure("a cut in the body", lambda _: answer(201, b'{"id": "t1"}', cut=5)),
    Failure("a cut in the body of a refusal", lambda _: answer(400, b'{"id": "t1"}', cut=5)),
    Failure("a broken chunk", _raw("HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n")),
    Failure("broken gzip", lambda _: answer(201, b"not gzip", ("Content-Encoding", "gzip"))),
    Failure("an echo in place of HTTP", lambda request: Reply(request.raw, "close")),
    Failure("a header without a colon", lambda request: Reply(
        f"HTTP/1.1 201 Created\r\nX-Echo {_said(request)}\r\n\r\n".encode(), "close")),
    Failure("an answer that is too large", lambda _: answer(201, b"x" * 4000), settings={"max_response_bytes": 1000}),
    Failure("what is no JSON", lambda request: answer(201, f'{{"id": {_said(request)}'.encode()), says=True),
    Failure("what breaks its schema", lambda request: in_json(201, {"id": [_said(request)]}), says=True,
            settings={"strict": True}),
    Failure("what breaks its schema, and is taken", lambda request: in_json(201, {"id": [_said(request)]}), says=True),
    Failure("a page of HTML", lambda request: answer(
        201, f"<p>{_said(request)}</p>".encode(), ("Content-Type", "text/html")), says=True),
    Failure("no body", lambda _: answer(201)),
    _redirect("a redirect to the same origin, in circles", 307, lambda request: f"/loop?{_query(request)}"),
    _redirect("a redirect to another origin", 307, _other_origin),
    _redirect("a redirect to another origin, of a read", 302, _other_origin, "transfers.get"),
    _redirect("a redirect that changes the method", 303, _other_origin),
    _redirect("a redirect to what is no URL", 307, lambda request: f"http://[{_said(request)}"),
    _redirect("a redirect to another scheme", 301, lambda request: f"mailto:{_first(request)}"),
    _redirect("a redirect to nowhere", 308, lambda _: ""),
    _redirect("several choices", 300, _other_origin),
    _redirect("nothing new", 304, _other_origin, "transfers.get"),
    *(_status(status) for status in (400, 401, 403, 404, 409, 422, 429, 500)),
    *(_bare(status) for status in (400, 401, 402, 403, 407, 408, 409, 422, 425, 429, 500, 502, 503)),
    Failure("a refusal in plain text", lambda request: answer(400, _said(request).encode()), says=True),
    Failure("pages that lead elsewhere, and in circles", _pages, call="transfers.list", way="pages", says=True),
    Failure("pages whose cursors hold secrets", _cursors, call="transfers.list", way="pages", says=True),
    Failure("links that lead elsewhere, and in circles", _links, call="entries.list", way="pages"),
    Failure("a stream that is cut", _events, call="events.watch", way="stream"),
    Failure("a stream that is refused", lambda _: in_json(403, {}), call="events.watch", way="stream"),
    Failure("a download that is cut", _statement, call="statements.get", way="save"),
    Failure("a server of the operation's own, cut", lambda _: Reply(then="close"), call="uploads.create"),
    Failure("a cancellation", meanwhile="cancels", sends=False),
    Failure("hooks that raise", lambda _: in_json(503, {}), meanwhile="raises"),
    Failure("an argument that cannot be sent", call="transfers.get", arguments={"transfer_id": ".."}, sends=False),
    Failure("a key that cannot be sent", arguments={"amount": 1, "idempotency_key": "ключ"}, sends=False),
    *_OF_TOKENS,
    Failure("tokens: refused by the API", lambda _: in_json(401, {}), fits=_is_fetched),
)  # fmt: skip
