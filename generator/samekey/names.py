"""Wire names to Python names, in passes: gather every candidate, propose, resolve collisions; numbers come last.

What stands in the document decides, never the order in which it was walked: a component keeps its name
before an inline schema, and a pinned name of the config before both.
"""

from __future__ import annotations

import builtins
import itertools
import keyword
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from samekey.config import hides_module
from samekey.ir import Alias, Enum, Location, Model, Named, Nullable, Type
from samekey.wording import singular, split

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from samekey.config import Config
    from samekey.ir import Api, Operation, SecurityScheme, TypeDef

_SIGNS = {"+": " plus ", "@": " at ", "$": " ", "#": " number ", "%": " percent ", "&": " and ", "<": " less ",
          ">": " greater ", "=": " equal ", "!": " not ", "*": " star "}  # fmt: skip
ANNOTATION_BUILTINS: Final = frozenset({"list", "dict", "str", "int", "float", "bool", "bytes"})
"""Builtins that annotations use; an attribute of such a name would hide them from its class."""
_MODULE_WORDS = frozenset({"dt", "models", "self", "cls"})
_TYPE_WORDS = frozenset({
    "Any", "Call", "CallOptions", "Decimal", "Enum", "File", "Literal", "Mapping", "Model", "NotRequired", "OMIT",
    "Omit", "OpenIntEnum", "OpenStrEnum", "Required", "Sequence", "TYPE_CHECKING", "TypeAlias", "TypedDict", "UUID",
    "None", "True", "False",
})  # fmt: skip
RESERVED_ARGUMENTS: Final = frozenset({"self", "idempotency_key", "options"})
_CLIENT_WORDS = frozenset({"close", "with_options", "journal"})
_CLIENT_CLASSES = frozenset({
    "ApiFacts", "ApiKey", "AsyncClient", "AsyncResource", "AttemptEvent", "Basic", "Bearer", "Callable",
    "Credential", "KeyFormat", "Profile", "Resource", "RetryEvent", "RetryPolicy", "Safety", "Signal", "Style",
    "SyncClient", "Timeout",
})  # fmt: skip
"""Names that stand beside the resources' classes in the emitted modules."""
PUBLIC: Final = frozenset({
    "OMIT", "APIConnectionError", "APIDecodeError", "APIError", "APIStatusError", "APITimeoutError", "Answered",
    "Attempt", "AttemptEvent", "AuthenticationError", "BadRequestError", "CallInfo", "CallOptions", "CallRecord",
    "Certainty", "ConflictError", "Failed", "Failure", "IdempotencyInFlight", "IdempotencyKeyMissing",
    "IdempotencyKeyReused", "InternalServerError", "NotFoundError", "Omit", "PermissionDeniedError", "RateLimitError",
    "Response", "RetryEvent", "RetryPolicy", "Safety", "Timeout", "UnprocessableEntityError",
    "Journal", "JournalConflictError", "JournalEntry", "PostgresJournal", "SQLiteJournal", "Settlement",
})  # fmt: skip
"""What every SDK exports beside its clients."""
_RESOURCE_METHODS = frozenset({"mro"})
_VERSION = re.compile(r"v?[0-9]+([._][0-9]+)*|latest|beta|alpha|api|rest")
_TITLE_NOISE = frozenset(
    {"api", "apis", "openapi", "swagger", "rest", "restful", "http", "specification", "spec", "the"}
)
BODY: Final = "body"
_MAX_SNAKE = 60
_MAX_PASCAL = 100
"""Names become names of files, which end at 255 bytes, and stand in lines that somebody reads."""
_LAST_WORD = re.compile(r"(?<=.)[A-Z][^A-Z]*\Z")


@dataclass(frozen=True, slots=True)
class MethodName:
    """Where an operation is found: the resource's attribute on the client, and the method."""

    resource: str
    method: str


@dataclass(frozen=True, slots=True)
class ResourceName:
    """A group of operations: attribute and module, class, and the tag that it came from."""

    attribute: str
    class_name: str
    tag: str


@dataclass(frozen=True, slots=True)
class Names:
    """Every Python name of an SDK beside what it names.

    Args:
        package: the import name.
        distribution: the name to install it by.
        client: the client's class; the async one has `Async` before it.
        prefix: of environment variables.
        types: class names by type id.
        inputs: names of what may be sent, by type id.
        fields: attributes by type id and wire name.
        members: enum members by type id and value.
        resources: in the document's order.
        methods: by the operation's index.
        arguments: by the operation's index, location (or `body`) and wire name.
        credentials: arguments of the client by scheme id.
    """

    package: str
    distribution: str
    client: str
    prefix: str
    types: Mapping[str, str]
    inputs: Mapping[str, str]
    fields: Mapping[tuple[str, str], str]
    members: Mapping[tuple[str, str | int], str]
    resources: tuple[ResourceName, ...]
    methods: tuple[MethodName, ...]
    arguments: Mapping[tuple[int, str, str], str]
    credentials: Mapping[str, tuple[str, ...]]


