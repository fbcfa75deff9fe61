"""From a loaded document to an audit: a pure function that the command line and the tests use."""

from __future__ import annotations

from collections import Counter
from importlib.metadata import version
from typing import TYPE_CHECKING

from msgspec import Struct

from samekey.audit.checks import carrier_of, counting_key, spotted
from samekey.audit.mends import Mends, mends_of, name_of_subject
from samekey.audit.model import (
    RANK,
    SCHEMA_VERSION,
    SEVERITY_RANK,
    Audit,
    AuditFinding,
    IgnoredFinding,
    JudgedOperation,
    RepeatVerdict,
    VerdictCount,
)
from samekey.audit.nodes import HERE, Spots, nodes_at
from samekey.audit.rules import RULES
from samekey.audit.situations import Situation, judged_operation
from samekey.audit.verdicts import sentence_of
from samekey.audit.view import view_of
from samekey.config.dialect import carrier_words
from samekey.config.patterns import report_unmeant
from samekey.document.diagnostics import shown_uri
from samekey.ir import Operation, Safety
from samekey.lower import lower

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from samekey.audit.checks import Spotted
    from samekey.audit.situations import Judged
    from samekey.audit.view import ApiView
    from samekey.config.audit import IgnoredRule
    from samekey.config.file import Config
    from samekey.document.node import Document
    from samekey.ir import Api


class Audited(Struct, frozen=True):
    """An audit, and what an overlay can do about it."""

    audit: Audit
    mends: Mends


def audit(document: Document, config: Config) -> Audited | None:
    """Judge how safe the operations of a document are to retry.

    Args:
        document: the loaded document; what is wrong with it goes to its sink.
        config: what the user decided.

    Returns:
        The audit, or None where nothing can be made of the document (reported as an error).
    """
    try:
        api = lower(document, config.idempotency, config.pagination, config.retry, config.selection)
    except RecursionError:
        document.diagnostics.error(
            "nested-too-deeply",
            "the schemas of this document are nested too deeply",
            document.node.place,
            "give inner schemas a place of their own under `components` and refer to them",
        )
        return None
    return None if api is None else _audited(api, document, config)


def _audited(api: Api, document: Document, config: Config) -> Audited:
    view = view_of(api, document, config.idempotency)
    operations = tuple(judged_operation(operation, view) for operation in view.operations)
    found = list(spotted(operations, view))
    mends = mends_of(document, view, found)
    spots = Spots()
    kept, ignored = _sorted(found, mends, document, spots, _Ignores(config.audit.ignore, view))
    rows = tuple(_row(entry, document, spots) for entry in operations)
    counts = Counter(row.verdict for row in rows)
    listed = tuple(VerdictCount(verdict, counts[verdict]) for verdict in RepeatVerdict)
    return Audited(
        Audit(
            schema_version=SCHEMA_VERSION,
            tool=f"samekey {version('samekey')}",
            title=api.title,
            api_version=api.version,
            document=shown_uri(document.root.uri),
            verdict=max((row.verdict for row in rows), key=lambda verdict: RANK[verdict], default=RepeatVerdict.SAFE),
            sentence=sentence_of(listed, sum(entry.situation is Situation.COSTS for entry in operations)),
            counts=listed,
            operations=rows,
            findings=tuple(kept),
            ignored=tuple(ignored),
        ),
        mends,
    )


def _row(entry: Judged, document: Document, spots: Spots) -> JudgedOperation:
    operation, consequence = entry.operation, entry.consequence
    node = nodes_at(document, operation, HERE) or document.node
    key = counting_key(operation)
    carrier = ""
    if operation.safety is Safety.KEYED and consequence.verdict in {RepeatVerdict.WITH_KEY, RepeatVerdict.IF_HONOURED}:
        profile = operation.profile
        usual = f"{carrier_words(profile.carrier)} {'.'.join((*profile.within, profile.name))}"
        carrier = usual if key is None else carrier_of(key)
    return JudgedOperation(
        operation.key, operation.id, consequence.verdict, consequence.lost, carrier,
        operation.evidence if carrier else None, spots.of(node),
    )  # fmt: skip


class _Ignores:
    """What the config leaves out, and which of it was of use."""

    def __init__(self, entries: Sequence[IgnoredRule], view: ApiView) -> None:
        names = [(operation.id, operation.method, operation.path) for operation in view.operations]
        webhooks = [(webhook.name, "webhook", webhook.name) for webhook in view.api.webhooks]
        meant = [entry.operations for entry in entries if entry.operations is not None]
        known = {id(entry) for entry in report_unmeant(meant, [*names, *webhooks])}
        self._entries = [entry for entry in entries if entry.operations is None or id(entry.operations) in known]
        self._used: set[int] = set()

    def reason(self, found: Spotted) -> str:
        """Return why a finding is left out; empty where it is not."""
        for index, entry in enumerate(self._entries):
            if entry.rule is found.rule and _means(entry, found):
                self._used.add(index)
                return entry.reason
        return ""

    def report_unused(self) -> None:
        """Report entries that leave nothing out: what they were for is gone."""
        for index, entry in enumerate(self._entries):
            if index not in self._used:
                entry.node.warn(
                    "ignore-unused",
                    f"the rule {entry.rule.value!r} finds nothing here that is left out by this",
                    "remove it",
                )


def _means(entry: IgnoredRule, found: Spotted) -> bool:
    if entry.operations is None:
        return True
    subject = found.subject
    if subject is None:
        return False
    if isinstance(subject, Operation):
        return entry.operations.means(subject.id, subject.method, subject.path)
    return entry.operations.means(subject.name, "webhook", subject.name)


def _sorted(
    found: Iterable[Spotted], mends: Mends, document: Document, spots: Spots, ignores: _Ignores
) -> tuple[list[AuditFinding], list[IgnoredFinding]]:
    """Return what was found, the worst first, and what is left out."""
    kept: list[AuditFinding] = []
    ignored: list[IgnoredFinding] = []
    for entry in found:
        reason, finding = ignores.reason(entry), _finding(entry, mends, document, spots)
        if reason:
            ignored.append(IgnoredFinding(finding, reason))
        else:
            kept.append(finding)
    ignores.report_unused()
    kept.sort(key=lambda finding: SEVERITY_RANK[finding.severity])
    return kept, ignored


def _finding(entry: Spotted, mends: Mends, document: Document, spots: Spots) -> AuditFinding:
    node = nodes_at(document, entry.subject, entry.aim) or document.node
    subject = name_of_subject(entry)
    mended = (entry.rule, subject) in mends.mended
    return AuditFinding(entry.rule, RULES[entry.rule].severity, subject, entry.message, spots.of(node), mended)
