"""What an audit found, as frozen data: every report is written from it, and its JSON is this, word for word."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from msgspec import Struct
from samekey_templates.runtime.declare import table
from samekey_templates.runtime.safety import Evidence  # noqa: TC002  # msgspec reads annotations

from samekey.config.audit import RuleId  # noqa: TC001  # likewise
from samekey.document.diagnostics import Severity

SCHEMA_VERSION: Final = 1
"""The version of the JSON report; it rises with every change that a reader of the old one would not survive."""


class RepeatVerdict(StrEnum):
    """Whether an operation can be sent again when its answer was lost, from the best to the worst."""

    SAFE = "safe"
    """As it is: it only reads, or twice is the same as once."""
    WITH_KEY = "safe with a key"
    """Somebody who knows says that the API honours the key of a repeated request."""
    IF_HONOURED = "safe if the key is honoured"
    """It is said where a key travels, and nobody says that it is honoured."""
    UNKNOWN = "unknown"
    """The document leaves open what a second request does."""
    NOT_SAFE = "not safe to repeat"
    """It may be done twice."""


RANK: Final = table(RepeatVerdict, {verdict: rank for rank, verdict in enumerate(RepeatVerdict)})
"""Verdicts from the best to the worst."""
SEVERITY_RANK: Final = table(Severity, {severity: rank for rank, severity in enumerate(Severity)})
"""Severities from the worst to the mildest."""


class Spot(Struct, frozen=True):
    """A place in a document, for people: its file or URL, a line and a column, both counted from 1."""

    file: str
    line: int
    column: int


class JudgedOperation(Struct, frozen=True):
    """The verdict on an operation.

    Args:
        key: its method and path, by which reports of different days are with_comparison.
        id: its operationId, or empty.
        verdict: whether it can be sent again.
        lost: what happens if its answer is lost, in a sentence.
        carrier: where its key travels, such as `header Idempotency-Key`; empty where it has none.
        evidence: who says that the API honours that key.
        spot: where it stands.
    """

    key: str
    id: str
    verdict: RepeatVerdict
    lost: str
    carrier: str
    evidence: Evidence | None
    spot: Spot


class AuditFinding(Struct, frozen=True):
    """What is missing, or wrong, for a lost answer to do no harm.

    Args:
        rule: the rule that found it.
        severity: how much it weighs.
        subject: the operation by method and path, `webhook NAME`, or empty for the whole API.
        message: what was found, in a sentence.
        spot: where.
        mended: whether the overlay that `--overlay` writes proposes a mend.
    """

    rule: RuleId
    severity: Severity
    subject: str
    message: str
    spot: Spot
    mended: bool = False


class IgnoredFinding(Struct, frozen=True):
    """A finding that the config leaves out, and why."""

    finding: AuditFinding
    reason: str


class VerdictCount(Struct, frozen=True):
    """How many operations have a verdict."""

    verdict: RepeatVerdict
    operations: int


class VerdictChange(Struct, frozen=True):
    """An operation whose verdict is another one than before."""

    operation: str
    before: RepeatVerdict
    after: RepeatVerdict

    @property
    def is_better(self) -> bool:
        """Whether it is safer to repeat than it was."""
        return RANK[self.after] < RANK[self.before]


class Comparison(Struct, frozen=True):
    """What is other than it was in an earlier version of the document, or in an earlier report.

    Args:
        old: what it is with_comparison with.
        verdicts: operations whose verdict has changed.
        added: operations that are new.
        removed: operations that are gone, by method and path.
        worse: findings that are new.
        better: findings that are gone.
    """

    old: str
    verdicts: tuple[VerdictChange, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    worse: tuple[AuditFinding, ...]
    better: tuple[AuditFinding, ...]


class Audit(Struct, frozen=True):
    """An API, judged.

    Args:
        schema_version: the version of this report.
        tool: who made it, with a version.
        title: the API's title.
        api_version: its version.
        document: the document that was read.
        verdict: the worst verdict on an operation.
        sentence: the verdict on the API, in a sentence.
        counts: how many operations have each verdict, from the best to the worst.
        operations: the verdicts on all operations, in the document's order.
        findings: what was found, the worst first.
        ignored: what the config leaves out.
        comparison: what is other than before; None where nothing was compared.
    """

    schema_version: int
    tool: str
    title: str
    api_version: str
    document: str
    verdict: RepeatVerdict
    sentence: str
    counts: tuple[VerdictCount, ...]
    operations: tuple[JudgedOperation, ...]
    findings: tuple[AuditFinding, ...]
    ignored: tuple[IgnoredFinding, ...] = ()
    comparison: Comparison | None = None
