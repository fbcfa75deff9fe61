"""A fixed sample of the corpus goes through the report and the round trip."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.corpus.catalog import chosen, entries
from tests.corpus.examine import Wanted, examine
from tests.corpus.report import is_bad, main, summary

SAMPLE = (
    # Real APIs: Swagger 2.0, OpenAPI 3.0 and 3.1; keys in headers; forms, files, text, servers of an operation.
    "real/adafruit_io.yaml", "real/alertmanager_v2.yaml", "real/gotify.json", "real/camara_qod.yaml",
    "real/conjur.yaml",
    "real/firecracker.json", "real/grafana_tempo.yaml", "real/onepassword_connect.yaml", "real/redocly_museum.yaml",
    "real/paypal_billing_subscriptions_v1.json", "real/paypal_payments_payment_v2.json", "real/swagger_petstore3.yaml",
    "real/twilio_video_v1.yaml", "real/twilio_verify_v2.json", "real/up_banking.json", "real/vonage_voice.yaml",
    # Cases of other projects.
    "cases/aiopenapi3/paths-parameter-format-v20.yaml", "cases/clientele/example_openapi_specs/best.json",
    "cases/hey-api/specs/3.1.x/sdk-signatures.yaml", "cases/oai-examples/v3.2/3.2-tags-example.yaml",
    "cases/oapi-codegen/internal/test/naming/conflicts/spec.yaml", "cases/ogen/_testdata/positive/http_requests.json",
    "cases/ogen/_testdata/positive/allOf.yml", "cases/ogen/_testdata/positive/discriminator_mapping.json",
    "cases/ogen/_testdata/examples/autorest/header.json",
)  # fmt: skip


@pytest.mark.parametrize("name", SAMPLE)
def test_a_document_makes_the_round_trip(corpus: Path, tmp_path: Path, name: str) -> None:
    """It is generated without losing an operation, imports whole, and each operation sends and reads what it should."""
    entry = next(entry for entry in entries(corpus) if entry.name == name)
    row = examine(entry, corpus / name, tmp_path, Wanted(round_trip=True, limit=120))
    assert row.status == 0, row.refusal
    assert row.defects == []
    assert row.declared == row.written == len(row.outcomes)
    assert [outcome for outcome in row.outcomes if outcome.status != "passed"] == []
    assert not is_bad([row])
    assert any(f"{len(row.outcomes)} passed" in line for line in summary(entry.part, [row]))


def test_the_corpus_is_the_index(corpus: Path) -> None:
    """All documents of the index are there, the real ones first, and a sample of them is always the same."""
    found = entries(corpus)
    assert all((corpus / entry.name).is_file() for entry in found)
    assert [entry.part for entry in found] == sorted((entry.part for entry in found), reverse=True)
    assert sum(entry.part == "real" for entry in found) == 73
    assert len(chosen(found, ("cases",), "", 7)) == 7
    assert chosen(found, ("cases",), "", 7) == chosen(found, ("cases",), "", 7)
    assert {entry.name for entry in chosen(found, ("real", "cases"), "paypal*", 0)} == {
        entry.name for entry in found if entry.name.startswith("real/paypal")
    }


def test_the_report_prints_a_table_and_writes_json(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A row a document, a summary, and the same for programs; status 0 where all is well."""
    assert corpus
    path = tmp_path / "report.json"
    assert main(["--only", "xkcd.yaml", "--round-trip", "--jobs", "1", "--json", str(path)]) == 0
    printed = capsys.readouterr().out
    assert "xkcd.yaml" in printed
    assert "real: 1 documents, 1 generated, 0 refused" in printed
    assert "2 passed: 100.00% of all" in printed
    assert '"operation": "GET /info.0.json"' in path.read_text("utf-8")
