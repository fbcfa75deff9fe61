"""Small documents, judged."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import dedent, indent

from samekey.audit import Audit, Audited, audit
from samekey.config.audit import RuleId
from samekey.config.file import Config, read_config
from samekey.document.diagnostics import Diagnostics
from samekey.document.node import load
from samekey.document.overlay import apply_overlays, read_overlay
from samekey.document.source import FetchError

HOME = "openapi.yaml"
KEY = "{name: Idempotency-Key, in: header, required: true, schema: {type: string, format: uuid}}"
"""A header parameter that leaves nothing to be said of its own."""
CODED = "content: {application/json: {schema: {type: object, properties: {code: {type: string}}}}}"
KEYED = f"""
    operationId: createThing
    description: Keys are remembered for 24 hours.
    parameters: [{KEY}]
    responses:
      "201": {{description: made, headers: {{Idempotent-Replayed: {{schema: {{type: boolean}}}}}}}}
      "409": {{description: The first request with this idempotency key is still in progress., {CODED}}}
      "422": {{description: This idempotency key was used with another payload., {CODED}}}
"""
"""A POST of which nothing is missing but, in most documents, how long a key is remembered."""


def of(paths: str, top: str = "", version: str = "3.0.3") -> str:
    """A document with these paths."""
    return f"openapi: {version}\ninfo: {{title: Things, version: '1'}}\n{dedent(top)}\npaths:\n{indent(dedent(paths), '  ')}\n"


def operation(text: str, path: str = "/things", method: str = "post", top: str = "", version: str = "3.0.3") -> str:
    """A document of one operation."""
    return of(f"{path}:\n  {method}:\n{indent(dedent(text), '    ')}", top, version)


def configured(config: str, diagnostics: Diagnostics) -> Config:
    """What a config file says."""
    document = load("samekey.yaml", diagnostics, fetch=lambda _: dedent(config).encode())
    assert document is not None
    return read_config(document.node)


def judged(
    text: str, config: str = "", files: Mapping[str, str] | None = None, overlay: str = "", home: str = HOME
) -> Audited:
    """A document, judged, without errors; nothing comes from the disk or the network."""
    found, diagnostics = judged_with_findings(text, config, files, overlay, home)
    assert not diagnostics.failed, [entry.message for entry in diagnostics]
    return found


def judged_with_findings(
    text: str, config: str = "", files: Mapping[str, str] | None = None, overlay: str = "", home: str = HOME
) -> tuple[Audited, Diagnostics]:
    """A document, judged, and what was found wrong with it and its config."""
    sources = {home: text, "mend.yaml": overlay, **(files or {})}

    def fetch(uri: str) -> bytes:
        if uri not in sources:
            raise FetchError("it is not there")
        return sources[uri].encode()

    diagnostics = Diagnostics()
    document = load(home, diagnostics, fetch)
    assert document is not None, [entry.message for entry in diagnostics]
    if overlay:
        mend = load("mend.yaml", diagnostics, fetch)
        assert mend is not None, [entry.message for entry in diagnostics]
        read = read_overlay(mend.node)
        assert read is not None, [entry.message for entry in diagnostics]
        document = apply_overlays(document, [read])
    found = audit(document, configured(config, diagnostics) if config else Config())
    assert found is not None, [entry.message for entry in diagnostics]
    return found, diagnostics


def audited(text: str, config: str = "", files: Mapping[str, str] | None = None) -> Audit:
    """The audit of a document."""
    return judged(text, config, files).audit


def rules(audit: Audit) -> list[str]:
    """The rules that found something, each once, by name."""
    return sorted({finding.rule.value for finding in audit.findings})


def found(audit: Audit, rule: RuleId) -> list[tuple[str, str]]:
    """What a rule found: subjects and messages."""
    return [(finding.subject, finding.message) for finding in audit.findings if finding.rule is rule]
