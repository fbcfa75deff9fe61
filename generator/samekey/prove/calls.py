"""What is called: the keyed operations that the sandbox can do with made-up arguments, and a share of others."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from samekey.ir import Safety, SchemeKind
from samekey.prove.arguments import Arguments, Candidate
from samekey.prove.errors import ProveError
from samekey.prove.wire import Watch, watched
from samekey.sandbox.api.operations import sites_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from samekey.config.dialect import Profile
    from samekey.document.node import Document
    from samekey.emit.views import OperationSummary
    from samekey.ir import Api, Operation
    from samekey.prove.arguments import Maker

_PARAMETER = re.compile(r"\{[^{}/]+\}")
_TIMES = 4
"""Variants of a call; each that creates something makes it for others to work on."""
_NAMED = frozenset({SchemeKind.BASIC, SchemeKind.BEARER, SchemeKind.OAUTH2})
_KEYED_SHARE = 0.85
_READ_SHARE = 0.95


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """A call to be made.

    Args:
        operation: its operation, for people.
        method: the way to its method on a client: `charges.create`.
        profile: how its operation carries keys.
        keyed: whether it does.
        arguments: what it is given.
        tells_accounts: whether its credentials say for which account it is.
    """

    operation: str
    method: str
    profile: Profile
    keyed: bool
    arguments: Arguments
    tells_accounts: bool = False

    def on(self, client: Any, **more: object) -> Any:  # noqa: ANN401  # whatever the SDK gives
        """Make the call on a client, and return its whole response."""
        method = _method(client, self.method)
        return method.detailed(*self.arguments.path.values(), **self.arguments.named, **more)


@dataclass(frozen=True, slots=True)
class Repertoire:
    """The calls that can be made, with several variants of each operation.

    Args:
        keyed: calls of keyed operations.
        reads: calls that only read.
        replacements: calls that are idempotent by their method.
        untried: keyed operations that cannot be called, and why.
    """

    keyed: tuple[tuple[PlannedCall, ...], ...]
    reads: tuple[tuple[PlannedCall, ...], ...]
    replacements: tuple[tuple[PlannedCall, ...], ...]
    untried: tuple[tuple[str, str], ...]

    def choose(self, number: int, seed: int) -> PlannedCall:
        """Choose the call with a number; it is the same one whenever seed and number are the same."""
        random = Random(f"{seed}/{number}")  # noqa: S311  # chance that can be repeated
        share = random.random()
        kind = self.keyed if share < _KEYED_SHARE else self.reads if share < _READ_SHARE else self.replacements
        return random.choice(random.choice(kind or self.keyed))


def candidates(document: Document, api: Api, rows: Sequence[OperationSummary]) -> list[Candidate]:
    """Return every operation that may be called, those first that make what others need."""
    sites = {(site.method, site.path): site for site in sites_of(document, api)}
    found: dict[tuple[str, str], Candidate] = {}
    # What the document wants in no SDK is served, and cannot be called through one.
    in_sdk = (operation for operation in api.operations if not operation.left_out)
    for operation, row in zip(in_sdk, rows, strict=True):
        place = (operation.method, re.split(r"[?#]", operation.path)[0])
        if place in sites and operation.method != "DELETE":
            # Of several media types the first is taken: it is the one that the sandbox knows.
            found.setdefault(place, Candidate(operation, sites[place], row, _tells_accounts(operation, api)))
    return sorted(found.values(), key=_turn)


def _tells_accounts(operation: Operation, api: Api) -> bool:
    """Whether each way into an operation asks for a token or a user, so that the bearer is known by name."""
    asked = api.security if operation.security is None else operation.security
    kinds = {scheme.id: scheme.kind for scheme in api.schemes}
    return bool(asked) and all(
        alternative and {kinds.get(name) for name in alternative} <= _NAMED for alternative in asked
    )


def explore(client: Any, maker: Maker, found: Iterable[Candidate], refused: type[Exception]) -> Repertoire:  # noqa: ANN401
    """Try operations while nothing goes wrong, and keep those that can be called again and again.

    Args:
        client: a client of the SDK, which retries nothing.
        maker: makes arguments.
        found: the operations, in the order in which they are tried.
        refused: what the SDK raises where a call does not go well.

    Raises:
        ProveError: no keyed operation can be called.
    """
    explorer = _Explorer(client, maker, refused)
    kinds: defaultdict[Safety, list[tuple[PlannedCall, ...]]] = defaultdict(list)
    untried: list[tuple[str, str]] = []
    for candidate in found:
        if candidate.operation.safety is Safety.SAFE and not candidate.site.path.endswith("}"):
            # Lists grow with every call, and would be all that the servers are busy with.
            continue
        calls = explorer.calls(candidate)
        if calls:
            kinds[candidate.operation.safety].append(tuple(calls))
        elif candidate.operation.safety is Safety.KEYED:
            untried.append((candidate.site.name, explorer.reason))
    if not kinds[Safety.KEYED]:
        why = f", not even {untried[0][0]}: {untried[0][1]}" if untried else ": the document has none"
        raise ProveError(f"there is nothing to prove, since no keyed operation can be called{why}")
    return Repertoire(
        tuple(kinds[Safety.KEYED]), tuple(kinds[Safety.SAFE]), tuple(kinds[Safety.IDEMPOTENT]), tuple(untried)
    )


@dataclass(slots=True)
class _Explorer:
    """Tries operations, and remembers what they made.

    Args:
        client: a client that retries nothing.
        maker: makes arguments.
        refused: what is raised where a call does not go well.
        made: values of paths that name something, by the path with its parameters unnamed.
        reason: why the last operation could not be called.
    """

    client: Any
    maker: Maker
    refused: type[Exception]
    made: dict[str, list[tuple[str, ...]]] = field(default_factory=dict[str, list[tuple[str, ...]]])
    reason: str = ""

    def calls(self, candidate: Candidate) -> list[PlannedCall]:
        """Return the calls of an operation that went well; none where it cannot be called."""
        self.reason = "it has no method that gives a whole response"
        working: list[PlannedCall] = []
        if not hasattr(_method(self.client, candidate.row.call), "detailed"):
            return working
        # One that needs nothing is tried as often as one for which there are several things.
        for known in (self._known(candidate.site.path) * _TIMES)[:_TIMES]:
            working += self._first(candidate, known)
            if not working:
                break
        return working

    def _first(self, candidate: Candidate, known: dict[str, str]) -> list[PlannedCall]:
        """Return the first call that goes well, in a list; an empty list where none does."""
        keyed = candidate.operation.safety is Safety.KEYED
        for arguments in self.maker.alternatives(candidate, known):
            call = PlannedCall(
                candidate.site.name, candidate.row.call, candidate.site.operation.profile, keyed, arguments,
                candidate.tells_accounts,
            )  # fmt: skip
            try:
                with watched(Watch(call.profile)):
                    response = call.on(self.client)
                    # A name that is taken, or a thing that is gone: what can be done once only is of no use here.
                    call.on(self.client)
            except self.refused as error:
                self.reason = str(error)
            except (TypeError, ValueError) as error:
                self.reason = f"no arguments can be made up: {error}"
            else:
                self._remember(candidate, arguments, response.headers.get("Location", ""))
                return [call]
        return []

    def _known(self, path: str) -> list[dict[str, str]]:
        """Return values for the longest part of a path that names something; an empty dict where no part does."""
        names = [found[1:-1] for found in _PARAMETER.findall(path)]
        for place in sorted(self.made, key=len, reverse=True):
            if f"{_unnamed(path)}/".startswith(f"{place}/"):
                return [dict(zip(names, values, strict=False)) for values in self.made[place]]
        return [{}]

    def _remember(self, candidate: Candidate, arguments: Arguments, location: str) -> None:
        values = tuple(str(value) for value in arguments.path.values())
        path = _unnamed(candidate.site.path)
        if location and candidate.operation.method == "POST":
            self.made.setdefault(f"{path}/{{}}", []).append((*values, unquote(location.rpartition("/")[2])))
        elif candidate.operation.method == "PUT" and path.endswith("{}"):
            self.made.setdefault(path, []).append(values)


def _method(client: Any, way: str) -> Any:  # noqa: ANN401  # whatever the SDK has
    """Look up the method of a client that is called by a path such as `charges.create`."""
    found = client
    for name in way.split("."):
        found = getattr(found, name)
    return found


def _unnamed(path: str) -> str:
    return _PARAMETER.sub("{}", path)


def _turn(candidate: Candidate) -> tuple[int, bool, str, str]:
    """Return a key that sorts short paths first, and what makes a thing before what works on it."""
    path = candidate.site.path
    makes = candidate.operation.method == ("PUT" if path.endswith("}") else "POST")
    return path.count("/") - path.endswith("}"), not makes, path, candidate.operation.method
