"""A document as a checker needs it: operations with their schemas, and who finds what in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from samekey.identifiers import closest
from samekey.ir import Safety
from samekey.lower import lower
from samekey.sandbox.api.operations import sites_of
from samekey.sandbox.api.pagination import path_to_items
from samekey.sandbox.api.samples import Samples
from samekey.sandbox.api.schemas import Direction, SchemaJudge
from samekey.sandbox.api.shapes import Verb, shapes_of
from samekey.sandbox.api.subjects import subject_of
from samekey.verify.findings import VerifyError

if TYPE_CHECKING:
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
    """

    api: Api
    sites: tuple[Site, ...]
    shapes: dict[str, Shape]
    schemas: SchemaJudge
    samples: Samples

    def site(self, name: str) -> Site:
        """Find the operation of an operationId, or of `METHOD /path`.

        Raises:
            VerifyError: there is none.
        """
        for site in self.sites:
            if name in {site.name, f"{site.method} {site.path}"}:
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
    return ApiModel(api, sites, shapes_of(sites), schemas, samples)
