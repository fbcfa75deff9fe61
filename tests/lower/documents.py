"""Documents made of a few lines of YAML, lowered, and the IR spelled in a short notation that assertions can read.

A type is spelled `string`, `list[T]`, `map[T]`, `A | B`, `T?` (nullable), `'a' | 'b'` (literals), `any`, or by the
words of its definition's name, as in `Pet` or `Pet.owner`. A model is a dict of its fields, with `!` behind the names
of required ones.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import dedent, indent

import yaml
from samekey.config.file import Config
from samekey.config.idempotency import SILENT, StatedDialect, read_dialect
from samekey.document.diagnostics import Diagnostics
from samekey.document.node import Document, load
from samekey.document.source import FetchError
from samekey.ir import (
    Alias,
    AnyJson,
    Api,
    Body,
    Default,
    Enum,
    ListOf,
    LiteralOf,
    MapOf,
    Model,
    Named,
    Nullable,
    Operation,
    Param,
    Primitive,
    Range,
    Response,
    StatusCode,
    Type,
    TypeDef,
    Union,
)
from samekey.lower import lower
from samekey.names import Names, assign

HOME = "/docs/openapi.yaml"


@dataclass(frozen=True)
class Lowered:
    """A document that was lowered: the IR, and what was found on the way."""

    api: Api
    diagnostics: Diagnostics

    @property
    def codes(self) -> list[str]:
        """The codes of all findings, sorted."""
        return sorted(entry.code for entry in self.diagnostics)

    @property
    def failed(self) -> bool:
        """Whether an operation is missing, or something else is wrong enough for a non-zero exit."""
        return self.diagnostics.failed

    def found(self, code: str) -> list[str]:
        """The pointers at which a finding was made, in order."""
        return [entry.place.pointer for entry in self.diagnostics if entry.code == code and entry.place is not None]

    @property
    def types(self) -> dict[str, TypeDef]:
        """Definitions by the words of their names; no two definitions share them in a test's document."""
        found = {".".join(definition.name): definition for definition in self.api.types}
        assert len(found) == len(self.api.types), [definition.name for definition in self.api.types]
        return found

    def spell(self, kind: Type | None) -> str:
        """A type in the short notation."""
        return spell(kind, self.api)

    def model(self, words: str) -> dict[str, str]:
        """The fields of a model."""
        definition = self.types[words]
        assert isinstance(definition, Model), definition
        return {f"{field.name}{'!' * field.required}": self.spell(field.type) for field in definition.fields}

    def extra_type(self, words: str) -> str:
        """The type of a model's extra properties; `nothing` where they are not kept."""
        definition = self.types[words]
        assert isinstance(definition, Model), definition
        return self.spell(definition.extra)

    def alias(self, words: str) -> Alias:
        """A named union or recursive type."""
        definition = self.types[words]
        assert isinstance(definition, Alias), definition
        return definition

    def union(self, words: str) -> str:
        """The target of a named union or recursive type."""
        return self.spell(self.alias(words).target)

    def mapping(self, words: str) -> dict[str, str]:
        """The variants of a named union by the value of its discriminator."""
        discriminator = self.alias(words).discriminator
        assert discriminator is not None, words
        return {value: self.spell(kind) for value, kind in discriminator.mapping}

    def enum(self, words: str) -> tuple[str, ...] | tuple[int, ...]:
        """The values of an enum."""
        definition = self.types[words]
        assert isinstance(definition, Enum), definition
        return definition.values

    def operation(self, key: str = "") -> Operation:
        """The operation with an operationId, or `METHOD /path`; the only one where no key is given. No sisters."""
        found = [
            operation
            for operation in self.api.operations
            if not operation.variant and key in {"", operation.id, f"{operation.method} {operation.path}"}
        ]
        assert len(found) == 1, [(entry.method, entry.path, entry.id) for entry in self.api.operations]
        return found[0]

    def params(self, key: str = "") -> dict[str, Param]:
        """The parameters of an operation by `location name`."""
        listed = self.operation(key).params
        found = {f"{param.location.value} {param.name}": param for param in listed}
        assert len(found) == len(listed), listed
        return found

    def body(self, key: str = "") -> Body:
        """The body of an operation that has one."""
        body = self.operation(key).body
        assert body is not None
        return body

    def responses(self, key: str = "") -> dict[str, str]:
        """The types of an operation's answers by status."""
        return {status(entry): self.spell(entry.type) for entry in self.operation(key).responses}

    @property
    def operations(self) -> list[str]:
        """Every operation as `METHOD /path`, in order."""
        return [f"{operation.method} {operation.path}" for operation in self.api.operations]

    def names(self, config: Config | None = None) -> Names:
        """The Python names of everything."""
        return assign(self.api, config or Config())


def status(response: Response) -> str:
    """The status of an answer as the document spells it."""
    match response.status:
        case StatusCode(value=value):
            return str(value)
        case Range(first=first):
            return f"{first}XX"
        case Default():
            return "default"


