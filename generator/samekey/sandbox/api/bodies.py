"""The bodies of answers: a resource in the words of its schema, wrapped where the document wraps it."""

from __future__ import annotations

import json
import re
import secrets
import string
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from samekey.lower.media import is_json, is_text, stream_format
from samekey.lower.schemas.merged import Merged
from samekey.sandbox.api.answer import Answer
from samekey.sandbox.api.samples import MISSING
from samekey.sandbox.api.schemas import Direction
from samekey.sandbox.api.streams import stream_body

if TYPE_CHECKING:
    from collections.abc import Iterator

    from samekey.document.node import Node
    from samekey.document.values import JsonValue
    from samekey.sandbox.api.operations import DeclaredContent, Reply
    from samekey.sandbox.api.samples import Known, Samples
    from samekey.sandbox.api.schemas import SchemaJudge

_LETTERS = string.ascii_letters + string.digits
_BYTES = b"\x00\x01\x02 sample bytes"
_CHANGED = re.compile(r"updated|modified|changed", re.IGNORECASE)
_ITEMS = 3
"""Items of a body that comes item by item, where its end is nobody's."""
_SHORTEST = 8
_BODILESS = frozenset({204, 205, 304})


@dataclass(frozen=True, slots=True)
class Core:
    """The schema of a resource within an answer.

    Args:
        schema: the resource's schema.
        properties: the properties of the resource.
        wrapper: the property that holds it, or empty where the answer is the resource.
    """

    schema: Node
    properties: dict[str, Merged]
    wrapper: str = ""

    @property
    def identity(self) -> str:
        """What names the schema, behind its references."""
        target = self.schema.follow()
        return (target or self.schema).identity

    def wrapped(self, state: dict[str, JsonValue]) -> JsonValue:
        """Return a resource as the response holds it: in the property that wraps it, if there is one."""
        return {self.wrapper: state} if self.wrapper else state


def core_of(reply: Reply) -> Core | None:
    """Return the schema of the resource in a response; None where the response is not a JSON object."""
    schema = reply.content.schema if reply.content is not None and is_json(reply.content.media_type) else None
    if schema is None or Merged.of((schema,)).implied_type != "object":
        return None
    properties = _properties(schema)
    if "id" in properties:
        return Core(schema, properties)
    inner = [name for name, merged in properties.items() if merged.implied_type == "object" and merged.properties()]
    if len(inner) == 1 and "id" in properties[inner[0]].properties():
        found = Merged.of((schema,)).properties()[inner[0]][0]
        return Core(found, _properties(found), inner[0])
    return Core(schema, properties)


def _properties(schema: Node) -> dict[str, Merged]:
    return {name: Merged.of(parts) for name, parts in Merged.of((schema,)).properties().items()}


def id_name(core: Core | None, parameter: str) -> str:
    """Return the property of a resource's id: that of the parameter's name, else `id`, `uuid` or `key`, else empty."""
    properties = core.properties if core is not None else {}
    plain = {name.lower().replace("_", "").replace("-", ""): name for name in properties}
    wanted = parameter.lower().replace("_", "").replace("-", "")
    return plain.get(wanted) or next((plain[name] for name in ("id", "uuid", "key") if name in plain), "")


def mint_id(core: Core | None, name: str, collection: str, schemas: SchemaJudge, parameter: Node | None = None) -> str:
    """Make a new id that looks like those of the document.

    Args:
        core: the resource.
        name: the property that holds its id, or empty.
        collection: where it is.
        schemas: judges values.
        parameter: the schema of the parameter by which it is asked for, if it can be.
    """
    merged = core.properties.get(name) if core is not None else None
    if "uuid" in {known.text("format") for known in (merged, parameter) if known is not None}:
        return str(uuid.uuid4())
    minted = _minted(merged, collection, schemas)
    if parameter is None:
        return minted
    # What has been made must be found by its id, whatever the document's examples look like.
    return next((text for text in _likely(minted) if schemas.accepts(parameter, text, Direction.REQUEST)), minted)


def _likely(minted: str) -> Iterator[str]:
    yield minted
    yield _random("x" * 17).upper()
    yield str(secrets.randbelow(10**12))


def _minted(merged: Merged | None, collection: str, schemas: SchemaJudge) -> str:
    """Make an id that looks like the example of the property that holds it."""
    if merged is None:
        return f"{_singular(collection)}_{_random('x' * 14)}"
    example = merged.first("example")
    likeness = example.value if example is not None and isinstance(example.value, str) else ""
    prefix, separator, rest = likeness.rpartition("_")
    # As long as the example, but long enough that two are hardly ever the same.
    longer = rest if len(rest) >= _SHORTEST else rest + "x" * (_SHORTEST - len(rest))
    likes = [longer, rest] if likeness else ["x" * 14]
    start = prefix + separator if likeness else f"{_singular(collection)}_"
    likely = (start + _random(like) for like in likes)
    allowed = (text for text in likely if all(schemas.accepts(part, text, Direction.RESPONSE) for part in merged.parts))
    return next(allowed, None) or likeness[: len(prefix) + 1] + _random("x" * 8)


