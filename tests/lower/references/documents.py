"""Documents whose schemas are flat and lead far by reference, made to any size."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

from samekey.config.file import Config
from samekey.document.diagnostics import Diagnostics
from samekey.document.node import Document, load
from samekey.pipeline import Generated, generate

from tests.tools import write_files

Schema: TypeAlias = Mapping[str, object]
Schemas: TypeAlias = dict[str, Schema]
TEXT: Schema = {"type": "string"}
LINK = "#/components/schemas/"


def link(number: int, family: str = "S") -> Schema:
    """A reference to a schema of a family."""
    return {"$ref": f"{LINK}{family}{number}"}


def thing(number: int) -> Schema:
    """An object with a property that no other one has."""
    return {"type": "object", "properties": {f"of_{number}": TEXT}}


def chain(size: int, inner: Callable[[int], Schema], last: Schema = TEXT) -> Schemas:
    """Schemas that each lead to the next."""
    return {f"S{number}": inner(number + 1) for number in range(size - 1)} | {f"S{size - 1}": last}


def things(size: int) -> Schemas:
    """Schemas that lead nowhere, for unions."""
    return {f"T{number}": thing(number) for number in range(size)}


def objects(size: int) -> Schemas:
    """Objects, each a property of the one before."""
    return chain(size, lambda number: {"type": "object", "properties": {"id": TEXT, "next": link(number)}}, thing(0))


def needed(size: int) -> Schemas:
    """The same, where the property must be there."""
    return chain(
        size, lambda number: {"type": "object", "required": ["next"], "properties": {"next": link(number)}}, thing(0)
    )


def arrays(size: int) -> Schemas:
    """Arrays, each of them the items of the one before."""
    return chain(size, lambda number: {"type": "array", "items": link(number)})


def maps(size: int) -> Schemas:
    """Objects with free keys, each of them the values of the one before."""
    return chain(size, lambda number: {"type": "object", "additionalProperties": link(number)})


def arrays_of_unions(size: int) -> Schemas:
    """Arrays of either an object or the next such array."""
    items = chain(size, lambda number: {"type": "array", "items": {"oneOf": [link(number), link(number, "T")]}})
    return items | things(size)


def references(size: int) -> Schemas:
    """References to references."""
    return chain(size, link, thing(0))


def wrappers(size: int) -> Schemas:
    """References alone in an `allOf`."""
    return chain(size, lambda number: {"allOf": [link(number)]}, thing(0))


def anchors(size: int) -> Schemas:
    """One object of as many properties as there are schemas, each found by its `$anchor`."""
    whole: Schema = {"type": "object", "properties": {f"p{number}": {"$ref": f"#a{number}"} for number in range(size)}}
    return {"S0": whole, **{f"A{number}": {"$anchor": f"a{number}", **thing(number)} for number in range(size)}}


def friends(size: int) -> Schemas:
    """Objects that each have a property of the type of every one."""
    names = range(size)
    return {f"S{one}": {"type": "object", "properties": {f"p{other}": link(other) for other in names}} for one in names}


def unions(size: int) -> Schemas:
    """Unions of all other unions and of one object."""
    names = range(size)
    listed = {one: [link(other) for other in names if other != one] for one in names}
    return {f"S{one}": {"oneOf": [*listed[one], link(one, "T")]} for one in names} | things(size)


def choices(size: int) -> Schemas:
    """Objects with a property, and a list, that may be any of them."""
    names = range(size)
    every = [link(other) for other in names]
    properties = {"one": {"oneOf": every}, "many": {"type": "array", "items": {"anyOf": every}}}
    return {f"S{one}": {"type": "object", "properties": {f"of_{one}": TEXT, **properties}} for one in names}


def parents(size: int) -> Schemas:
    """Objects that each inherit from all others."""
    names = range(size)
    return {f"S{one}": {"allOf": [*(link(other) for other in names if other != one), thing(one)]} for one in names}


CHAINS = (objects, needed, arrays, maps, arrays_of_unions, references, wrappers, anchors)
"""As many references as there are schemas."""
MESHES = (friends, unions, choices, parents)
"""Each schema refers to each."""


def text_of(schemas: Schemas) -> str:
    """A document that sends and returns the schema `S0`: whole, in a list, in a stream of events, in a webhook."""
    content = {"application/json": {"schema": link(0)}}
    body = {"content": content, "required": True}
    page = {"type": "object", "properties": {"next": TEXT, "items": {"type": "array", "items": link(0)}}}
    cursor = {"name": "cursor", "in": "query", "schema": TEXT}
    return json.dumps(
        {
            "openapi": "3.1.0",
            "info": {"title": "Far", "version": "1"},
            "servers": [{"url": "https://far.example"}],
            "paths": {
                "/things": {
                    "get": {"operationId": "getThing", "responses": answering("application/json", link(0))},
                    "post": {
                        "operationId": "createThing",
                        "requestBody": body,
                        "responses": answering("application/json", link(0)),
                    },
                },
                "/lists": {
                    "get": {
                        "operationId": "listThings",
                        "parameters": [cursor],
                        "responses": answering("application/json", page),
                    }
                },
                "/events": {
                    "get": {"operationId": "streamThings", "responses": answering("text/event-stream", link(0))}
                },
            },
            "webhooks": {"thing": {"post": {"requestBody": body, "responses": {"200": {"description": "ok"}}}}},
            "components": {"schemas": schemas},
        }
    )


def answering(media_type: str, schema: Schema) -> Schema:
    """The one answer of an operation."""
    return {"200": {"description": "ok", "content": {media_type: {"schema": schema}}}}


def loaded(schemas: Schemas) -> Document:
    """The document, loaded."""
    document = load("far.json", Diagnostics(), lambda _: text_of(schemas).encode())
    assert document is not None
    return document


def generated(schemas: Schemas) -> Generated:
    """What is made of the document, without a warning."""
    document = loaded(schemas)
    result = generate(document, Config())
    assert result is not None
    assert not list(document.diagnostics), [entry.message for entry in document.diagnostics]
    return result


def written(schemas: Schemas, folder: Path) -> Generated:
    """The SDK, written below a folder."""
    result = generated(schemas)
    write_files(result.files, folder)
    return result
