"""The text of a first config: what was found stands in comments, beside the words that would change it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from samekey.emit.code import single_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from samekey.init.found import Found

_SHOWN: Final = 4
_WIDE: Final = 200
_COLUMN: Final = 34


def config_text(found: Found, command: str, licence: str = "") -> str:
    """Return a commented config.

    Args:
        found: what the document has, under the names that were chosen.
        command: what writes the SDK with this config.
        licence: an SPDX expression that was chosen; empty to leave it to the document.
    """
    blocks = (
        _head(found, command), _names(found), _project(found, licence), _selection(found), _connection(found),
        _keys(found), _pages(found), _retries(),
    )  # fmt: skip
    return "\n".join("".join(f"{line}\n" for line in block) for block in blocks)


def _head(found: Found, command: str) -> Iterator[str]:
    yield f"# The SDK of {_words(found.title)}. docs/config.md of samekey explains every key."
    yield "# This writes it, and after each change writes it again (in CI with --check):"
    yield f"#   {_words(command)}"


def _names(found: Found) -> Iterator[str]:
    yield _line(f"package: {found.package}", f"import {found.package}")
    yield _line(f"distribution: {found.distribution}", f"pip install {found.distribution}")
    yield _line(f"client: {found.client}", f"and Async{found.client}")
    yield _line(f"# version: {_quoted(found.version)}", "the document's; write one here to choose it yourself")


def _project(found: Found, licence: str) -> Iterator[str]:
    yield "# What an index shows; the rest is taken from info.contact, info.license and externalDocs."
    off = "" if licence else "# "
    yield f"{off}project:"
    if licence:
        yield _line(f"  license: {licence}", "an SPDX identifier")
    elif found.licence:
        yield _line(f"#   license: {found.licence}", "the document's")
    else:
        yield _line("#   license: MIT", "the document names none, so nobody knows what they may do with the SDK")
    yield "#   authors: [Acme <sdk@acme.example>]"
    yield _line("#   urls: {Repository: https://git.acme.example/sdk}", "makes the README's links whole")


def _selection(found: Found) -> Iterator[str]:
    tags = f" in {_some(found.tags)}" if found.tags else ""
    counted = "1 operation" if found.operations == 1 else f"{found.operations} operations"
    yield f"# {counted}{tags}; {found.deprecated} deprecated, {found.internal} marked x-internal."
    if found.internal:
        yield _line("exclude: {internal: true}", "take this line out to have them in the SDK")
    else:
        yield _line("# exclude: {deprecated: true}", "also by tags, paths and operations; `include` is the opposite")


def _connection(found: Found) -> Iterator[str]:
    if found.servers:
        yield f"# Servers: {_some(found.servers)}; the first is the usual one."
    else:
        yield "# The document names no server: whoever uses the SDK has to give base_url=, unless an overlay adds one."
    given = [f"{argument}= or {variable}" for argument, variable in found.credentials]
    yield f"# Credentials: {_some(given)}." if given else "# Credentials: the document asks for none."
    shared = found.shared[:_SHOWN]
    for parameter in shared:
        yield f"# On {parameter.count} of the operations: the {parameter.location} parameter {_words(parameter.name)}."
    if found.shared:
        yield "# Without the mark in front of it, the client can be given them once:"
        yield f"# client_parameters: [{', '.join(_quoted(parameter.name) for parameter in found.shared[:_SHOWN])}]"


def _keys(found: Found) -> Iterator[str]:
    counted = ", ".join(f"{count} {who.value}" for who, count in found.keys)
    yield f"# Idempotency keys: {counted or 'no operation has one'}."
    if not found.assumed:
        yield "# idempotency: {ttl: 24h}"
        return
    yield f"# Nobody says that the API honours the assumed ones ({_some(call for call, _ in found.assumed)})."
    yield "# Ask the server (`samekey verify`), ask whoever knows, and say it here:"
    yield "# idempotency:"
    yield _line("#   honoured: true", "the API honours keys on all of them")
    yield _line(f"#   operations: {{{_quoted(found.assumed[0][1])}: false}}", "single ones: true or false")
    yield _line("#   assume: key-only", "send keys, but retry nothing that rests on an assumption")


def _pages(found: Found) -> Iterator[str]:
    yield f"# Lists in pages: {_some(call for call, _ in found.pages) or 'none was found'}."
    if found.pages:
        yield _line(f"# pagination: {{{_quoted(found.pages[0][1])}: false}}", "if it gives no pages")


def _retries() -> Iterator[str]:
    yield "# How calls are retried, where the usual way is not yours:"
    yield "# retry: {max_retries: 5, deadline: 60s}"


def _line(text: str, about: str) -> str:
    return f"{f'{text}  ':<{_COLUMN}}# {about}"


def _some(texts: Iterable[str]) -> str:
    listed = [_words(text) for text in texts]
    more = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    return ", ".join(listed[:_SHOWN]) + more


def _words(text: str) -> str:
    """Return text of a document as a comment can hold it: on one line, and not without end."""
    return single_line(text, _WIDE)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