def times(core: Core | None, *, changed: bool) -> set[str]:
    """Return the properties that are points in time: all of them, or those that tell of the last change."""
    properties = core.properties if core is not None else {}
    moments = {name for name, merged in properties.items() if merged.text("format") == "date-time"}
    return {name for name in moments if _CHANGED.search(name)} if changed else moments


class Bodies:
    """Writes answers.

    Args:
        samples: makes values.
        schemas: judges them.
    """

    def __init__(self, samples: Samples, schemas: SchemaJudge) -> None:
        self._samples = samples
        self._schemas = schemas
        self._examples: dict[int, Known] = {}

    def example(self, reply: Reply) -> Known:
        """Return the document's example of a response, if it has one that its own schema allows, else MISSING."""
        content = reply.content
        if content is None:
            return MISSING
        # Contents are as old as the document and live as long; each is looked at once.
        if id(content) not in self._examples:
            schema = content.schema
            allowed = (
                example
                for example in content.examples
                if schema is None or self._schemas.accepts(schema, example, Direction.RESPONSE)
            )
            self._examples[id(content)] = next(allowed, MISSING)
        return self._examples[id(content)]

    def resource_example(self, core: Core | None, reply: Reply) -> dict[str, JsonValue]:
        """Return the document's example of a resource; empty where there is none."""
        example = self.example(reply)
        if core is not None and core.wrapper and isinstance(example, dict):
            example = example.get(core.wrapper)
        return example if isinstance(example, dict) else {}

    def fitted(self, core: Core | None, state: dict[str, JsonValue]) -> dict[str, JsonValue]:
        """Return the state of a resource, made to fit a schema; unchanged where there is no schema."""
        made = self._samples.fit(core.schema, state) if core is not None else state
        return made if isinstance(made, dict) else state

    def answer(
        self, reply: Reply, known: Known = MISSING, headers: tuple[tuple[str, str], ...] = (), *, ready: bool = False
    ) -> Answer:
        """Make the response that a document describes.

        Args:
            reply: what the document says of it.
            known: the value, as far as it is known; the document's example, or one made up, otherwise.
            headers: more headers.
            ready: whether the value is what the schema asks for, so that nothing needs to be made of it.
        """
        content = reply.content
        # Some documents have a body there all the same; HTTP has none (RFC 9110 sections 15.3.5 and 15.4.5).
        if content is None or reply.status in _BODILESS:
            return Answer(reply.status, headers)
        known = self.example(reply) if known is MISSING else known
        media = "application/json" if "*" in content.media_type else content.media_type
        headers = (("Content-Type", media), *headers)
        if is_json(content.media_type):
            value = known if ready or content.schema is None else self._samples.fit(content.schema, known)
            return Answer(reply.status, headers, json.dumps({} if value is MISSING else value).encode())
        if isinstance(known, str):
            return Answer(reply.status, headers, known.encode())
        form = stream_format(content.media_type)
        if form is not None:
            return Answer(reply.status, headers, stream_body(form, self._items(content, known), content.sentinel))
        sample = self._samples.fit(content.schema) if content.schema else ""
        text = sample if isinstance(sample, str) else json.dumps(sample)
        return Answer(reply.status, headers, text.encode() if is_text(content.media_type) else _BYTES)

    def _items(self, content: DeclaredContent, known: Known) -> list[JsonValue]:
        """Return the items of a body that comes item by item: those of the example, or some that are made up."""
        if isinstance(known, list):
            return known
        schema = content.schema
        if schema is None:
            return [{}] * _ITEMS
        if not content.has_items and Merged.of((schema,)).implied_type == "array":
            made = self._samples.fit(schema)
            return made if isinstance(made, list) else [made]
        return [self._samples.fit(schema) for _ in range(_ITEMS)]


def _singular(collection: str) -> str:
    word = re.sub(r"[^a-z0-9]", "", collection.rpartition("/")[2].lower()) or "item"
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def _random(like: str) -> str:
    """Return random letters and digits, one for each in a text; the signs of the text stay."""
    # Some letters are a little likelier than others, and all at once they cost a tenth.
    drawn = iter(secrets.token_bytes(len(like)))
    return "".join(_LETTERS[next(drawn) % len(_LETTERS)] if letter.isalnum() else letter for letter in like)
