"""What a thing is, whatever else stands in the document: the key that its name is remembered under, and its words.

A schema is told by its pointer. Indexes in one move when a neighbour comes or goes, so they do not count; the
parameter's place and name stand in for them, or the words of the schema's own name, such as its title.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from samekey.document import pointers
from samekey.identifiers import unique
from samekey.ir import references
from samekey.lower.schemas.words import UnknownStepError, steps

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from samekey.ir import Api, TypeDef

_LISTS = frozenset({"oneOf", "anyOf", "allOf", "prefixItems", "items", "parameters"})
_SECTIONS = {
    "definitions": (), "schemas": (), "parameters": ("param",), "responses": ("response",),
    "requestBodies": ("request",),
}  # fmt: skip
"""What is said behind the name of a component that is not a schema, by where it stands."""
_PARAMETER = re.compile(r".*?/parameters/[0-9]+(?=/|\Z)")
_REMOTE = re.compile(r"[a-z]+://[^/]*", re.IGNORECASE)


def type_keys(api: Api) -> dict[str, str]:
    """Return where each definition stands, by its id: relative to the document, and without indexes."""
    ordered = sorted(api.types, key=lambda definition: definition.id)
    parameters = dict(_parameters(api))
    keys = unique(_type_key(definition, api.home, parameters) for definition in ordered)
    return {definition.id: key for definition, key in zip(ordered, keys, strict=True)}


def _parameters(api: Api) -> Iterator[tuple[str, str]]:
    """Yield the start of the id of each parameter's inline schema, and that parameter's place and name."""
    for operation in api.operations:
        for param in operation.params:
            for identity in references(param.type):
                if (found := _PARAMETER.match(identity)) is not None:
                    yield found[0], f"{param.location.value} {param.name}"


def definition_words(definition: TypeDef, home: str) -> tuple[str, ...]:
    """Return words for a definition's name: by the component that it belongs to, not by whoever uses it first.

    Args:
        definition: what is to be named; its own words are those of its first use.
        home: the URI of the document.
    """
    _, pointer = _split(definition.id, home)
    tokens = pointers.tokens(pointer.partition("+")[0] if pointer.endswith(("+union", "+form")) else pointer)
    if tokens[:1] == ["components"]:
        tokens = tokens[1:]
    if len(tokens) < 2 or tokens[0] not in _SECTIONS:  # noqa: PLR2004  # a section and a name
        return definition.name
    section, name, *path = tokens
    try:
        below = _below(path, definition.name)
    except UnknownStepError:
        return definition.name
    return (name, *_suffix(section, name), *below)


def _suffix(section: str, name: str) -> tuple[str, ...]:
    """Return words that tell a component from a schema: `response` for `NotFound`, none for `NotFoundResponse`."""
    return tuple(word for word in _SECTIONS[section] if not name.lower().endswith(word))


def _below(path: list[str], words: tuple[str, ...]) -> list[str]:
    """Return words for what lies below a component; titles of variants are in its words, not in its pointer."""
    left = list(words)
    found: list[str] = []
    for step in reversed(list(steps(path))):
        known = [step, step[:1]] if step[0] == "item" else [step]
        spelled = next((form for form in known if tuple(left[-len(form) :]) == form), None)
        if spelled is None:
            spelled = tuple(left[-1:]) if step[0] == "option" and left else step
        if tuple(left[-len(spelled) :]) == spelled:
            del left[-len(spelled) :]
        found = [*spelled, *found]
    return found


def _type_key(definition: TypeDef, home: str, parameters: Mapping[str, str]) -> str:
    uri, pointer = _split(definition.id, home)
    parameter = _PARAMETER.match(definition.id)
    name = parameters.get(parameter[0], "") if parameter is not None else ""
    tokens = pointer.split("/")
    for index, token in enumerate(tokens):
        if token.isdecimal() and _is_index(tokens, index):
            is_named = name and tokens[index - 1] == "parameters"
            tokens[index] = name if is_named else "*"
    more = definition_words(definition, home)[1:] if "*" in tokens else ()
    return " ".join([f"{_relative(uri, home)}#{'/'.join(tokens)}", *more])


def _is_index(tokens: list[str], index: int) -> bool:
    """Whether a number in a pointer counts the elements of a list, rather than being a name."""
    is_name = tokens[:index] in (["", "components", "parameters"], ["", "parameters"])
    return tokens[index - 1] in _LISTS and tokens[index - 2 : index - 1] != ["properties"] and not is_name


def _split(identity: str, home: str) -> tuple[str, str]:
    if identity.startswith(f"{home}#"):
        return home, identity[len(home) + 1 :]
    uri, _, pointer = identity.partition("#")
    return uri, pointer


def _relative(uri: str, home: str) -> str:
    """Return a URI as seen from the document: the same in every checkout, and empty for the document itself."""
    if uri == home:
        return ""
    hosts = [found[0] if (found := _REMOTE.match(entry)) else "" for entry in (uri, home)]
    if hosts[0] != hosts[1]:
        return uri
    here, there = home.replace("\\", "/").split("/")[:-1], uri.replace("\\", "/").split("/")
    shared = next((index for index, pair in enumerate(zip(here, there, strict=False)) if pair[0] != pair[1]),
                  min(len(here), len(there) - 1))  # fmt: skip
    return "/".join([*[".."] * (len(here) - shared), *there[shared:]])