def name(api: Api, config: Config) -> Names:
    """Give everything in an API its Python name."""
    package = config.package or _package(" ".join(_title_words(api.title)))
    client = config.client or pascal(" ".join(_title_words(api.title)) or package, "Client")
    if client in PUBLIC | _CLIENT_CLASSES or f"Async{client}" in _CLIENT_CLASSES:
        client = f"{client}Client"
    types = _type_names(api.types, config)
    inputs = resolve(
        {
            definition.id: (f"{types[definition.id]}Input", f"{types[definition.id]}InputDict")
            for definition in api.types
        },
        taken=[*types.values(), *_TYPE_WORDS],
    )
    methods, resources = _method_names(api, config, client)
    return Names(
        package=package,
        distribution=config.distribution or package.replace("_", "-"),
        client=client,
        prefix=package.upper(),
        types=types,
        inputs=inputs,
        fields=_field_names(api.types),
        members=_member_names(api.types),
        resources=resources,
        methods=methods,
        arguments=_argument_names(api),
        credentials=_credential_names(api.schemes),
    )


def _package(title: str) -> str:
    """An import name that hides neither the standard library nor what the SDK depends on."""
    found = snake(title, "client")
    return f"{found}_client" if hides_module(found) else found


def snake(text: str, fallback: str) -> str:
    """A name for a variable, function or module; `fallback` where nothing of the text can stand in one."""
    simple = text.isidentifier() and text.isascii() and text == text.lower() and not text.startswith("_")
    found = text if simple else "_".join(_ascii_words(text))
    if not found:
        return fallback
    if found[0].isdigit():
        found = f"{fallback}_{found}"
    if len(found) > _MAX_SNAKE:
        found = (found[: _MAX_SNAKE + 1].rpartition("_")[0] or found[:_MAX_SNAKE]).rstrip("_")
    return f"{found}_" if keyword.iskeyword(found) else found


def pascal(text: str, fallback: str) -> str:
    """A name for a class; a name that is one already stays as it is."""
    if text.isidentifier() and text.isascii() and text[0].isupper() and "_" not in text:
        found = text
    else:
        found = "".join(word[:1].upper() + word[1:] for word in _ascii_words(text, keep_case=True))
    if not found:
        return fallback
    found = f"{fallback}{found}" if found[0].isdigit() else found
    if len(found) > _MAX_PASCAL:
        cut = found[:_MAX_PASCAL]
        found = cut if found[_MAX_PASCAL].isupper() else _LAST_WORD.sub("", cut)
    return f"{found}_" if keyword.iskeyword(found) else found


def attribute(text: str, fallback: str) -> str:
    """A name for a field or argument: snake case that hides nothing which annotations need."""
    found = snake(text, fallback)
    return f"{found}_" if found in ANNOTATION_BUILTINS or found in _MODULE_WORDS else found


def resolve(proposals: Mapping[str, Iterable[str]], taken: Iterable[str] = ()) -> dict[str, str]:
    """One name for each key: its first proposal that nobody before it has, else one with a number.

    Args:
        proposals: candidates by key, the best first; earlier keys choose first.
        taken: names that are not to be had. Names that differ only by case count as equal.
    """
    used = {entry.lower() for entry in taken}
    found: dict[str, str] = {}
    for key, candidates in proposals.items():
        listed = list(candidates)
        choice = next((candidate for candidate in listed if candidate.lower() not in used), None)
        number = 2
        while choice is None:
            numbered = f"{listed[0].rstrip('_')}{'_' if listed[0].islower() else ''}{number}"
            choice = numbered if numbered.lower() not in used else None
            number += 1
        used.add(choice.lower())
        found[key] = choice
    return found


def _ascii_words(text: str, *, keep_case: bool = False) -> list[str]:
    if text.startswith("-") and text[1:2].isdigit():
        text = f"minus {text[1:]}"
    if not any(c.isalpha() for c in text):
        for sign, word in _SIGNS.items():
            text = text.replace(sign, word)
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    if not any(c.isalnum() for c in ascii_text):
        ascii_text = " ".join(f"u{ord(c):x}" for c in text if c.isalnum())
    if keep_case:
        return re.findall(r"[A-Za-z0-9]+", ascii_text)
    return list(split(ascii_text))


