"""What has changed in the package itself, in its clients, its servers and its webhooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samekey.diff.annotations import Side, accepts
from samekey.diff.kinds import ChangeKind, SdkChange
from samekey.diff.matching import renamed_arguments
from samekey.diff.words import coded, from_to

if TYPE_CHECKING:
    from collections.abc import Iterator

    from samekey.diff.annotations import Annotations
    from samekey.diff.surface import Surface


def changes_of_client(old: Surface, new: Surface, before: Annotations, after: Annotations) -> Iterator[SdkChange]:
    """Yield what has changed in names that programs begin with, and in what a client takes."""
    if old.package != new.package:
        yield SdkChange(ChangeKind.PACKAGE_RENAMED, old.package, f"is imported as {coded(new.package)}")
    if old.distribution != new.distribution:
        message = f"is installed as {coded(new.distribution)}"
        yield SdkChange(ChangeKind.DISTRIBUTION_RENAMED, old.distribution, message)
    if old.python and new.python > old.python:
        was, now = (".".join(map(str, python)) for python in (old.python, new.python))
        yield SdkChange(ChangeKind.PYTHON_RAISED, new.distribution, f"is for Python {now} and newer (was {was})")
    if old.client != new.client:
        yield SdkChange(ChangeKind.CLIENT_RENAMED, old.client, f"is now {coded(new.client)}")
    yield from _arguments(old, new, before, after)
    yield from _servers(old, new)
    yield from _webhooks(old, new, before, after)


def _arguments(old: Surface, new: Surface, before: Annotations, after: Annotations) -> Iterator[SdkChange]:
    was, now, client = old.client_arguments, new.client_arguments, new.client
    renames = renamed_arguments(was, now)
    for argument, taken in was.items():
        own = coded(argument)
        if argument in renames:
            message = f"takes {coded(renames[argument])} (was {own})"
            yield SdkChange(ChangeKind.CLIENT_ARGUMENT_RENAMED, client, message)
        elif argument not in now:
            yield SdkChange(ChangeKind.CLIENT_ARGUMENT_REMOVED, client, f"no longer takes {own}")
            continue
        other = now[renames.get(argument, argument)]
        if other.required and not taken.required:
            yield SdkChange(ChangeKind.CLIENT_ARGUMENT_REQUIRED, client, f"needs {own}, which could be left out")
        one, two = Side(before, before.terms(taken.type)), Side(after, after.terms(other.type))
        if taken.type != other.type:
            fits = accepts(two, one, any_is_all=True)
            kind = ChangeKind.CLIENT_ARGUMENT_WIDENED if fits else ChangeKind.CLIENT_ARGUMENT_NARROWED
            yield SdkChange(kind, client, f"takes {from_to(taken.type, other.type)} for {own}")
    for argument, taken in now.items():
        if argument not in was and argument not in renames.values():
            kind = ChangeKind.CLIENT_ARGUMENT_REQUIRED if taken.required else ChangeKind.CLIENT_ARGUMENT_ADDED
            verb = "needs the new argument" if taken.required else "takes"
            yield SdkChange(kind, client, f"{verb} {coded(argument)}")


def _servers(old: Surface, new: Surface) -> Iterator[SdkChange]:
    for name, url in old.servers.items():
        if name not in new.servers:
            yield SdkChange(ChangeKind.SERVER_REMOVED, "SERVERS", f"no longer has {coded(name)}")
        elif new.servers[name] != url:
            in_words = from_to(url, new.servers[name])
            yield SdkChange(ChangeKind.SERVER_MOVED, "SERVERS", f"has {in_words} under {coded(name)}")
    for name, url in new.servers.items():
        if name not in old.servers:
            yield SdkChange(ChangeKind.SERVER_ADDED, "SERVERS", f"has {coded(url)} under {coded(name)}")
    if old.base_url != new.base_url:
        in_words = from_to(old.base_url, new.base_url)
        yield SdkChange(ChangeKind.SERVER_MOVED, new.client, f"sends to {in_words} if nothing else is said")


def _webhooks(old: Surface, new: Surface, before: Annotations, after: Annotations) -> Iterator[SdkChange]:
    for name, kind in old.webhooks.items():
        shown = coded(name)
        if name not in new.webhooks:
            yield SdkChange(ChangeKind.WEBHOOK_REMOVED, "webhooks", f"no longer has {shown}")
            continue
        one, two = Side(before, before.terms(kind)), Side(after, after.terms(new.webhooks[name]))
        in_words = from_to(kind, new.webhooks[name])
        if not accepts(one, two, any_is_all=False):
            yield SdkChange(ChangeKind.WEBHOOK_CHANGED, "webhooks", f"has {in_words} for {shown}")
        elif not accepts(two, one, any_is_all=False):
            yield SdkChange(ChangeKind.WEBHOOK_REFINED, "webhooks", f"has {in_words} for {shown}")
    for name, kind in new.webhooks.items():
        if name not in old.webhooks:
            yield SdkChange(ChangeKind.WEBHOOK_ADDED, "webhooks", f"has {coded(name)}: {coded(kind)}")
