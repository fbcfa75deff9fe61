"""What was adopted, as text: the config file, and the report of what stays and what does not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from samekey.adopt.known import FLAT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from samekey.adopt.match import Adopted, Kept
    from samekey.adopt.program import CallSite
    from samekey.config.file import Config


def adopted_config(adopted: Adopted) -> str:
    """Return the config file that keeps the names of the other SDK."""
    return "".join(f"{line}\n" for line in _config_lines(adopted))


def _config_lines(adopted: Adopted) -> Iterator[str]:
    config = adopted.config
    yield f"# Names of an SDK that {adopted.sdk.generator.value} made, kept by `samekey adopt`. It is yours to edit."
    for word, value in (("package", config.package), ("client", config.client), ("prefix", config.prefix)):
        if value:
            yield f"{word}: {_spelled(value)}"
    if adopted.client_parameters:
        yield f"client_parameters: [{', '.join(_spelled(name) for name in adopted.client_parameters)}]"
    parts = _parts_by_owner(config)
    if not (config.rename_operations or config.rename_types or parts):
        return
    yield "rename:"
    yield from _mapping("operations", config.rename_operations)
    yield from _mapping("resources", config.rename_resources)
    yield from _mapping("types", config.rename_types)
    for kind, owners in parts.items():
        yield f"  {kind}:"
        for owner, renames in owners.items():
            if set(renames) == {""}:
                yield f"    {_spelled(owner)}: {_spelled(renames[''])}"
            else:
                inner = ", ".join(f"{_spelled(wire)}: {_spelled(name)}" for wire, name in renames.items())
                yield f"    {_spelled(owner)}: {{{inner}}}"


def _parts_by_owner(config: Config) -> dict[str, dict[str, dict[str, str]]]:
    found: dict[str, dict[str, dict[str, str]]] = {}
    for part, name in config.rename_parts.items():
        found.setdefault(part.kind, {}).setdefault(part.owner, {})[part.wire] = name
    return found


def _mapping(word: str, entries: Mapping[str, str]) -> Iterator[str]:
    if entries:
        yield f"  {word}:"
        yield from (f"    {_spelled(wire)}: {_spelled(name)}" for wire, name in entries.items())


_SHOWN = 4
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n", "~"})


def _spelled(text: str) -> str:
    """Return a text as YAML: as it is where nothing in it means something else, else as a JSON string."""
    plain = text.replace("_", "a").replace(".", "a")
    is_plain = plain.isascii() and plain.isalnum() and text[:1].isalpha() and text.lower() not in _WORDS
    return text if text and is_plain else json.dumps(text)


def adopted_lines(adopted: Adopted) -> Iterator[str]:
    """Yield the lines that say what stays, then a line for each call that does not, with what to write instead."""
    calls = adopted.calls
    there = [kept for kept in calls if kept.ours]
    stay = [kept for kept in there if kept.stays]
    whole = [kept for kept in stay if not kept.missing]
    sdk = adopted.sdk
    # Where the other SDK has no client that holds resources, each call begins in another way.
    how = "keep their method, on a resource of the client," if not sdk.client and sdk.generator in FLAT else (
        "stay as they are from the client to the method,"
    )  # fmt: skip
    yield f"{sdk.generator.value}: {len(stay)} of {len(calls)} calls {how} {len(whole)} of them with every argument"
    same, known = adopted.classes
    if known:
        yield f"{same} of {known} classes that are models of the document keep their name"
    for variable, stays in adopted.variables:
        yield f"environment variable {variable}: {'stays' if stays else 'is not read; give its value to the client'}"
    yield from _others(calls)


def _listed(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"


def _others(calls: tuple[Kept, ...]) -> Iterator[str]:
    others = [kept for kept in calls if kept.ours and not kept.stays]
    if others:
        yield f"{len(others)} calls to write anew:"
        yield from (f"  client.{kept.call.path}(…)  ->  {kept.instead()}" for kept in others)
    cut = [kept for kept in calls if kept.stays and kept.missing]
    if cut:
        yield f"{len(cut)} calls that stay and lack arguments:"
        yield from (f"  client.{kept.call.path}: {_listed(kept.missing)}; write {kept.instead()}" for kept in cut)
    gone = [kept for kept in calls if not kept.ours]
    if gone:
        yield f"{len(gone)} calls of which the document has no operation:"
        yield from (f"  client.{kept.call.path}: {kept.call.method} {kept.call.route}" for kept in gone)


def program_lines(sites: Sequence[CallSite]) -> Iterator[str]:
    """Yield the lines that say which calls of a program stay, and what to write in the place of the others."""
    stay = sum(site.stays for site in sites)
    yield f"{stay} of {len(sites)} calls in the program stay as they are"
    for site in sites:
        if not site.stays:
            instead = site.kept.instead(site.form) if site.kept.ours else "the document has no such operation"
            yield f"  {site.path}:{site.line}: {site.text}(…)  ->  {instead}"
