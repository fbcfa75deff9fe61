"""What a server says of a failure, in one line, whatever the shape in which it says it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from .text import one_line, without_secrets
from .types import is_fields, is_items

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_SENTENCES: Final = ("message", "detail", "title", "error_description", "msg", "description", "error", "reason")
"""Properties that hold a sentence for people."""
_LISTS: Final = ("errors", "detail", "details", "error", "issues", "violations")
"""Properties that hold several complaints, in a list or by field."""
_PLACES: Final = ("loc", "field", "path", "param", "pointer", "source")
"""Properties that say which part of a request a complaint is of."""
_MOST: Final = 3
_LONGEST: Final = 300
_NOT_PLACES: Final = frozenset({"status", "status_code", "statusCode", "code", "type", "instance", "request_id"})


def server_words(body: object, document: object, secrets: Collection[str]) -> str:
    """Return what an error body says, for the message of the error; empty where it says nothing.

    Args:
        body: the body as the error has it.
        document: the body as plain JSON; None where it is none.
        secrets: what may be a credential of the request, and is not repeated.
    """
    said = _sentence(document)
    complaints = "; ".join(list(_complaints(document))[:_MOST])
    if said and complaints and complaints not in said:
        said = f"{said}: {complaints}" if not said.endswith(".") else f"{said} {complaints}"
    said = said or complaints or (body if isinstance(body, str) else "") or _compact(document)
    return f"it said: {one_line(without_secrets(said, secrets))}" if said else ""


def _sentence(document: object) -> str:
    """Return the sentence of a body, or of the object in it that holds one."""
    if isinstance(document, str):
        return document
    levels = [document.get("error"), document] if is_fields(document) else []
    texts = [level.get(name) for level in levels if is_fields(level) for name in _SENTENCES]
    return next((text for text in texts if isinstance(text, str) and text), "")


def _complaints(document: object) -> Iterator[str]:
    """Yield what is wrong with parts of a request: as FastAPI, Django REST framework, JSON:API and others list it."""
    if is_items(document):
        for entry in document:
            yield from _complaint(entry)
        return
    if not is_fields(document):
        return
    held = [document[name] for name in _LISTS if is_items(document.get(name)) or is_fields(document.get(name))]
    for listed in held:
        if is_items(listed):
            for entry in listed:
                yield from _complaint(entry)
        elif is_fields(listed) and not _sentence(listed):
            yield from _by_field(listed)
    if not held and not _sentence(document):
        yield from _by_field(document)


def _complaint(entry: object) -> Iterator[str]:
    said = _sentence(entry)
    if not said:
        return
    place = next((_place(entry[name]) for name in _PLACES if is_fields(entry) and name in entry), "")
    yield f"{place}: {said}" if place else said


def _place(value: Any) -> str:  # noqa: ANN401  # JSON
    if is_items(value):
        return ".".join(str(part) for part in value)
    if is_fields(value):
        return next((text for text in value.values() if isinstance(text, str)), "")
    return value if isinstance(value, str) else ""


def _by_field(fields: dict[str, Any]) -> Iterator[str]:
    """Yield complaints that stand under the fields that they are of."""
    for name, entry in fields.items():
        texts = [text for text in entry if isinstance(text, str)] if is_items(entry) else []
        if isinstance(entry, str) and name not in _NOT_PLACES:
            texts = [entry]
        if texts:
            yield f"{name}: {' '.join(texts)}"


def _compact(document: object) -> str:
    """Return the beginning of a body that holds no sentence."""
    if not is_fields(document) and not is_items(document):
        return ""
    text = msgspec.json.encode(document).decode()
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
