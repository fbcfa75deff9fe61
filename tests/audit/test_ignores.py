"""What the config leaves out: by rule and operation, for a reason."""

from __future__ import annotations

import pytest
from samekey.config.audit import RuleId

from tests.audit.documents import audited, found, judged_with_findings, of, rules

TEXT = of("""
    /widgets: {post: {operationId: createWidget, responses: {}}}
    /widgets/notes: {post: {operationId: addNote, responses: {}}}
    /x: {get: {responses: {"429": {description: slow}}}}
""")


def ignoring(entry: str) -> str:
    """A config that ignores one thing."""
    return f"audit: {{ignore: [{entry}]}}"


@pytest.mark.parametrize(
    ("pattern", "left"),
    [
        ("createWidget", ["POST /widgets/notes"]),
        ("POST /widgets", ["POST /widgets/notes"]),
        ("'POST /widgets*'", []),
        ("add*", ["POST /widgets"]),
    ],
)
def test_an_operation_is_named_as_elsewhere_in_the_config(pattern: str, left: list[str]) -> None:
    """By id, by method and path, or by a pattern."""
    config = ignoring(f"{{rule: no-key, operation: {pattern}, reason: notes are told apart}}")
    audit = audited(TEXT, config)
    assert [subject for subject, _ in found(audit, RuleId.NO_KEY)] == left
    assert {entry.reason for entry in audit.ignored} == {"notes are told apart"}
    assert len(audit.ignored) == 2 - len(left)


def test_without_an_operation_a_rule_is_ignored_everywhere() -> None:
    """Of the whole API too."""
    audit = audited(TEXT, ignoring("{rule: no-key, reason: r}"))
    assert rules(audit) == ["no-retry-after"]


def test_what_is_ignored_changes_no_verdict() -> None:
    """A finding is left out, and the operation is as unsafe as it was."""
    assert audited(TEXT, ignoring("{rule: no-key, reason: r}")).counts == audited(TEXT).counts


def test_webhooks_are_ignored_by_name() -> None:
    """They have no method and path."""
    text = of(
        "{}",
        "webhooks: {made: {post: {requestBody: {content: {application/json: {schema: {type: object, properties: {a: {type: string}}}}}}}}}",
        "3.1.0",
    )
    assert rules(audited(text)) == ["webhook-without-id"]
    assert rules(audited(text, ignoring("{rule: webhook-without-id, operation: made, reason: r}"))) == []


@pytest.mark.parametrize(
    ("entry", "code", "words"),
    [
        ("{rule: no-kye, reason: r}", "rule-unknown", "did you mean 'no-key'?"),
        ("{rule: no-key, operation: createWidgets, reason: r}", "operation-unknown", "did you mean 'createWidget'?"),
        ("{rule: no-key}", "config-invalid", "write reason"),
        ("{rule: no-key, reason: ' '}", "config-invalid", "write reason"),
        ("{reason: r}", "config-invalid", "no-key"),
        ("{rule: no-key, reason: r, why: x}", "unknown-key", "the known ones are rule, operation, reason"),
        ("{rule: no-key, operation: [a], reason: r}", "config-invalid", ""),
        ("no-key", "config-invalid", ""),
    ],
)
def test_what_makes_no_sense_is_refused_at_its_line(entry: str, code: str, words: str) -> None:
    """With what to do."""
    _, diagnostics = judged_with_findings(TEXT, ignoring(entry))
    errors = [finding for finding in diagnostics if finding.code == code]
    assert errors, [finding.code for finding in diagnostics]
    assert any(words in finding.hint for finding in errors)
    assert diagnostics.failed


@pytest.mark.parametrize("config", ["audit: 7", "audit: {ignore: {}}", "audit: {ignores: []}"])
def test_other_shapes_are_refused(config: str) -> None:
    """A mapping with a list."""
    assert judged_with_findings(TEXT, config)[1].failed


def test_what_is_ignored_and_gone_is_told() -> None:
    """So that lists of excuses do not outlive their reasons."""
    _, diagnostics = judged_with_findings(TEXT, ignoring("{rule: no-ttl, reason: r}"))
    assert [finding.code for finding in diagnostics] == ["ignore-unused"]
