"""Calls of another SDK, and the operations of a document: which calls can stay, and what takes the place of others."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from samekey.adopt.known import FLAT
from samekey.config.file import Config, hides_module, is_package_name
from samekey.config.renames import RenamedPart, is_argument_name, is_class_name, is_path
from samekey.ir import Model
from samekey.names import BODY, assign
from samekey.names.arguments import CREDENTIAL_WORDS
from samekey.names.identity import type_keys
from samekey.names.pins import schema_labels
from samekey.names.renames import outcomes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from samekey.adopt.known import Argument, Generator, KnownCall, OtherSdk
    from samekey.ir import Api, Operation
    from samekey.names import Names

_FEW: Final = 3
"""So many properties tell a model."""
_ROUNDS: Final = 4
_WITHOUT_BODY: Final = frozenset({"GET", "HEAD", "DELETE"})


class Kept(Struct, frozen=True):
    """A call of the other SDK, and what becomes of it.

    Args:
        call: the call.
        ours: the call in our SDK; empty where the document has no such operation.
        stays: whether it is the same way from the client to the method.
        missing: its arguments that ours does not have.
        body: the argument of ours that takes the whole body, or empty.
        spreads: whether ours takes the fields of the body as arguments, and the other SDK the body as one object.
    """

    call: KnownCall
    ours: str
    stays: bool
    missing: tuple[str, ...] = ()
    body: str = ""
    spreads: bool = False

    def instead(self, form: str = "") -> str:
        """Return what to write in the place of the call.

        Args:
            form: the attribute of the method that is called, such as `.detailed`.
        """
        return f"client.{self.ours}{form}({', '.join(['…', *self._given])})"

    @property
    def _given(self) -> list[str]:
        if not self.missing:
            return []
        if self.body:
            return [f"{self.body}={{…}}"]
        if self.spreads and len(self.missing) == 1:
            # The other SDK takes the body as one object.
            return [f"**{self.missing[0]}"]
        wires = {entry.name: entry.wire or entry.name for entry in self.call.arguments}
        fields = ", ".join(f"{json.dumps(wires[name])}: …" for name in self.missing[:_FEW])
        more = ", …" if len(self.missing) > _FEW else ""
        place = "query" if self.call.method in _WITHOUT_BODY else "body"
        return [f"options=CallOptions({place}={{{fields}{more}}})"]


class Adopted(Struct, frozen=True):
    """What can be kept of another SDK.

    Args:
        sdk: the other SDK.
        config: what keeps it.
        calls: each of its calls, with what becomes of it.
        classes: how many of its classes that the document has are called the same in ours, and how many there are.
        variables: environment variables of its client, with whether they stay.
        client_parameters: names on the wire of what its client is given for all calls, and ours can be given as well.
    """

    sdk: OtherSdk
    config: Config
    calls: tuple[Kept, ...]
    classes: tuple[int, int]
    variables: tuple[tuple[str, bool], ...]
    client_parameters: tuple[str, ...] = ()


def keep_names(sdk: OtherSdk, api: Api) -> Adopted:
    """Decide what of another SDK can be kept.

    Args:
        sdk: the other SDK.
        api: the API.
    """
    matched = _matched(sdk.calls, api)
    config = _with_types(sdk, api, replace(_client(sdk), rename_operations=_operations(matched)))
    config = replace(config, rename_parts={**_parts(matched, api, config), **_credentials(sdk, api)})
    for _ in range(_ROUNDS):
        # What is taken is not had: whoever asked for it in vain gives way.
        refused = {
            (outcome.kind, outcome.wire)
            for outcome in outcomes(api, assign(api, config), config)
            if set(outcome.given) != {outcome.wanted}
        }
        if not refused:
            break
        config = _without(config, refused)
    names = assign(api, config)
    calls = tuple(_kept(call, matched.get(call), names, sdk.generator) for call in sdk.calls)
    own = set(names.types.values())
    known = [name for name in _known_classes(sdk, api) if name]
    variables = tuple(
        (entry.variable, entry.variable in _variables(names))
        for entry in sdk.credentials
        if entry.variable and entry.argument
    )
    classes = (sum(name in own for name in known), len(known))
    return Adopted(sdk, config, calls, classes, variables, _client_parameters(sdk, api))


def _route(path: str) -> tuple[str, ...]:
    """Return the segments of a path with its parameters blanked, for comparison."""
    plain = path.partition("?")[0].partition("#")[0]
    return tuple(_blank(segment) for segment in plain.split("/") if segment)


def _blank(segment: str) -> str:
    before, opened, rest = segment.partition("{")
    return f"{before}{{}}{rest.partition('}')[2]}" if opened else segment


def _matched(calls: Sequence[KnownCall], api: Api) -> dict[KnownCall, Operation]:
    """Return the operation of each call: by method and path, else by the end of the path where only one has it."""
    exact: dict[tuple[str, tuple[str, ...]], Operation] = {}
    ends: dict[tuple[str, tuple[str, ...]], list[Operation]] = defaultdict(list)
    for operation in api.operations:
        if operation.variant:
            continue
        route = _route(operation.path)
        exact.setdefault((operation.method, route), operation)
        for start in range(len(route)):
            ends[operation.method, route[start:]].append(operation)
    found: dict[KnownCall, Operation] = {}
    for call in calls:
        route = _route(call.route)
        known = exact.get((call.method, route)) or _by_end(call.method, route, exact, ends)
        if known is not None:
            found[call] = known
    return found


def _by_end(
    method: str,
    route: tuple[str, ...],
    exact: Mapping[tuple[str, tuple[str, ...]], Operation],
    ends: Mapping[tuple[str, tuple[str, ...]], list[Operation]],
) -> Operation | None:
    """Return the one operation whose path ends as a route does, or with whose path the route ends: base URLs differ."""
    longer = ends.get((method, route), [])
    if len(longer) == 1 and any("{" not in segment for segment in route):
        return longer[0]
    for start in range(1, len(route)):
        found = exact.get((method, route[start:]))
        if found is not None and any("{" not in segment for segment in route[start:]):
            return found
    return None


def _label(operation: Operation) -> str:
    return operation.id or f"{operation.method} {operation.path}"


def _operations(matched: Mapping[KnownCall, Operation]) -> dict[str, str]:
    """Return where operations are to be found; of two calls of one operation, the first stays."""
    found: dict[str, str] = {}
    for call, operation in matched.items():
        if "." in call.path and is_path(call.path) and operation.key not in found:
            found[operation.key] = call.path
    labels = Counter(_label(operation) for operation in matched.values())
    by_key = {operation.key: operation for operation in matched.values()}
    return {
        _label(by_key[key]) if labels[_label(by_key[key])] == 1 else f"{by_key[key].method} {by_key[key].path}": path
        for key, path in found.items()
    }


def _parts(matched: Mapping[KnownCall, Operation], api: Api, config: Config) -> dict[RenamedPart, str]:
    """Return the renames that give arguments the names that they have in the other SDK."""
    names = assign(api, config)
    found: dict[RenamedPart, str] = {}
    arguments = _arguments_by_operation(names)
    for call, operation in matched.items():
        own = arguments.get(operation.key, {})
        for argument, key in _pairs(call, operation, own):
            if key is None or own[key] == argument.name or not is_argument_name(argument.name):
                continue
            location, wire = key
            is_one = sum(other == wire for _, other in own) == 1
            found.setdefault(
                RenamedPart("parameters", _label(operation), wire if is_one else f"{location} {wire}"), argument.name
            )
    return found


def _pairs(
    call: KnownCall, operation: Operation, own: Mapping[tuple[str, str], str]
) -> list[tuple[Argument, tuple[str, str] | None]]:
    """Return the arguments of a call, each with what it is in ours; the only one that is nothing else is the body."""
    found = [(argument, _meant(argument, operation, own)) for argument in call.arguments]
    unknown = [argument for argument, key in found if key is None]
    if len(unknown) == 1 and (BODY, BODY) in own and (BODY, BODY) not in [key for _, key in found]:
        return [(argument, key or (BODY, BODY)) for argument, key in found]
    return found


def _arguments_by_operation(names: Names) -> dict[str, dict[tuple[str, str], str]]:
    found: dict[str, dict[tuple[str, str], str]] = defaultdict(dict)
    for (key, location, wire), name in names.arguments.items():
        found[key][location, wire] = name
    return found


def _meant(argument: Argument, operation: Operation, own: Mapping[tuple[str, str], str]) -> tuple[str, str] | None:
    """Return the location and wire name of what an argument of the other SDK is in ours; None for what ours has not."""
    if argument.place is not None:
        in_path = [param.name for param in operation.params if param.location.value == "path"]
        return ("path", in_path[argument.place]) if argument.place < len(in_path) else None
    for wanted in (argument.wire, argument.name):
        fitting = [key for key in own if wanted and key[1].lower() == wanted.lower()]
        if fitting:
            return fitting[0]
    return next((key for key, name in own.items() if name == argument.name), None)


def _client(sdk: OtherSdk) -> Config:
    """Return a config with the names of package and client, and with what environment variables begin with."""
    is_package = is_package_name(sdk.package) and not hides_module(sdk.package)
    return Config(
        package=sdk.package if is_package else "",
        client=sdk.client if sdk.client and is_class_name(sdk.client) else "",
        prefix=_prefix(sdk),
    )


def _client_parameters(sdk: OtherSdk, api: Api) -> tuple[str, ...]:
    """Return the names that parameters of the other client have in the document, where headers have no case."""
    wires = {entry.wire.lower() for entry in sdk.parameters}
    listed = [param.name for operation in api.operations for param in operation.params]
    return tuple(dict.fromkeys(name for name in listed if name.lower() in wires))


def _prefix(sdk: OtherSdk) -> str:
    """Return what the environment variables of the other client begin with; empty where that does not name them all."""
    for entry in sdk.credentials:
        if not entry.argument:
            return entry.variable.rstrip("_")
        ending = f"_{entry.argument.upper()}"
        if entry.variable.endswith(ending):
            return entry.variable.removesuffix(ending)
    return ""


def _credentials(sdk: OtherSdk, api: Api) -> dict[RenamedPart, str]:
    """Return the renames of credentials, where one scheme has one, or where names say which is which."""
    given = [entry.argument for entry in sdk.credentials if is_argument_name(entry.argument or "?")]
    single = [scheme for scheme in api.schemes if len(CREDENTIAL_WORDS[scheme.kind]) == 1]
    if not given or not single:
        return {}
    likely = [name for name in given if any(word in name for word in ("key", "token", "auth", "secret", "bearer"))]
    if len(single) == 1 and likely:
        return {RenamedPart("credentials", single[0].id, ""): likely[0]}
    return {
        RenamedPart("credentials", scheme.id, ""): name
        for scheme in single
        for name in likely
        if name.replace("_", "") == scheme.id.replace("_", "").replace("-", "").lower()
    }


def _variables(names: Names) -> set[str]:
    return {f"{names.prefix}_{argument.upper()}" for given in names.credentials.values() for argument in given}


def _with_types(sdk: OtherSdk, api: Api, config: Config) -> Config:
    """Return the config with the names of classes, where a model has the same properties and no other has them."""
    names = assign(api, config)
    keys = type_keys(api)
    ours = {definition.id: names.types[definition.id] for definition in api.types if isinstance(definition, Model)}
    taken = set(names.types.values())
    by_fields: dict[frozenset[str], list[str]] = defaultdict(list)
    for name, fields in sdk.classes.items():
        if len(fields) >= _FEW:
            by_fields[fields].append(name)
    own: dict[frozenset[str], list[Model]] = defaultdict(list)
    for definition in api.types:
        if isinstance(definition, Model):
            own[frozenset(field.name for field in definition.fields)].append(definition)
    found: dict[str, str] = {}
    for fields, theirs in by_fields.items():
        models = own.get(fields, [])
        free = [name for name in theirs if name not in taken and is_class_name(name)]
        if len(models) == 1 and len(free) == 1 and ours[models[0].id] not in sdk.classes:
            found[schema_labels(models[0], keys[models[0].id])[0]] = free[0]
    stated = {schema: name for schema, name in sdk.types.items() if is_class_name(name)}
    known = {definition.name[0] for definition in api.types if len(definition.name) == 1}
    found |= {schema: name for schema, name in stated.items() if schema in known}
    plain = {definition.name[0]: name for definition, name in
             ((entry, names.types[entry.id]) for entry in api.types) if len(definition.name) == 1}  # fmt: skip
    return replace(
        config,
        rename_types={
            **{schema: name for schema, name in found.items() if plain.get(schema) != name}, **config.rename_types,
        },
    )  # fmt: skip


def _known_classes(sdk: OtherSdk, api: Api) -> Iterator[str]:
    """Yield the classes of the other SDK that are models of the document: some schema has their properties."""
    own = {frozenset(field.name for field in entry.fields) for entry in api.types if isinstance(entry, Model)}
    yield from (name for name, fields in sdk.classes.items() if fields in own and len(fields) >= _FEW)
    yield from sdk.types.values()


def _without(config: Config, refused: set[tuple[str, tuple[str, ...]]]) -> Config:
    def is_left(kind: str, *wire: str) -> bool:
        return (kind, wire) not in refused

    return replace(
        config,
        rename_types={wire: name for wire, name in config.rename_types.items() if is_left("types", wire)},
        rename_operations={
            wire: name for wire, name in config.rename_operations.items() if is_left("operations", wire)
        },
        rename_parts={
            part: name for part, name in config.rename_parts.items() if is_left(part.kind, part.owner, part.wire)
        },
    )


def _kept(call: KnownCall, operation: Operation | None, names: Names, generator: Generator) -> Kept:
    if operation is None:
        return Kept(call, "", stays=False)
    ours = names.methods[operation.key].call
    own = {(location, wire): name for (key, location, wire), name in names.arguments.items() if key == operation.key}
    missing = tuple(entry.name for entry in call.arguments if entry.name not in own.values())
    body = own.get((BODY, BODY), "")
    spreads = generator in FLAT and not body and any(location == BODY for location, _ in own)
    return Kept(call, ours, call.path == ours, missing, body, spreads)
