"""What an owner wrote by hand into an SDK: subclasses of clients and resources, names to export, and own templates.

The modules are read, never imported: what runs in them is their owner's business.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final, TypeAlias

from msgspec import Struct, field

from samekey.document.diagnostics import Place, Position
from samekey.document.source import SourceText
from samekey.header import CUSTOM
from samekey.identifiers import is_identifier, meant
from samekey.names.exports import MODELS, PUBLIC

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from samekey.document.diagnostics import Diagnostics
    from samekey.names import Names


class OwnTemplate(Struct, frozen=True):
    """A template of the owner's: its path, and its text."""

    path: str
    text: str


class OwnFiles(Struct, frozen=True):
    """What an owner wrote by hand.

    Args:
        modules: the texts of modules in folders called `custom`, by path below the SDK's folder.
        templates: those of README.md and pyproject.toml, by the name of the file.
        home: the SDK's folder, for messages.
    """

    modules: Mapping[str, str] = field(default_factory=dict[str, str])
    templates: Mapping[str, OwnTemplate] = field(default_factory=dict[str, OwnTemplate])
    home: str = ""


class OwnParts(Struct, frozen=True):
    """What of an SDK is taken from its owner's modules.

    Args:
        clients: the classes of clients in `custom/client.py`.
        resources: classes of resources in `custom/resources/`, each with the module that has it.
        exports: names that the package exports from `custom/__init__.py`.
        models: names that `models` exports from `custom/models.py`.
    """

    clients: frozenset[str] = frozenset()
    resources: Mapping[str, str] = field(default_factory=dict[str, str])
    exports: tuple[str, ...] = ()
    models: tuple[str, ...] = ()


OwnFinder: TypeAlias = "Callable[[Collection[str]], OwnParts]"
"""Finds the parts of an SDK, given the names that its `models` exports."""
NOTHING_OWN: Final = OwnFiles()
NO_OWN_PARTS: Final = OwnParts()


def own_parts(files: OwnFiles, names: Names, models: Collection[str], diagnostics: Diagnostics) -> OwnParts:
    """Return what of an SDK is taken from its owner's modules; what cannot be is reported as an error.

    Args:
        files: what the owner wrote.
        names: the names of the SDK.
        models: the names that its `models` exports.
        diagnostics: the sink.
    """
    prefix = f"{names.package}/{CUSTOM}/"
    modules = {
        path.removeprefix(prefix): _Module(f"{files.home}/{path}" if files.home else path, text, diagnostics)
        for path, text in files.modules.items()
        if path.startswith(prefix)
    }
    clients = {names.client, f"Async{names.client}"}
    return OwnParts(
        clients=frozenset(modules["client.py"].subclasses(clients)) if "client.py" in modules else frozenset(),
        resources=dict(_resources(modules, names)),
        exports=_exported(modules.get("__init__.py"), {*PUBLIC, *clients, MODELS}),
        models=_exported(modules.get("models.py"), models),
    )


def _resources(modules: Mapping[str, _Module], names: Names) -> Iterator[tuple[str, str]]:
    known = {entry.module: entry.class_name for entry in names.resources}
    for path, module in modules.items():
        folder, _, name = path.removesuffix(".py").rpartition("/")
        if folder != "resources" or name == "__init__":
            continue
        if name not in known:
            hint = meant(name, known) or "rename it, or take it out: what it extends is gone"
            module.warn("custom-unused", f"the SDK has no resource {name!r}", hint)
            continue
        for found in module.subclasses({known[name], f"Async{known[name]}"}):
            yield found, name


def _exported(module: _Module | None, taken: Collection[str]) -> tuple[str, ...]:
    return module.exported(taken) if module is not None else ()


class _Module:
    """A module of the owner's, as far as its source says what is in it."""

    def __init__(self, path: str, text: str, diagnostics: Diagnostics) -> None:
        self._source = SourceText(path, text)
        self._diagnostics = diagnostics
        try:
            self._body: list[ast.stmt] = ast.parse(text, path).body
        except (SyntaxError, ValueError, RecursionError) as error:
            self._body = []
            place = Place(self._source, position=Position(getattr(error, "lineno", None) or 1, 1))
            diagnostics.error("custom-invalid", f"this is not valid Python: {error.args[0]}", place)

    def subclasses(self, wanted: Collection[str]) -> list[str]:
        """Return those of some classes that are defined here; one that extends nothing is reported."""
        found: list[str] = []
        for node in self._body:
            if isinstance(node, ast.ClassDef) and node.name in wanted:
                if not node.bases:
                    message = f"{node.name} takes the place of the generated class, and has to extend it"
                    self._error(node, message, f"import that class under another name: class {node.name}(_{node.name})")
                found.append(node.name)
        return found

    def exported(self, taken: Collection[str]) -> tuple[str, ...]:
        """Return the names that `__all__` lists, else the public functions and classes that are defined here."""
        listed = next((node for node in self._body if _assigns_all(node)), None)
        if listed is not None:
            names = list(self._listed(listed))
        else:
            kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
            names = [(node.name, node) for node in self._body if isinstance(node, kinds) and node.name[0] != "_"]
        for name, node in names:
            if name in taken:
                self._error(node, f"the SDK has {name!r} already", "choose another name")
        return tuple(dict.fromkeys(name for name, _ in names if name not in taken))

    def _listed(self, node: ast.stmt) -> Iterator[tuple[str, ast.stmt]]:
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        try:
            names: object = ast.literal_eval(value) if value is not None else ()
        except ValueError:
            names = None
        if not isinstance(names, list | tuple):
            self._error(node, "`__all__` is a list of names that stand here as they are", "write the names out")
            return
        for name in names:  # pyright: ignore[reportUnknownVariableType]
            if isinstance(name, str) and is_identifier(name):
                yield name, node
            else:
                self._error(node, f"{name!r} in `__all__` is not a name", "write names in quotes")

    def warn(self, code: str, message: str, hint: str) -> None:
        """Report a warning about the whole module."""
        self._diagnostics.warning(code, message, Place(self._source, position=Position(1, 1)), hint)

    def _error(self, node: ast.stmt, message: str, hint: str) -> None:
        place = Place(self._source, position=Position(node.lineno, node.col_offset + 1))
        self._diagnostics.error("custom-invalid", message, place, hint)


def _assigns_all(node: ast.stmt) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets)
