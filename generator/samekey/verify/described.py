"""A document as a checker needs it: operations with their schemas, and who finds what in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from samekey.identifiers import closest
from samekey.ir import Safety
from samekey.lower import lower
from samekey.pipeline import inspect
from samekey.sandbox.api.operations import sites_of
from samekey.sandbox.api.pagination import path_to_items
from samekey.sandbox.api.samples import Samples
from samekey.sandbox.api.schemas import Direction, SchemaJudge
from samekey.sandbox.api.shapes import Verb, shapes_of
from samekey.sandbox.api.subjects import subject_of
from samekey.verify.findings import VerifyError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from samekey.config.file import Config
    from samekey.document.node import Document
    from samekey.ir import Api
    from samekey.sandbox.api.operations import Site
    from samekey.sandbox.api.shapes import Shape


@dataclass(frozen=True, slots=True)
class ApiModel:
    """An API as its document describes it.

    Args:
        api: the IR.
        sites: every operation.
        shapes: what each does to resources, by its name.
        schemas: judges values.
        samples: makes values to send.
        calls: how an SDK calls each operation, by the operation's name.
    """

    api: Api
    sites: tuple[Site, ...]
    shapes: dict[str, Shape]
    schemas: SchemaJudge
    samples: Samples
    calls: Mapping[str, str] = field(default_factory=dict[str, str])

    def matching(self, patterns: Iterable[str]) -> tuple[str, ...]:
        """Return the names of the operations that are asked for, in the document's order.

        Args:
            patterns: operationIds, methods with paths, or names of methods as `inspect` prints them; in each of them
                `*` and `?` stand for others, and then for keyed operations only.

        Raises:
            VerifyError: one of them is the name of none.
        """
        found: set[str] = set()
        for pattern in patterns:
            if not set(pattern) & set("*?["):
                found.add(self.site(pattern).name)
                continue
            keyed = [site for site in self.sites if site.operation.safety is Safety.KEYED]
            matched = {site.name for site in keyed if any(fnmatchcase(name, pattern) for name in self._names(site))}
            if not matched:
                raise VerifyError(f"the document has no keyed operation like {pattern!r}")
            found |= matched
        return tuple(site.name for site in self.sites if site.name in found)

    def is_named(self, name: str, asked: Iterable[str]) -> bool:
        """Whether an operation is asked for by one of its names, and not only by a pattern."""
        return bool({*asked} & {*self._names(self.site(name))})

    def _names(self, site: Site) -> tuple[str, ...]:
        call = self.calls.get(site.name)
        return (site.name, site.place, *([call] if call else []))

    def site(self, name: str) -> Site:
        """Find the operation of an operationId, of `METHOD /path`, or of the name of its method in an SDK.

        Raises:
            VerifyError: there is none.
        """
        for site in self.sites:
            if name in self._names(site):
                return site
        hint = closest(name, tuple(site.name for site in self.sites))
        raise VerifyError(f"the document has no operation {name!r}" + (f"; {hint}" if hint else ""))

    def keyed(self, name: str) -> Site:
        """Find the operation of a name, which must be one that keys can be tried on.

        Raises:
            VerifyError: it is none.
        """
        site = self.site(name)
        if site.operation.safety is not Safety.KEYED:
            why = f"{site.name} is {site.operation.safety}: {site.operation.why}"
            raise VerifyError(f"{why}. Choose a POST or PATCH that takes idempotency keys")
        return site

    def lister(self, site: Site) -> Site | None:
        """Return the operation that lists what another one creates, at the same path; None where there is none."""
        if self.shapes[site.name].verb is not Verb.CREATE:
            return None
        found = (other for other in self.sites if other.method == "GET" and other.path == site.path)
        return next((other for other in found if items_path(other) is not None), None)

    def items(self, site: Site) -> tuple[Site, ...]:
        """Return the operations that change or remove what another one creates, and need no more than its id."""
        shape = self.shapes[site.name]
        if shape.verb is not Verb.CREATE or shape.place is None:
            return ()
        below = {
            other.method: other
            for other in self.sites
            for place in [self.shapes[other.name].place]
            if place is not None and place.name and place.collection == site.path
        }
        return tuple(below[method] for method in ("PATCH", "PUT", "DELETE") if method in below)

    def way_to_id(self, site: Site) -> str:
        """Return where a response has the id of what was made, as a JSON pointer; `/id` where none is told."""
        subject = subject_of(site, self.shapes[site.name])
        if subject.own is None or not subject.id_name:
            return "/id"
        wrapper = f"/{subject.own.wrapper}" if subject.own.wrapper else ""
        return f"{wrapper}/{subject.id_name}"


def items_path(site: Site) -> tuple[str, ...] | None:
    """Return the path to the list in an operation's response; None where it has none."""
    content = site.reply.content
    return path_to_items(site, content.schema) if content is not None and content.schema is not None else None


def read_model(document: Document, config: Config) -> ApiModel | None:
    """Read a document; None where it is no API (reported as an error)."""
    api = lower(document, config.idempotency, config.pagination)
    if api is None:
        return None
    sites = sites_of(document, api)
    schemas = SchemaJudge(document.node)
    samples = Samples(schemas, direction=Direction.REQUEST)
    # Names are not worth a second telling of what is wrong with a document.
    rows = inspect(document, config) or ()
    calls = {row.operation_id or f"{row.method} {row.path}": row.call for row in rows}
    return ApiModel(api, sites, shapes_of(sites), schemas, samples, calls)