def _title_words(title: str) -> list[str]:
    bare = re.sub(r"\([^)]*\)|\[[^\]]*\]", " ", title)
    words = re.findall(r"[A-Za-z0-9]+", unicodedata.normalize("NFKD", bare).encode("ascii", "ignore").decode())
    useful = [
        word for word in words if word.lower() not in _TITLE_NOISE and not re.fullmatch(r"v?[0-9.]+", word.lower())
    ]
    return (useful or words)[:4]


def _type_names(definitions: Iterable[TypeDef], config: Config) -> dict[str, str]:
    ordered = sorted(
        definitions, key=lambda definition: (not _pinned_type(definition, config), len(definition.name) > 1)
    )
    return resolve(
        {definition.id: _type_proposals(definition, _pinned_type(definition, config)) for definition in ordered},
        _TYPE_WORDS,
    )


def _pinned_type(definition: TypeDef, config: Config) -> str:
    return config.rename_types.get(definition.name[0], "") if len(definition.name) == 1 else ""


def _type_proposals(definition: TypeDef, pinned: str) -> tuple[str, ...]:
    whole = pinned or "".join(_without_repeats([pascal(word, "Type") for word in definition.name]))
    kind = {Model: "Model", Enum: "Enum", Alias: "Union"}[type(definition)]
    return whole, f"{whole}{kind}"


def _without_repeats(parts: list[str]) -> list[str]:
    """`Charge`, `ChargeStatus` reads better as `ChargeStatus` alone."""
    kept: list[str] = []
    for part in parts:
        if kept and part.startswith(kept[-1]) and part != kept[-1]:
            kept.pop()
        kept.append(part)
    return kept


def _field_names(definitions: Iterable[TypeDef]) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for definition in definitions:
        if isinstance(definition, Model):
            exact_first = sorted(definition.fields, key=lambda field: attribute(field.name, "field") != field.name)
            names = resolve({field.name: (attribute(field.name, "field"),) for field in exact_first})
            found.update({(definition.id, wire): chosen for wire, chosen in names.items()})
    return found


def _member_names(definitions: Iterable[TypeDef]) -> dict[tuple[str, str | int], str]:
    found: dict[tuple[str, str | int], str] = {}
    for definition in definitions:
        if isinstance(definition, Enum):
            values = {repr(value): value for value in definition.values}
            names = resolve({key: (_member(value),) for key, value in values.items()})
            found.update({(definition.id, values[key]): chosen for key, chosen in names.items()})
    return found


def _member(value: str | int) -> str:
    if isinstance(value, int):
        return f"VALUE_MINUS_{-value}" if value < 0 else f"VALUE_{value}"
    return snake(value, "value").upper() if value else "EMPTY"


def _resource_classes(attributes: Mapping[str, str], reserved: Iterable[str]) -> dict[str, str]:
    """A class for each resource, such that neither it nor its async twin has the name of another."""
    used = {entry.lower() for entry in reserved}
    found: dict[str, str] = {}
    for group, attribute_name in attributes.items():
        plain = pascal(attribute_name, "Resource")
        numbered = (f"{plain}Resource{number}" for number in itertools.count(2))
        for candidate in itertools.chain((plain, f"{plain}Resource"), numbered):
            twins = {candidate.lower(), f"async{candidate}".lower()}
            if not twins & used:
                used |= twins
                found[group] = candidate
                break
    return found


def _method_names(api: Api, config: Config, client: str) -> tuple[tuple[MethodName, ...], tuple[ResourceName, ...]]:
    pins = {index: pin for index, operation in enumerate(api.operations) if (pin := _pinned(operation, config))}
    tags = list(dict.fromkeys(_tag(operation) for operation in api.operations))
    wanted = {tag: _resource_attribute(config.rename_resources.get(tag, tag)) for tag in tags}
    groups = [_group(operation, pins.get(index), wanted) for index, operation in enumerate(api.operations)]
    used = [group for group in dict.fromkeys([*tags, *groups]) if group in groups]
    attributes = resolve({group: (wanted.get(group) or _resource_attribute(group),) for group in used}, _CLIENT_WORDS)
    reserved = [*_TYPE_WORDS, *_CLIENT_CLASSES, client, f"Async{client}"]
    classes = _resource_classes(attributes, reserved)
    methods: dict[int, str] = {}
    for group in used:
        members = {index: api.operations[index] for index, own in enumerate(groups) if own == group}
        methods.update(_methods_of(group, members, {index: pin.method for index, pin in pins.items()}))
    found = tuple(MethodName(attributes[group], methods[index]) for index, group in enumerate(groups))
    resources = tuple(
        ResourceName(attributes[group], classes[group], group if group in wanted else "") for group in used
    )
    return found, resources


