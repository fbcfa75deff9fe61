"""A sample of the corpus is judged, and every overlay gives what it promises."""

from __future__ import annotations

from pathlib import Path

import pytest
from samekey.audit.model import RepeatVerdict
from samekey.config.audit import RuleId

from tests.corpus.audit import judgement, main

SAMPLE = (
    # Keys in headers, in bodies, in neither; Swagger 2.0; calls by name; PATCH that adds; nothing but reads.
    "real/gr4vy.json", "real/square_connect.json", "real/hetzner_cloud.json", "real/alertmanager_v2.yaml",
    "real/telegram_bot.json", "real/paypal_checkout_orders_v2.json", "real/giphy.yaml",
    "real/iceberg_rest_catalog.yaml",
)  # fmt: skip


@pytest.mark.parametrize("name", SAMPLE)
def test_a_document_is_judged(corpus: Path, tmp_path: Path, name: str) -> None:
    """No traceback, every report, and an overlay that mends what it says and launders nothing."""
    found = judgement(name, corpus / name, tmp_path, timed=False)
    assert (found.status, found.trouble) == (0, "")
    assert found.audit is not None
    assert found.audit.operations


def test_what_is_known_of_real_apis_is_found(corpus: Path, tmp_path: Path) -> None:
    """Verdicts that people who know these APIs would expect."""
    verdicts: dict[str, RepeatVerdict] = {}
    rules: dict[str, set[RuleId]] = {}
    for name in ("paypal_checkout_orders_v2.json", "telegram_bot.json", "square_connect.json"):
        audit = judgement(name, corpus / "real" / name, tmp_path, timed=False).audit
        assert audit is not None
        verdicts |= {row.key: row.verdict for row in audit.operations}
        rules[name] = {finding.rule for finding in audit.findings}
    assert verdicts["POST /v2/checkout/orders"] is RepeatVerdict.WITH_KEY
    assert verdicts["POST /v2/payments"] is RepeatVerdict.WITH_KEY
    assert verdicts["POST /v2/orders/search"] is RepeatVerdict.UNKNOWN
    assert verdicts["POST /sendMessage"] is RepeatVerdict.NOT_SAFE
    assert verdicts["POST /getMe"] is RepeatVerdict.UNKNOWN
    assert RuleId.PATCH_THAT_ADDS in rules["paypal_checkout_orders_v2.json"]
    assert RuleId.COSTLY_WITHOUT_KEY in rules["telegram_bot.json"]


def test_the_report_runs(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As a program: a table, the rules, and a summary."""
    assert str(corpus)
    assert main(["--real", "--only", "xkcd*", "--rule", "no-key"]) == 0
    told = capsys.readouterr().out
    assert "real/xkcd.yaml" in told
    assert "1 documents, 1 judged: 2 safe" in told
