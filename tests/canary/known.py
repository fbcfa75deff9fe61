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


LEAKS_TO_BE_MENDED: tuple[Known, ...] = ()
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
    Known("a proxy's password is added below the SDK, and a proxy may repeat it in a refusal of its own", _TOLD,
          ("status 400 that repeats what was sent",), kits=("proxy",), places=("proxy",)),
    Known("the frame of the constructor holds its arguments", frozenset({"locals of ours"}), kits=("mistakes",)),
)  # fmt: skip
"""What other libraries write, and what cannot be kept out of a frame; looked at, so that it is known."""


def causes_of(leak: Leak) -> list[Known]:
    """Return the known causes of a leak; none where it is new."""
    return [known for known in (*LEAKS_TO_BE_MENDED, *NOT_OURS) if known.covers(leak)]
