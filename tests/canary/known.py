"""Leaks that are known and not mended yet, and those that are not this project's to mend."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from tests.canary.matrix import Leak

_TOLD = frozenset({
    "message", "traceback", "record", "events", "spans", "log of the SDK", "pickle", "pickle with the request",
    "copies", "repr of objects", "locals of ours", "settlements", "warnings and prints",
})  # fmt: skip
"""Everything that is made of an outcome's words."""
_SHOWN = frozenset({"repr of objects", "locals of ours", "repr of a response", "journal entries"})
"""Everything that is made of a `repr`."""


@dataclass(frozen=True)
class Known:
    """Leaks of one cause.

    Args:
        reason: what leaks, and why.
        outputs: where it is found.
        failures: after what, as patterns.
        kits: by which clients, as patterns.
        places: which secrets, as patterns.
    """

    reason: str
    outputs: frozenset[str]
    failures: tuple[str, ...] = ("*",)
    kits: tuple[str, ...] = ("*",)
    places: tuple[str, ...] = ("*",)

    def covers(self, leak: Leak) -> bool:
        """Whether a leak is of this cause."""
        wanted = ((leak.failure, self.failures), (leak.kit, self.kits), (leak.place, self.places))
        fits = all(any(fnmatchcase(text, pattern) for pattern in patterns) for text, patterns in wanted)
        return fits and leak.output in self.outputs


LEAKS_TO_BE_MENDED = (
    Known("the words of h11 quote the bytes of a server that is none, and these may be the request itself",
          _TOLD, ("an echo in place of HTTP", "a header without a colon", "tokens: an echo in place of HTTP")),
    Known("a message tells the words of an error body, in which the server repeats what it was sent",
          _TOLD, ("status * that repeats what was sent", "a refusal in plain text")),
    Known("a message tells the `error` and `error_description` of a token endpoint, which repeats what it was sent",
          _TOLD, ("tokens: refused, *", "tokens: a failure that repeats the secret")),
    Known("hooks see `Location`, `Content-Location`, `Link` and `Refresh` whole",
          frozenset({"events", "repr of objects"}),
          ("nothing, with URLs *", "several choices", "nothing new", "links that lead elsewhere, *")),
    Known("the `repr` of the settings shows the headers of the client, and the password in its base URL",
          _SHOWN, kits=("headers of the client", "userinfo*", "values", "mistakes"),
          places=("of-client-*", "userinfo", "env-userinfo", "token")),
    Known("the `repr` of a call's options, and of a prepared call, shows the headers of the call",
          _SHOWN, kits=("headers of the call", "values"), places=("of-call-*", "token")),
    Known("the `repr` of a response, and of a raw answer in our frames, shows its cookies",
          _SHOWN, places=("set-cookie",)),
    Known("the `repr` of a response, and of a raw answer in our frames, shows the URLs in its headers",
          _SHOWN, ("nothing, with URLs *", "several choices", "nothing new", "links that lead elsewhere, *")),
    Known("Ocp-Apim-Subscription-Key does not sound like a secret, and is written to journal and pickle",
          frozenset({"journal files", "journal entries", "pickle with the request"}),
          places=("of-*-subscription-key",)),
    Known("a password in the base URL is written down where an operation has its own server",
          frozenset({"journal files", "journal entries", "pickle with the request"}),
          kits=("userinfo*",), places=("userinfo", "env-userinfo")),
    Known("a cursor that is no whole URL is quoted", _TOLD, ("pages whose cursors hold secrets",)),
    Known("the `repr` of a signature, and the locals of the frames that refuse a value, show it",
          frozenset({"locals of ours"}), kits=("values",)),
    Known("a base URL that is refused is quoted, with its password", _TOLD, ("base URL *",), ("mistakes",)),
    Known("what a function that gives tokens raises is quoted in message, log and record",
          _TOLD, ("a token function that raises",)),
    Known("a token URL is shown whole in the `repr` of its credentials, and whole where it is no URL",
          _TOLD, ("a token URL *",), ("mistakes",)),
    Known("an argument of the wrong type is quoted", _TOLD, ("an argument of the wrong type",), ("mistakes",)),
    Known("httpx says of a proxy's URL that its password is no port", _TOLD, ("a proxy's URL *",), ("mistakes",)),
    Known("the reason phrase of a proxy's refusal is told, and it may repeat what it was sent",
          _TOLD, ("a proxy that refuses, *",), ("mistakes",)),
    Known("a password in the URL of a document is told, and written into the SDK where its servers are relative",
          frozenset({"command line", "files"}), ("generate *",), ("samekey",)),
    Known("an address that is refused is quoted", frozenset({"command line"}), ("verify *", "chaos *"), ("samekey",)),
    Known("`?password=` in the URL of a database is told", frozenset({"command line"}), ("prove *",), ("samekey",)),
)  # fmt: skip
"""Leaks of ours. Whoever mends one takes it out: the test fails on an entry that covers nothing."""

NOT_OURS = (
    Known("httpcore writes the headers of answers at DEBUG, and the words of h11", frozenset({"log of httpcore"})),
    Known("httpx writes whole URLs where the client is the caller's own", frozenset({"log of httpx"}),
          kits=("own client", "http2")),
    Known("httpx writes whole URLs, in a program that shows no logs", frozenset({"log of httpx"}),
          kits=("samekey",)),
    Known("the `repr` of an `httpx.Request` shows its whole URL where the client is the caller's own",
          frozenset({"locals of ours"}), ("a transport of the caller's own *",),
          places=("query-key", "env-query-key", "userinfo", "env-userinfo")),
    Known("the `repr` of an `httpx.Request` shows its whole URL where the client is the caller's own",
          frozenset({"locals of ours"}), kits=("own client",), places=("query-key",)),
    Known("hpack writes all headers of requests at DEBUG", frozenset({"log of hpack"})),
    Known("frames of httpx, httpcore and h11 hold what is sent", frozenset({"locals of others"})),
    Known("the frame of the constructor holds its arguments", frozenset({"locals of ours"}), kits=("mistakes",)),
)  # fmt: skip
"""What other libraries write, and what cannot be kept out of a frame; looked at, so that it is known."""


def causes_of(leak: Leak) -> list[Known]:
    """Return the known causes of a leak; none where it is new."""
    return [known for known in (*LEAKS_TO_BE_MENDED, *NOT_OURS) if known.covers(leak)]
