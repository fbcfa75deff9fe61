"""A module imports what was printed in it, and nothing that only stands in a document's text."""

from __future__ import annotations

import ast
from pathlib import Path

from samekey.config.file import Config
from samekey.document.diagnostics import Diagnostics
from samekey.document.node import load
from samekey.pipeline import generate

WORDS = "Profile(2)/Style(1)/KeyFormat(3)/RetryPolicy(4)/Signal(5)/Bearer(6)"
DOCUMENT = f"""
openapi: 3.1.0
info: {{title: Sniff, version: '1'}}
security: [{{k: []}}]
paths:
  /{WORDS}:
    get:
      operationId: read
      tags: [t]
      responses: {{200: {{description: ok, content: {{application/json: {{schema: {{type: string}}}}}}}}}}
components: {{securitySchemes: {{k: {{type: apiKey, in: query, name: "Bearer(x) Basic(y) ClientCredentials(z)"}}}}}}
"""


def unused(text: str) -> set[str]:
    """Names that a module imports and does not use."""
    tree = ast.parse(text)
    imported = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module != "__future__"
        for alias in node.names
        if alias.asname != alias.name
    }
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    annotations = " ".join(
        node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    return {name for name in imported - used if name not in annotations.replace(WORDS, "")}


def test_words_of_a_document_import_nothing(tmp_path: Path) -> None:
    """A path such as OData's `/Profile(2)` is text, and so is the name of a parameter."""
    (tmp_path / "sniff.yaml").write_text(DOCUMENT, "utf-8")
    document = load(str(tmp_path / "sniff.yaml"), Diagnostics())
    assert document is not None
    result = generate(document, Config())
    assert result is not None
    for path in ("sniff/resources/t.py", "sniff/_client.py"):
        assert not unused(result.files[path]), path
