"""Fields that always have the same value are filled in; tags of variants must be there."""

from __future__ import annotations

import pytest
from samekey.ir import Field, Model

from tests.lower.documents import lowered

DOCUMENT = """
openapi: 3.1.0
info: {title: T, version: '1'}
paths: {/t: {post: {
  requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Order'}}}},
  responses: {200: {description: '', content: {application/json: {schema: {$ref: '#/components/schemas/Order'}}}}}}}}
components:
  schemas:
    Order:
      type: object
      required: [object, version]
      properties:
        object: {const: order}
        version: {type: integer, enum: [2]}
        maybe: {const: x}
        secret: {const: s, writeOnly: true}
        several: {type: string, enum: [a, b]}
        way: {$ref: '#/components/schemas/Way'}
    Way:
      oneOf:
        - {$ref: '#/components/schemas/Card'}
        - {$ref: '#/components/schemas/Bank'}
        - {$ref: '#/components/schemas/Cash'}
      discriminator:
        propertyName: kind
        mapping:
          card: '#/components/schemas/Card'
          bank: '#/components/schemas/Bank'
          coins: '#/components/schemas/Cash'
          notes: '#/components/schemas/Cash'
    Card: {type: object, properties: {kind: {const: card, default: card}, last4: {type: string}}}
    Bank: {type: object, properties: {kind: {type: string}, iban: {type: string}}}
    Cash: {type: object, properties: {kind: {type: string}, till: {type: string}}}
"""


def field(model: str, name: str) -> Field:
    """A field of a model of the document."""
    found = lowered(DOCUMENT)
    kind = next(entry for entry in found.api.types if isinstance(entry, Model) and entry.name == (model,))
    return next(entry for entry in kind.fields if entry.name == name)


@pytest.mark.parametrize(
    ("model", "name", "constant", "required"),
    [
        ("Order", "object", "order", True),
        ("Order", "version", 2, True),
        # Who leaves it out says something else than who sends it.
        ("Order", "maybe", None, False),
        # It never comes back, and must not be made up.
        ("Order", "secret", None, False),
        ("Order", "several", None, False),
        ("Card", "kind", "card", True),
        ("Bank", "kind", "bank", True),
        # Two tags mean it, and only the caller knows which.
        ("Cash", "kind", None, False),
    ],
)
def test_what_has_one_value_is_known(model: str, name: str, constant: object, required: bool) -> None:  # noqa: FBT001
    """Required constants, and tags that mean one variant, whether or not the document requires them."""
    found = field(model, name)
    assert (found.constant, found.required) == (constant, required)
