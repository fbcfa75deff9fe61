"""The whole plan: what gets a class, what gets an input type, and in which module everything stands."""

from __future__ import annotations

from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from samekey.config.file import CiHost
from samekey.emit import code, symbols
from samekey.emit.annotations import Annotator, dependencies, fallbacks
from samekey.emit.client import plan_client
from samekey.emit.code import Code, source
from samekey.emit.documented import Documented
from samekey.emit.examples import Examples
from samekey.emit.exports import plan_exports, plan_public
from samekey.emit.lost_answers import is_promised, plan_lost_answers, plan_retry_defaults
from samekey.emit.metadata import plan_metadata, version_of_sdk
from samekey.emit.models import adapted_when_sent, deep_modules, plan_models, reachable
from samekey.emit.operations import OperationPlanner
from samekey.emit.own import NO_OWN_PARTS
from samekey.emit.reference import ReferencePlanner, homes_of
from samekey.emit.views import CallView, HeldView, ImportView, OperationSummary, Plan, ResourceModule
from samekey.emit.webhooks import plan_webhooks
from samekey.header import LINE
from samekey.ir import Model, Type
from samekey.names import hides_builtin, spread_model

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from samekey.config.file import Config
    from samekey.emit.code import Code
    from samekey.emit.own import OwnFinder, OwnParts
    from samekey.ir import Api, TypeDef
    from samekey.names import Names, ResourceName

_ONE_PAGE: Final = 200
"""How many operations have room on one page."""
_ABOUT_CALLS = (
    "Calling a method sends the request and returns what stands in `Call[…]`; on the async client it is awaited.\n"
    "`method.detailed(…)` returns the whole response: status, headers, key and attempts."
)


def plan(api: Api, names: Names, config: Config, own: OwnFinder = lambda _: NO_OWN_PARTS) -> Plan:
    """Plan every file of an SDK.

    Args:
        api: the API.
        names: the Python names.
        config: what the user decided.
        own: finds what the owner wrote by hand, for the names of all models.
    """
    types = {definition.id: definition for definition in api.types}
    models = {identity: entry for identity, entry in types.items() if isinstance(entry, Model)}
    links = {identity: dependencies(definition) for identity, definition in types.items()}
    sent = list(_sent(api, models))
    inputs = reachable(sent, types, sending=True)
    outputs = reachable([*received(api), *sent], types, sending=False)
    merged = reachable(_merge_patches(api), types, sending=True)
    version = version_of_sdk(api, config)
    modules = plan_models(types, names, links, outputs, inputs, merged)
    parts = own({str(export) for module in modules for export in module.exports})
    exports = plan_exports(names.client, parts)
    documented = Documented(api, names, types, models)
    given = [(entry, found) for entry in api.operations if (found := documented.arguments(entry)) is not None]
    calls = {entry.key: documented.call(entry, arguments) for entry, arguments in given}
    first = Examples(api, names, types, models).of_each_kind()
    in_readme = (call for found in first.values() if found is not None for call in (found.shown, found.awaited))
    homes = homes_of(names.package, modules)
    shared = _Shared(api, names, types, models, parts, homes, calls, adapted_when_sent(types, links))
    resources = tuple(_resource(entry, shared) for entry in names.resources)
    return Plan(
        package=code.identifier(names.package),
        distribution=code.toml_string(names.distribution),
        install=code.span(names.distribution),
        version=code.toml_string(version),
        generator=code.literal(f"samekey {_own_version()}"),
        title=code.prose(api.title),
        title_text=code.toml_string(api.title),
        metadata=plan_metadata(api, names, config),
        header=code.comment(LINE),
        header_text=code.prose(LINE),
        client=plan_client(api, names, version),
        exports=exports,
        public=plan_public(exports),
        resources=resources,
        held=tuple(_held("", api, names, parts)),
        models=modules,
        own_models=tuple(map(code.identifier, parts.models)),
        deep_models=deep_modules(modules),
        webhooks=plan_webhooks(api, names, types),
        keyed_example=first["keyed"],
        safe_example=first["safe"],
        paged_example=first["paged"],
        stream_example=first["stream"],
        streamable_example=first["streamable"],
        download_example=first["download"],
        tests=tuple(documented.test(*entry) for entry in given),
        examples=tuple(dict.fromkeys([*calls.values(), *in_readme])),
        has_call_pages=len(api.operations) > _ONE_PAGE,
        lost_answers=plan_lost_answers(api, names),
        retry_defaults=plan_retry_defaults(api),
        is_promised=is_promised(api),
        fallbacks=tuple(_fallbacks(api)),
        has_workflows=config.ci is CiHost.GITHUB,
    )


@cache
def _own_version() -> str:
    return metadata.version("samekey")


def summarize(api: Api, names: Names) -> list[OperationSummary]:
    """Return what `samekey inspect` shows: a row for each operation."""
    types = {definition.id: definition for definition in api.types}
    models = {identity: entry for identity, entry in types.items() if isinstance(entry, Model)}
    planner = OperationPlanner(api, names, models, Annotator(names, types))
    return [planner.summary(operation) for operation in api.operations]


def _sent(api: Api, models: Mapping[str, Model]) -> Iterable[Type]:
    """Yield the types of arguments: of parameters, of whole bodies, and of the fields that a body is spread into."""
    for operation in api.operations:
        yield from (param.type for param in operation.params)
        model = spread_model(operation, models)
        if model is not None:
            yield from (field.type for field in model.fields if not field.read_only)
            if model.extra is not None:
                yield model.extra
        elif operation.body is not None:
            yield operation.body.type


