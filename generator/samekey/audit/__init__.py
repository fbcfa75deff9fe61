"""How safe an API is to retry, judged by its document: rules, verdicts, reports, and the overlay that mends."""

from samekey.audit.model import Audit
from samekey.audit.run import Audited, audit

__all__ = ["Audit", "Audited", "audit"]
