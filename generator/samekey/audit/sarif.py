"""An audit as SARIF 2.1.0 (OASIS), for code scanning and editors."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import quote

from samekey_templates.runtime.declare import table

from samekey.audit.rules import RULES
from samekey.document.diagnostics import Severity

if TYPE_CHECKING:
    from samekey.audit.model import Audit, AuditFinding, Spot
    from samekey.audit.rules import AuditRule
    from samekey.document.values import JsonValue

    Part: TypeAlias = dict[str, JsonValue]

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS: Final = table(Severity, {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"})
_LINK: Final = re.compile(r"\](?=\()")
_PLACEHOLDER: Final = re.compile(r"\{(?=\d+\})")


def as_sarif(audit: Audit) -> str:
    """Write an audit as SARIF 2.1.0: a result for each finding, suppressed ones with their reason."""
    name, _, version = audit.tool.partition(" ")
    fingerprints = _Fingerprints()
    results: list[JsonValue] = [_result(finding, audit, fingerprints) for finding in audit.findings]
    for entry in audit.ignored:
        suppression: Part = {"kind": "external", "justification": entry.reason}
        results.append({**_result(entry.finding, audit, fingerprints), "suppressions": [suppression]})
    driver: Part = {"name": f"{name} audit", "version": version, "rules": [_rule(rule) for rule in RULES.values()]}
    run: Part = {"tool": {"driver": driver}, "results": results, "columnKind": "unicodeCodePoints"}
    whole: Part = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _rule(rule: AuditRule) -> Part:
    mend = f"{rule.mend}\n\n{rule.example}"
    markdown = f"{rule.reason}\n\n{rule.mend}\n\n```yaml\n{rule.example}\n```\n\nSource: {rule.source}."
    return {
        "id": rule.id.value,
        "name": "".join(word.capitalize() for word in rule.id.value.split("-")),
        "shortDescription": {"text": _text(rule.title)},
        "fullDescription": {"text": _text(rule.reason)},
        "help": {"text": _text(mend), "markdown": markdown},
        "helpUri": rule.link,
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


class _Fingerprints:
    """Tells results apart, and knows them again in the next run: by rule and subject, and by number within these."""

    def __init__(self) -> None:
        self._seen = Counter[tuple[str, str]]()

    def of(self, finding: AuditFinding) -> str:
        """Return the fingerprint of the next finding."""
        place = (finding.rule.value, finding.subject)
        self._seen[place] += 1
        return hashlib.sha256("\n".join((*place, str(self._seen[place]))).encode()).hexdigest()


def _result(finding: AuditFinding, audit: Audit, fingerprints: _Fingerprints) -> Part:
    subject = finding.subject or audit.title
    spot = finding.spot
    place: Part = {
        "artifactLocation": {"uri": _uri(spot)},
        "region": {"startLine": spot.line, "startColumn": spot.column},
    }
    return {
        "ruleId": finding.rule.value,
        "ruleIndex": list(RULES).index(finding.rule),
        "level": _LEVELS[finding.severity],
        "message": {"text": _text(f"{subject}: {finding.message}")},
        "locations": [{"physicalLocation": place, "logicalLocations": [{"fullyQualifiedName": subject}]}],
        "partialFingerprints": {"samekey/v1": fingerprints.of(finding)},
    }


def _text(text: str) -> str:
    """Return a message whose words are no link and no placeholder (SARIF sections 3.11.5 and 3.11.6)."""
    return _PLACEHOLDER.sub("{ ", _LINK.sub("] ", text))


def _uri(spot: Spot) -> str:
    """Return the URI of a file; a relative path stays relative to the folder of the run."""
    if spot.file.startswith(("http://", "https://")):
        return quote(spot.file, safe="/:?#[]@!$&'()*+,;=%~-._")
    path = Path(spot.file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())
