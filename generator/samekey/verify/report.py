"""A report in words, in JSON, and as JUnit XML."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import msgspec

from samekey.document.diagnostics import escaped
from samekey.verify.findings import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from samekey.verify.findings import Fact, Finding, Report


def headline(report: Report) -> str:
    """Say in one line what was checked."""
    return escaped(f"{report.title}, {report.operation} at {report.address}, by {report.oracle}")


def verdict_of(report: Report) -> str:
    """Say in one line what came out of the checks."""
    counts = Counter(finding.verdict for finding in report.findings)
    counted = ", ".join(f"{counts[verdict]} {verdict}" for verdict in Verdict if counts[verdict])
    if report.broken:
        return f"a promise is broken: {counted}"
    return f"no promise is broken: {counted}"


def as_json(reports: Sequence[Report]) -> str:
    """Write the reports as JSON, for programs: an object for one operation, a list of them for several."""
    written = [_report(report) for report in reports]
    return json.dumps(written[0] if len(written) == 1 else written, indent=2) + "\n"


def _report(report: Report) -> dict[str, object]:
    return {
        "title": report.title,
        "operation": report.operation,
        "base_url": report.address,
        "oracle": report.oracle,
        "broken": report.broken,
        "checks": [_check(finding) for finding in report.findings],
    }


def as_junit(reports: Sequence[Report]) -> str:
    """Write the reports as JUnit XML, for continuous integration: broken is a failure, not judged is skipped."""
    root = ET.Element("testsuites", _counts(reports))
    for report in reports:
        attributes = {"name": f"samekey verify {escaped(report.operation)}", **_counts([report])}
        suite = ET.SubElement(root, "testsuite", attributes)
        for finding in report.findings:
            case = ET.SubElement(suite, "testcase", {"classname": escaped(report.operation), "name": finding.check})
            _outcome(case, finding)
    ET.indent(root)
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written.decode() + "\n"


def _counts(reports: Sequence[Report]) -> dict[str, str]:
    broken, unjudged = (
        sum(len(report.of(verdict)) for report in reports) for verdict in (Verdict.BROKEN, Verdict.UNJUDGED)
    )
    tests = sum(len(report.findings) for report in reports)
    return {"tests": str(tests), "failures": str(broken), "errors": "0", "skipped": str(unjudged)}


def _outcome(case: ET.Element, finding: Finding) -> None:
    why = escaped(finding.why)
    match finding.verdict:
        case Verdict.BROKEN:
            ET.SubElement(case, "failure", {"message": why, "type": "broken"})
        case Verdict.UNJUDGED:
            ET.SubElement(case, "skipped", {"message": why})
        case Verdict.OK | Verdict.OTHERWISE:
            ET.SubElement(case, "system-out").text = f"{finding.verdict}: {why}"


def _check(finding: Finding) -> dict[str, object]:
    facts = [_fact(fact) for fact in finding.facts]
    return {"check": finding.check, "verdict": finding.verdict, "why": finding.why, "learned": facts}


def _fact(fact: Fact) -> dict[str, object]:
    return {"fact": type(fact).__name__, **msgspec.to_builtins(fact)}
