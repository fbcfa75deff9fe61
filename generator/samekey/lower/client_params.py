"""Parameters that stand at many operations, and are given to the client once: by the config, or by the document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from samekey.identifiers import closest
from samekey.ir import Location

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from samekey.config.selection import Pattern
    from samekey.document.node import Node
    from samekey.ir import Api, Param

_SPEAKEASY: Final = "x-speakeasy-globals"
_SHOWN: Final = 3
_FEW: Final = 3
"""How many operations must share a parameter for it to be proposed, and how many things they must be about."""


def with_client_params(api: Api, root: Node, wanted: Sequence[Pattern]) -> Api:
    """Return an API whose client takes the parameters that the config, or `x-speakeasy-globals`, puts there.

    Args:
        api: the API.
        root: its document.
        wanted: what the config says; names that no operation has are reported as errors.
    """
    documented = frozenset(_documented(root))
    if not wanted and not documented:
        return api
    params = [param for operation in api.operations for param in operation.params]
    known = {param.name for param in params}
    for pattern in wanted:
        if not pattern.means(*known):
            message = f"no operation has a parameter {pattern.text!r}"
            pattern.node.error("parameter-unknown", message, closest(pattern.text, sorted(known)) if known else "")
    chosen: dict[tuple[Location, str], Param] = {}
    for param in params:
        if param.name in documented or any(pattern.means(param.name) for pattern in wanted):
            chosen.setdefault((param.location, param.name), param)
    operations = tuple(
        replace(operation, params=tuple(_marked(param, chosen) for param in operation.params))
        for operation in api.operations
    )
    return replace(api, operations=operations, client_params=tuple(chosen.values()))


def propose_client_params(api: Api, root: Node) -> None:
    """Report which parameters the client could be given once, as notes."""
    for param, count in shared_params(api)[:_SHOWN]:
        root.document.diagnostics.note(
            "parameter-shared",
            f"{count} of {len(api.operations)} operations have the {param.location.value} parameter {param.name!r}",
            hint=f"`client_parameters: [{param.name}]` in the config lets the client be given it once; `[]` ends this",
        )


def _marked(param: Param, chosen: dict[tuple[Location, str], Param]) -> Param:
    return replace(param, on_client=True) if (param.location, param.name) in chosen else param


def _documented(root: Node) -> Iterator[str]:
    """Yield the names of the parameters that the document puts on the client."""
    stated = root.get(_SPEAKEASY)
    if stated is None or not isinstance(stated.value, dict) or stated.get("parameters") is None:
        return
    for entry in stated.elements("parameters"):
        param = entry.follow()
        if param is not None and isinstance(param.value, dict):
            yield param.text("name")


def shared_params(api: Api) -> list[tuple[Param, int]]:
    """Return the parameters that half of the operations have for the same thing, with how many have each.

    They could be given to the client; whether they should be is for somebody who knows the API to decide.
    """
    found: dict[tuple[str, ...], Param] = {}
    places: dict[tuple[str, ...], list[str]] = {}
    for operation in api.operations:
        for param in operation.params:
            if param.location in {Location.HEADER, Location.PATH} and not param.on_client and not _is_of_http(param):
                key = (param.location.value, param.name, _above(operation.path, param))
                found.setdefault(key, param)
                places.setdefault(key, []).append(_below(operation.path, param))
    least = max(_FEW, len(api.operations) / 2)
    shared = [(found[key], len(below)) for key, below in places.items() if len(below) >= least and _is_wide(below)]
    return sorted(shared, key=lambda entry: -entry[1])


def _is_of_http(param: Param) -> bool:
    """Whether a header is one of HTTP's own (RFC 9110 sections 12 and 13), which says something of one request."""
    name = param.name.lower()
    return param.location is Location.HEADER and (name.startswith(("if-", "accept")) or name in {"range", "prefer"})


def _above(path: str, param: Param) -> str:
    """Return the path up to a parameter in it: the same name behind another one means another thing."""
    return path.partition(f"{{{param.name}}}")[0] if param.location is Location.PATH else ""


def _below(path: str, param: Param) -> str:
    """Return what an operation is about: the part of the path behind a parameter in it, else the whole path."""
    if param.location is not Location.PATH:
        return path
    return path.partition(f"{{{param.name}}}")[2].strip("/").partition("/")[0]


def _is_wide(below: Sequence[str]) -> bool:
    """Whether operations are about several things: what they share is not the thing itself."""
    return len(set(below)) >= _FEW
