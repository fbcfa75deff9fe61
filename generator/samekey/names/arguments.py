"""Names of what is given to methods, and to the client."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from samekey.ir import Location, Model, Named, Nullable
from samekey.names.lockfile import ARGUMENT, ARGUMENTS, CLIENT_PARAMETERS, CREDENTIALS, VARIABLES, Entry
from samekey.names.pins import argument_pin, credential_pin
from samekey.names.reserved import CLIENT_ARGUMENTS, METHOD_ARGUMENTS
from samekey.names.resolve import resolve
from samekey.names.words import ascii_snake, attribute

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from samekey.config.file import Config
    from samekey.ir import Api, Operation, Param, SecurityScheme, ServerVariable, Type
    from samekey.names.lockfile import Lockfile

BODY: Final = "body"
EXTRA: Final = "extra"
"""The place, and the name, of what goes into a body beside its known fields."""
CREDENTIAL_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "apiKey": ("api_key",), "basic": ("username", "password"), "bearer": ("token",), "http": ("credential",),
    "oauth2": ("client_id", "client_secret", "token"),
}  # fmt: skip
"""What each kind of security scheme takes, in the usual words."""


def argument_names(api: Api, config: Config, lockfile: Lockfile) -> dict[tuple[str, str, str], str]:
    """Return the names of arguments by the operation's key, location (or `body`) and wire name.

    Args:
        api: the API.
        config: what the user decided.
        lockfile: the names that were given before.
    """
    models = {definition.id: definition for definition in api.types if isinstance(definition, Model)}
    found: dict[tuple[str, str, str], str] = {}
    for operation in api.operations:
        stated = _stated(operation, models)
        listed = list(_arguments(operation, models))
        pins = {key: pin for key in listed if (pin := argument_pin(operation, *key, config))}
        wishes = {key: _proposals(*key, stated.get(key, "")) for key in listed}
        proposals = {key: (pins[key], *wishes[key]) if key in pins else wishes[key] for key in listed}
        kept = lockfile.kept((key, Entry(ARGUMENTS, operation.key, " ".join(key))) for key in proposals)
        names = resolve(proposals, METHOD_ARGUMENTS, {**pins, **kept, **pins})
        found.update({(operation.key, *key): chosen for key, chosen in names.items()})
    return found


def _arguments(operation: Operation, models: Mapping[str, Model]) -> Iterator[tuple[str, str]]:
    """Yield the location and wire name of each argument; earlier ones choose first, whatever the document's order."""
    for location in Location:
        yield from ((location.value, wire) for wire in _exact_first(
            param.name for param in operation.params if param.location is location
        ))  # fmt: skip
    body = spread_model(operation, models)
    if body is not None:
        yield from ((BODY, wire) for wire in _exact_first(entry.name for entry in body.fields if not entry.read_only))
        if body.extra is not None:
            yield EXTRA, EXTRA
    elif operation.body is not None:
        yield BODY, BODY


def _stated(operation: Operation, models: Mapping[str, Model]) -> dict[tuple[str, str], str]:
    """Return what arguments are to be called in words for other generators, by location and wire name."""
    body = spread_model(operation, models)
    found = {(param.location.value, param.name): param.called for param in operation.params}
    found |= {(BODY, entry.name): entry.called for entry in body.fields} if body is not None else {}
    return {key: called for key, called in found.items() if called}


def _exact_first(names: Iterator[str]) -> list[str]:
    return sorted(names, key=lambda wire: (attribute(wire, "param") != wire, wire))


def _proposals(location: str, wire: str, called: str) -> tuple[str, ...]:
    if location == EXTRA:
        # As the attribute of a model is called.
        return EXTRA, f"{EXTRA}_fields", f"{EXTRA}_fields_"
    plain = attribute(wire, "param")
    stated = (attribute(called, "param"),) if called else ()
    return *stated, plain, f"{location}_{plain}", f"{plain.rstrip('_')}_"


def spread_model(operation: Operation, models: Mapping[str, Model]) -> Model | None:
    """Return the model whose fields become keyword arguments; None where the body is one argument, or missing."""
    if operation.body is None:
        return None
    kind: Type = operation.body.type
    if isinstance(kind, Nullable):
        kind = kind.inner
    model = models.get(kind.id) if isinstance(kind, Named) else None
    return model if model is not None and any(not entry.read_only for entry in model.fields) else None


class ClientNames(Struct, frozen=True):
    """The names of the client's own arguments.

    Args:
        credentials: for each security scheme, one for each part of it.
        variables: for each variable of the server.
        parameters: for each parameter of operations that the client may be given, by location and wire name.
    """

    credentials: dict[str, tuple[str, ...]]
    variables: dict[str, str]
    parameters: dict[tuple[str, str], str]


def client_names(api: Api, variables: Sequence[ServerVariable], config: Config, lockfile: Lockfile) -> ClientNames:
    """Return the names of the client's arguments.

    Plain words where a kind of scheme comes once, the scheme's name where not; variables and parameters have their own.
    """
    schemes, params = api.schemes, api.client_params
    kinds = Counter(scheme.kind for scheme in schemes)
    ordered = sorted(schemes, key=lambda scheme: (kinds[scheme.kind] > 1, scheme.id))
    proposals: dict[Entry, tuple[str, ...]] = {
        Entry(CREDENTIALS, scheme.id, word): _credential(scheme, word, is_single=kinds[scheme.kind] == 1)
        for scheme in ordered
        for word in CREDENTIAL_WORDS[scheme.kind]
    }
    for variable in variables:
        plain = attribute(variable.name, "server")
        proposals[Entry(VARIABLES, variable.name, ARGUMENT)] = (plain, f"server_{plain}")
    for param in params:
        wishes = _proposals(param.location, param.name, param.called)
        proposals[_client_entry(param)] = (*_agreed(param, api, config), *wishes)
    pins = {
        Entry(CREDENTIALS, scheme.id, word): pin
        for scheme in ordered
        for word in CREDENTIAL_WORDS[scheme.kind]
        if (pin := credential_pin(scheme, word, config))
    }
    kept = lockfile.kept((entry, entry) for entry in proposals)
    chosen = resolve(proposals, CLIENT_ARGUMENTS, {**pins, **kept, **pins})
    return ClientNames(
        {
            scheme.id: tuple(chosen[Entry(CREDENTIALS, scheme.id, word)] for word in CREDENTIAL_WORDS[scheme.kind])
            for scheme in schemes
        },
        {variable.name: chosen[Entry(VARIABLES, variable.name, ARGUMENT)] for variable in variables},
        {(param.location.value, param.name): chosen[_client_entry(param)] for param in params},
    )


def _agreed(param: Param, api: Api, config: Config) -> tuple[str, ...]:
    """Return what the config calls a parameter of the client at all operations, where it says the same of each."""
    key = (param.location.value, param.name)
    having = [entry for entry in api.operations if key in {(its.location.value, its.name) for its in entry.params}]
    pins = {argument_pin(operation, *key, config) for operation in having}
    return tuple(pin for pin in pins if pin) if len(pins) == 1 else ()


def _client_entry(param: Param) -> Entry:
    return Entry(CLIENT_PARAMETERS, f"{param.location.value} {param.name}", ARGUMENT)


def _credential(scheme: SecurityScheme, word: str, *, is_single: bool) -> tuple[str, ...]:
    own = ascii_snake(scheme.id, word)
    plain = word if is_single else own if len(CREDENTIAL_WORDS[scheme.kind]) == 1 else f"{own}_{word}"
    return plain, f"{own}_{word}", f"{plain}_credential"
