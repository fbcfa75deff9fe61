"""Document to IR: a file per OpenAPI word."""

from samekey.lower.api import lower

__all__ = ["lower"]
