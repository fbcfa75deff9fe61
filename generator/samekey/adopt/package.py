"""The source of a package, read and never imported: its modules as syntax trees, and where names in them lead."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct, field

from samekey.adopt.known import AdoptError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_MAX_BYTES: Final = 8_000_000
"""Of one module; what is larger is no code that a generator wrote for people."""
_MAX_MODULES: Final = 20_000
_MAX_STEPS: Final = 20
"""How many imports are followed from a name to its class."""


class ClassIn(Struct, frozen=True):
    """A class, and the module in which it stands."""

    module: str
    node: ast.ClassDef


class Package(Struct, frozen=True):
    """The source of a package.

    Args:
        name: its import name.
        modules: syntax trees by dotted name; a package's own module has the package's name.
        folders: the dotted names of those that are packages.
        folder: where it lies.
        classes: what `find_class` found before.
        imports: what modules import, for those that were asked for.
    """

    name: str
    modules: Mapping[str, ast.Module]
    folders: frozenset[str]
    folder: Path
    classes: dict[tuple[str, str], ClassIn | None] = field(default_factory=dict[tuple[str, str], "ClassIn | None"])
    imports: dict[str, dict[str, tuple[str, str]]] = field(default_factory=dict[str, "dict[str, tuple[str, str]]"])

    def has(self, path: str) -> bool:
        """Whether it has a module, by its name below the package."""
        return f"{self.name}.{path}" in self.modules

    def find_class(self, module: str, name: str) -> ClassIn | None:
        """Return the class that a name means in a module, whatever imports lead there; None where it means none."""
        if (module, name) not in self.classes:
            self.classes[module, name] = self._find(module, name, _MAX_STEPS)
        return self.classes[module, name]

    def _find(self, module: str, name: str, steps: int) -> ClassIn | None:
        tree = self.modules.get(module)
        if tree is None or steps == 0:
            return None
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and node.name == name:
                return ClassIn(module, node)
        if module not in self.imports:
            self.imports[module] = dict(self._imports(module, tree))
        target = self.imports[module].get(name)
        return None if target is None else self._find(*target, steps - 1)

    def imported(self, module: str, scope: ast.AST, name: str) -> tuple[str, str] | None:
        """Return the module and the name there that an import in a scope gives a name; None where none does."""
        return dict(self._imports(module, scope)).get(name)

    def _imports(self, module: str, scope: ast.AST) -> Iterator[tuple[str, tuple[str, str]]]:
        for node in ast.walk(scope):
            if isinstance(node, ast.ImportFrom):
                source = self._absolute(module, node)
                yield from ((alias.asname or alias.name, (source, alias.name)) for alias in node.names)

    def _absolute(self, module: str, node: ast.ImportFrom) -> str:
        if node.level == 0:
            return node.module or ""
        parts = module.split(".") if module in self.folders else module.split(".")[:-1]
        base = parts[: len(parts) - node.level + 1]
        return ".".join([*base, *((node.module or "").split(".") if node.module else [])])

    def all_classes(self) -> Iterator[ClassIn]:
        """Yield every class that stands at the top of a module."""
        for module, tree in self.modules.items():
            yield from (ClassIn(module, node) for node in tree.body if isinstance(node, ast.ClassDef))


def find_package(name: str) -> Path:
    """Return the folder of a package, by its path or by its name among what is installed; it is not imported.

    Raises:
        AdoptError: there is no such folder, or no module in it.
    """
    places = [Path(name), *(Path(entry, *name.replace("-", "_").split(".")) for entry in sys.path if entry)]
    try:
        found = _folder_in(places)
    except OSError as error:
        raise AdoptError(f"there can be no package {name!r}: {(error.strerror or str(error)).lower()}") from error
    if found is None:
        raise AdoptError(
            f"there is no package {name!r}: give the folder that has its `__init__.py`, or the name of a package that "
            "is installed beside samekey"
        )
    return found


def _folder_in(places: Sequence[Path]) -> Path | None:
    """Return the folder of the first package at some places; at the first of them also one below it."""
    for place in places:
        if (place / "__init__.py").is_file():
            return place.resolve()
        inner = [entry.parent for entry in sorted(place.glob("*/__init__.py"))] if place == places[0] else []
        inner = [entry for entry in inner if entry.name not in {"tests", "test", "examples", "docs"}]
        if len(inner) == 1:
            # The folder of a project, or of an unpacked wheel.
            return inner[0].resolve()
    return None


def read_package(folder: Path) -> Package:
    """Read the source of a package.

    Raises:
        AdoptError: a module cannot be read, or there are too many.
    """
    trees = {path.relative_to(folder).with_suffix("").parts: _parsed(path) for path in _sources(folder)}
    name = _import_name(folder, trees.values())
    modules: dict[str, ast.Module] = {}
    folders: set[str] = set()
    for parts, tree in trees.items():
        is_folder = parts[-1] == "__init__"
        module = ".".join([name, *(parts[:-1] if is_folder else parts)])
        modules[module] = tree
        if is_folder:
            folders.add(module)
    return Package(name, modules, frozenset(folders), folder)


def _sources(folder: Path) -> list[Path]:
    found = [path for path in folder.rglob("*.py") if not any(part.startswith(".") for part in path.parts)]
    if len(found) > _MAX_MODULES:
        raise AdoptError(f"{folder} holds {len(found)} modules: that is no single SDK")
    return sorted(found)


def _import_name(folder: Path, trees: Iterable[ast.Module]) -> str:
    """Return the name that a package imports itself by: one inside another has more than that of its folder."""
    for tree in trees:
        for node in tree.body:
            parts = (node.module or "").split(".") if isinstance(node, ast.ImportFrom) and node.level == 0 else []
            if folder.name in parts[1:] and parts[parts.index(folder.name, 1) - 1] == folder.parent.name:
                return ".".join(parts[: parts.index(folder.name, 1) + 1])
    return folder.name


def _parsed(path: Path) -> ast.Module:
    try:
        data = path.read_bytes()
        if len(data) > _MAX_BYTES:
            raise AdoptError(f"{path} is larger than the modules that generators write")
        return ast.parse(data)
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise AdoptError(f"{path} cannot be read as Python: {error}") from error
