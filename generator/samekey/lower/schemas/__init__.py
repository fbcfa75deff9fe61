"""Schemas to types: references, allOf, oneOf, anyOf, enums, objects, arrays and scalars.

A schema is looked at as its parts: all the mappings that hold at once, once references of an allOf are followed.
Everything else reads from the merged parts, so `allOf` needs no case of its own.
"""

from samekey.lower.schemas.references import Schemas

__all__ = ["Schemas"]