def spell(kind: Type | None, api: Api) -> str:  # noqa: PLR0911  # one line for each kind of type
    """A type in the short notation."""
    match kind:
        case None:
            return "nothing"
        case Primitive(kind=primitive):
            return primitive.value
        case ListOf(item=item):
            return f"list[{spell(item, api)}]"
        case MapOf(value=value):
            return f"map[{spell(value, api)}]"
        case Union(variants=variants):
            return " | ".join(spell(variant, api) for variant in variants)
        case Nullable(inner=inner):
            spelled = spell(inner, api)
            return f"({spelled})?" if " " in spelled else f"{spelled}?"
        case LiteralOf(values=values):
            return " | ".join(repr(value) for value in values)
        case AnyJson():
            return "any"
        case Named(id=identity):
            found = [definition for definition in api.types if definition.id == identity]
            assert len(found) == 1, f"{identity} is named, but defined {len(found)} times"
            return ".".join(found[0].name)


def loaded(text: str | bytes, files: Mapping[str, str] | None = None, home: str = HOME) -> tuple[Document, Diagnostics]:
    """A document of which nothing comes from the disk or the network."""
    sources = {home: text, **(files or {})}

    def fetch(uri: str) -> bytes:
        if uri not in sources:
            raise FetchError("it is not there")
        found = sources[uri]
        return found if isinstance(found, bytes) else found.encode()

    diagnostics = Diagnostics()
    document = load(home, diagnostics, fetch)
    assert document is not None, [entry.message for entry in diagnostics]
    return document, diagnostics


def _idempotency(config: str, diagnostics: Diagnostics) -> StatedDialect:
    """What a config file says under `idempotency`."""
    document = load("samekey.yaml", diagnostics, fetch=lambda _: config.encode()) if config else None
    node = document.node.get("idempotency") if document is not None else None
    return SILENT if node is None else read_dialect(node)


def lowered(text: str, files: Mapping[str, str] | None = None, home: str = HOME, config: str = "") -> Lowered:
    """A document, lowered."""
    document, diagnostics = loaded(dedent(text), files, home)
    api = lower(document, _idempotency(config, diagnostics))
    assert api is not None, [entry.message for entry in diagnostics]
    return Lowered(api, diagnostics)


def schemas(text: str, version: str = "3.0.3", roots: Sequence[str] = ()) -> Lowered:
    """A document with these component schemas, each of which (or of the roots) is what a GET of its own returns."""
    components = dedent(text)
    parsed: object = yaml.load(components, Loader=yaml.BaseLoader)  # noqa: S506  # strings only; for the names of the keys
    assert isinstance(parsed, dict)
    names = roots or [str(key) for key in parsed]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    paths = {f"/{entry}": {"get": _returning({"$ref": f"#/components/schemas/{entry}"})} for entry in names}
    return lowered(
        f"openapi: {version}\n"
        "info: {title: Test, version: '1'}\n"
        f"paths: {json.dumps(paths)}\n"
        "components:\n"
        "  schemas:\n" + indent(components, "    ")
    )


def schema(text: str, version: str = "3.0.3") -> Lowered:
    """A document of one component schema `Thing`, and of a `Pet` and a `Dog` that it may refer to."""
    return schemas(
        "Thing:\n"
        + indent(dedent(text), "  ")
        + dedent("""
            Pet: {type: object, properties: {name: {type: string}}, required: [name]}
            Dog: {type: object, properties: {bark: {type: string}}, required: [bark]}
        """),
        version,
        roots=["Thing"],
    )


def thing(text: str, version: str = "3.0.3") -> str:
    """The type of one schema in the short notation; inline types are named after `Thing`."""
    found = schema(text, version)
    return found.responses()["200"]


def _returning(entry: Mapping[str, object]) -> dict[str, object]:
    return {"responses": {"200": {"description": "", "content": {"application/json": {"schema": entry}}}}}


def operation(
    text: str, version: str = "3.0.3", path: str = "/things/{id}", method: str = "get", top: str = ""
) -> Lowered:
    """A document of one operation; `top` are extra lines at the root."""
    return lowered(
        f"openapi: {version}\n"
        "info: {title: Test, version: '1'}\n"
        + dedent(top)
        + f"\npaths:\n  {json.dumps(path)}:\n    {method}:\n"
        + indent(dedent(text), "      ")
    )


def swagger(text: str, path: str = "/things/{id}", method: str = "get", top: str = "") -> Lowered:
    """A Swagger 2.0 document of one operation; `top` are extra lines at the root."""
    return lowered(
        "swagger: '2.0'\n"
        "info: {title: Test, version: '1'}\n"
        + dedent(top)
        + f"\npaths:\n  {json.dumps(path)}:\n    {method}:\n"
        + indent(dedent(text), "      ")
    )
