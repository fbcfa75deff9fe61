"""What an SDK exports, as its `__init__.py` prints it."""

from __future__ import annotations

from samekey.emit import code
from samekey.emit.code import Code, source
from samekey.emit.own import NO_OWN_PARTS, OwnParts
from samekey.emit.views import ExportView
from samekey.names.exports import HOMES, MODELS, SERVERS


def plan_exports(client: str, own: OwnParts = NO_OWN_PARTS) -> tuple[ExportView, ...]:
    """Return the modules that define the public names of an SDK, the clients' module first.

    Args:
        client: the name of the sync client's class.
        own: what the owner wrote by hand.
    """
    generated = [name for name in (client, f"Async{client}", SERVERS) if name not in own.clients]
    clients = ExportView(source("_client"), tuple(map(code.identifier, generated)))
    theirs = ((source("custom.client"), sorted(own.clients)), (source("custom"), own.exports))
    added = (ExportView(module, tuple(map(code.identifier, names))) for module, names in theirs if names)
    others = (ExportView(_module(home), tuple(map(code.identifier, names))) for home, names in HOMES.items())
    return (clients, *others, *added)


def _module(home: str) -> Code:
    """Return the full import path of a module of an SDK's runtime, from its dotted name there."""
    return code.dotted(source("_runtime"), *map(code.identifier, home.split(".")))


def plan_public(exports: tuple[ExportView, ...]) -> tuple[Code, ...]:
    """Return all public names of an SDK, constants first, then classes, then the others."""
    names = [code.identifier(MODELS), *(name for export in exports for name in export.names)]
    return tuple(sorted(names, key=_rank))


def _rank(name: Code) -> tuple[int, str]:
    return (0 if name.isupper() else 1 if name[0].isupper() else 2), str(name)