def _merge_patches(api: Api) -> Iterable[Type]:
    """Return the types of bodies that change what they name and leave the rest (RFC 7396)."""
    bodies = (operation.body for operation in api.operations)
    return (body.type for body in bodies if body is not None and body.media_type == "application/merge-patch+json")


def received(api: Api) -> Iterable[Type]:
    """Yield the types of what comes back: of answers, of items of streams, and of webhooks."""
    for operation in api.operations:
        for response in operation.responses:
            if response.type is not None:
                yield response.type
            if response.stream is not None:
                yield response.stream.item
    yield from (webhook.type for webhook in api.webhooks)


class _Shared(Struct, frozen=True):
    """What the modules of all resources are made from.

    Args:
        api: the whole API.
        names: the Python names.
        types: type definitions by id.
        models: models by id.
        own: what the owner wrote by hand.
        homes: the paths of the files that have the models, by the models' names.
        examples: a call of each operation, by its key.
        adapted: ids of definitions whose values are not sent as they are given.
    """

    api: Api
    names: Names
    types: Mapping[str, TypeDef]
    models: Mapping[str, Model]
    own: OwnParts
    homes: Mapping[str, Code]
    examples: Mapping[str, CallView]
    adapted: frozenset[str]


def _resource(entry: ResourceName, shared: _Shared) -> ResourceModule:
    api, names = shared.api, shared.names
    listed = [operation for operation in api.operations if names.methods[operation.key].resource == entry.path]
    hidden = any(hides_builtin(names.methods[operation.key].method) for operation in listed)
    annotator = Annotator(names, shared.types, symbols.MODELS, symbols.BUILTIN_LIST if hidden else source("list"))
    planner = OperationPlanner(api, names, shared.models, annotator, shared.adapted)
    methods = tuple(planner.method(operation) for operation in listed)
    home = code.link_target(f"{names.package}/resources/{entry.module}.py")
    reference = ReferencePlanner(planner, names, home, shared.homes, shared.examples)
    views = list(zip(listed, methods, strict=True))
    told = tuple(reference.call(*view) for view in views)
    held = tuple(_held(entry.path, api, names, shared.own))
    bases = (symbols.RESOURCE, symbols.ASYNC_RESOURCE)
    printed = (methods, bases, symbols.CLIENT_RESOURCE) if held else (methods, bases)
    options = [ImportView(source(".._runtime.types"), (source("CallOptions"),))] if methods else []
    siblings = [
        ImportView(code.dotted(source("."), home), (name,))
        for view in held
        for home, name in zip(view.homes, (view.class_name, code.identifier(f"Async{view.class_name}")), strict=True)
    ]
    return ResourceModule(
        name=code.identifier(entry.module),
        path=_attributes(entry.path),
        shown_path=code.literal(entry.path) if entry.path != entry.module else source(""),
        class_name=code.identifier(entry.class_name),
        doc=code.docstring(f"Operations of {_title(entry)}.\n\n{_ABOUT_CALLS}"),
        class_doc=_class_doc(entry, api),
        bases=bases,
        imports=symbols.imports(printed, ".."),
        typing_imports=(*options, *siblings),
        methods=methods,
        rows=tuple(row for view, call in zip(views, told, strict=True) for row in reference.rows(*view, call)),
        held=held,
        calls=told,
    )


def _held(path: str, api: Api, names: Names, own: OwnParts) -> Iterable[HeldView]:
    """Yield the resources that a resource holds; those of the client for an empty path."""
    for entry in names.resources:
        if entry.parent == path:
            yield HeldView(
                attribute=code.identifier(entry.attribute),
                module=code.identifier(entry.module),
                class_name=code.identifier(entry.class_name),
                doc=_class_doc(entry, api),
                homes=(_home(entry, entry.class_name, own), _home(entry, f"Async{entry.class_name}", own)),
            )


def _class_doc(entry: ResourceName, api: Api) -> Code:
    described = next((tag.doc for tag in api.tags if tag.doc and tag.name in entry.groups), "")
    return code.docstring(described or f"Operations of {_title(entry)}.")


def _title(entry: ResourceName) -> str:
    return " and ".join(dict.fromkeys(group.removeprefix("/") for group in entry.groups)) or entry.path


def _attributes(path: str) -> Code:
    return code.dotted(*map(code.identifier, path.split(".")))


def _home(entry: ResourceName, class_name: str, own: OwnParts) -> Code:
    """Return the module, relative to the package, that has a resource's class."""
    module = code.dotted(source("resources"), code.identifier(entry.module))
    return code.dotted(source("custom"), module) if class_name in own.resources else module


def _fallbacks(api: Api) -> Iterable[tuple[str, str]]:
    """Yield each place where a type fell back to Any, and why."""
    for where, kind in (*_fields(api), *_parts(api), *((webhook.name, webhook.type) for webhook in api.webhooks)):
        yield from ((where, reason) for reason in fallbacks(kind))


def _fields(api: Api) -> Iterable[tuple[str, Type]]:
    for definition in api.types:
        if isinstance(definition, Model):
            yield from ((".".join((*definition.name, field.name)), field.type) for field in definition.fields)


def _parts(api: Api) -> Iterable[tuple[str, Type]]:
    for operation in api.operations:
        where = operation.id or f"{operation.method} {operation.path}"
        yield from ((f"{where}.{param.name}", param.type) for param in operation.params)
        if operation.body is not None:
            yield f"{where} request", operation.body.type
        for response in operation.responses:
            if response.type is not None:
                yield f"{where} response", response.type
            if response.stream is not None:
                yield f"{where} stream", response.stream.item