def _pinned(operation: Operation, config: Config) -> MethodName | None:
    """Where the config wants an operation; an empty resource is its tag's."""
    renames = config.rename_operations
    pinned = renames.get(operation.id) or renames.get(f"{operation.method} {operation.path}")
    if not pinned:
        return None
    resource, _, method = pinned.rpartition(".")
    return MethodName(resource, method)


def _group(operation: Operation, pin: MethodName | None, wanted: Mapping[str, str]) -> str:
    """The tag whose resource an operation belongs to, or the name of a resource that the config alone knows."""
    if pin is None or not pin.resource:
        return _tag(operation)
    return next((tag for tag, attribute_name in wanted.items() if attribute_name == pin.resource), pin.resource)


def _tag(operation: Operation) -> str:
    """The first tag, else the first word of the path that says something."""
    if operation.tags and operation.tags[0].strip():
        return operation.tags[0]
    for segment in operation.path.split("/"):
        if segment and "{" not in segment and not _VERSION.fullmatch(segment.lower()):
            return segment
    return "root"


def _resource_attribute(tag: str) -> str:
    found = snake(tag, "resource")
    return f"{found}_" if found in _MODULE_WORDS else found


def _methods_of(tag: str, operations: Mapping[int, Operation], pins: Mapping[int, str]) -> dict[int, str]:
    """Method names of one resource: what is pinned first, then short where that stays unique, whole where not."""
    free = {index: operation for index, operation in operations.items() if index not in pins}
    short = {index: _short_method(operation, tag) for index, operation in free.items()}
    whole = {index: _whole_method(operation) for index, operation in free.items()}
    counts = Counter(short.values())
    proposals: dict[str, tuple[str, ...]] = {str(index): (pins[index],) for index in operations if index in pins}
    for unique in (True, False):
        for index in free:
            if (counts[short[index]] == 1) is unique:
                by_path = _by_path(operations[index])
                candidates = (short[index], whole[index], by_path) if unique else (whole[index], by_path)
                proposals[str(index)] = tuple(_method(candidate) for candidate in candidates)
    found = resolve(proposals, _RESOURCE_METHODS)
    return {int(key): chosen for key, chosen in found.items()}


def _method(candidate: str) -> str:
    hides = candidate in (ANNOTATION_BUILTINS - {"list"})
    return f"{candidate}_" if hides else candidate


def _whole_method(operation: Operation) -> str:
    return snake(" ".join(_operation_words(operation)), "call") if operation.id else _by_path(operation)


def _operation_words(operation: Operation) -> list[str]:
    """The words of the operationId, without the path and method that some frameworks append."""
    words = _ascii_words(operation.id)
    appended = [*split(operation.path), operation.method.lower()]
    if len(words) > len(appended) and words[-len(appended) :] == appended:
        return words[: -len(appended)]
    return words


def _short_method(operation: Operation, tag: str) -> str:
    """The operationId without the resource's own noun."""
    if not operation.id:
        return _rest_method(operation, tag)
    words = _operation_words(operation)
    singulars = [singular(word) for word in words]
    for noun in _nouns(tag):
        size = len(noun)
        for start in range(len(words) - size + 1):
            rest = words[:start] + words[start + size :]
            if singulars[start : start + size] == noun and _useful(rest):
                return snake(" ".join(rest), "call")
    return snake(" ".join(words), "call")


def _nouns(tag: str) -> list[list[str]]:
    """A resource's noun in the singular, whole and without the words before its last: `stock item`, `item`."""
    words = [singular(word) for word in split(tag) if word not in _TITLE_NOISE]
    return [words[start:] for start in range(len(words))]


def _useful(words: list[str]) -> bool:
    return bool(words) and not all(
        word.isdigit() or word in {"by", "of", "the", "id", "for", "to", "with"} for word in words
    )


