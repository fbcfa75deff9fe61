"""The documents of the week: the payments API, and three of the corpus, where that is there."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.corpus.catalog import chosen, corpus_folder, entries

PAYMENTS: Final = Path(__file__).parents[2] / "specs" / "payments" / "openapi.yaml"
OTHERS: Final = ("openfga.json", "formance_ledger.yaml", "meilisearch.yaml")
"""Of 24, 65 and 73 calls; of Swagger 2.0, OpenAPI 3.0 and OpenAPI 3.1."""


def documents() -> dict[str, Path]:
    """The paths of the documents by their names; without a corpus, payments alone."""
    folder = corpus_folder()
    listed = entries(folder) if folder is not None else []
    found = [entry for name in OTHERS for entry in chosen(listed, ("real",), name, 0)]
    return {"payments": PAYMENTS} | {entry.name: folder / entry.name for entry in found if folder is not None}
