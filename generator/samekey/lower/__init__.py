"""Document to IR: a file per OpenAPI word."""

from samekey.lower.api import lower, lower_documents
from samekey.lower.parts import Part

__all__ = ["Part", "lower", "lower_documents"]