def _rest_method(operation: Operation, tag: str) -> str:
    """A name from method and path, as REST means them (RFC 9110 section 9.3)."""
    segments = [segment for segment in operation.path.split("/") if segment]
    on_item = bool(segments) and "{" in segments[-1]
    verb = {
        "GET": "get" if on_item else "list",
        "POST": "create",
        "PUT": "replace",
        "PATCH": "update",
        "DELETE": "delete",
    }.get(operation.method, operation.method.lower())
    nouns = [segment for segment in segments if "{" not in segment and not _VERSION.fullmatch(segment.lower())]
    if nouns and [singular(word) for word in split(nouns[0])] in _nouns(tag):
        nouns = nouns[1:]
    words = [word for noun in nouns for word in split(noun)]
    if operation.method == "GET" and not on_item and nouns and singular(words[-1]) == words[-1]:
        verb = "get"
    if operation.method == "POST" and nouns and not on_item and singular(words[-1]) == words[-1] and len(segments) > 1:
        return snake(" ".join(words), "call")
    if words and (on_item or operation.method == "POST"):
        words[-1] = singular(words[-1])
    if (
        not nouns
        and not on_item
        and operation.method == "GET"
        and singular(split(tag)[-1] if split(tag) else "") == (split(tag)[-1] if split(tag) else "")
    ):
        verb = "get"
    return snake(" ".join([verb, *words]), "call")


def _by_path(operation: Operation) -> str:
    words = [word for segment in operation.path.split("/") for word in split(segment.replace("{", "by ", 1))]
    return snake(" ".join([operation.method.lower(), *words]), "call")


def _argument_names(api: Api) -> dict[tuple[int, str, str], str]:
    models = {definition.id: definition for definition in api.types if isinstance(definition, Model)}
    found: dict[tuple[int, str, str], str] = {}
    for index, operation in enumerate(api.operations):
        proposals: dict[str, tuple[str, ...]] = {}
        keys: dict[str, tuple[int, str, str]] = {}

        def propose(location: str, wire: str, index: int = index, proposals: dict[str, tuple[str, ...]] = proposals,
                    keys: dict[str, tuple[int, str, str]] = keys) -> None:  # fmt: skip
            plain = attribute(wire, "param")
            key = f"{location}\n{wire}"
            proposals[key] = (plain, f"{location}_{plain}", f"{plain.rstrip('_')}_")
            keys[key] = (index, location, wire)

        for location in Location:
            for param in operation.params:
                if param.location is location:
                    propose(location, param.name)
        body = spread_model(operation, models)
        if body is not None:
            for field in body.fields:
                if not field.read_only:
                    propose(BODY, field.name)
        elif operation.body is not None:
            propose(BODY, BODY)
        chosen = resolve(proposals, taken=RESERVED_ARGUMENTS)
        found.update({keys[key]: chosen_name for key, chosen_name in chosen.items()})
    return found


def spread_model(operation: Operation, models: Mapping[str, Model]) -> Model | None:
    """The model whose fields become keyword arguments; None where the body is one argument."""
    if operation.body is None:
        return None
    kind: Type = operation.body.type
    if isinstance(kind, Nullable):
        kind = kind.inner
    model = models.get(kind.id) if isinstance(kind, Named) else None
    return model if model is not None and any(not field.read_only for field in model.fields) else None


def _credential_names(schemes: tuple[SecurityScheme, ...]) -> dict[str, tuple[str, ...]]:
    """Arguments of the client for each scheme: plain words where a kind comes once, the scheme's name where not."""
    usual: dict[str, tuple[str, ...]] = {
        "apiKey": ("api_key",), "basic": ("username", "password"), "bearer": ("token",),
    }  # fmt: skip
    kinds = Counter(scheme.kind for scheme in schemes)
    proposals: dict[str, tuple[str, ...]] = {}
    for scheme in sorted(schemes, key=lambda scheme: kinds[scheme.kind] > 1):
        for word in usual[scheme.kind]:
            own = snake(scheme.id, word)
            single = kinds[scheme.kind] == 1
            plain = word if single else own if len(usual[scheme.kind]) == 1 else f"{own}_{word}"
            proposals[f"{scheme.id}\n{word}"] = (plain, f"{own}_{word}", f"{plain}_credential")
    taken = ["self", "base_url", "retry", "timeout", "headers", "strict", "on_attempt", "on_retry", "journal",
             "http_client"]  # fmt: skip
    chosen = resolve(proposals, taken=taken)
    return {scheme.id: tuple(chosen[f"{scheme.id}\n{word}"] for word in usual[scheme.kind]) for scheme in schemes}


def hides_builtin(method: str) -> bool:
    """Whether a method of this name hides a builtin from the annotations of its class."""
    return method in ANNOTATION_BUILTINS and hasattr(builtins, method)
