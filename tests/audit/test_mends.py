"""The overlay that `--overlay` writes: applied by samekey itself it gives what it promises, and launders nothing."""

from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonpath import JSONPathEnvironment
from samekey.audit import Audited
from samekey.audit.model import RepeatVerdict
from samekey.audit.overlay import MARK, overlay_text
from samekey.config.audit import RuleId
from samekey.document.notation import flow, json_path, yaml_scalar
from samekey.document.pointers import extended
from samekey.document.yaml_text import parse_yaml
from samekey.ir import Evidence

from tests.audit.documents import KEY, judged, of, operation, rules

THINGS = """
    /things:
      get:
        responses: {"429": {$ref: "#/components/responses/Slow"}}
      post:
        operationId: createThing
        responses: {"201": {description: made}, "429": {$ref: "#/components/responses/Slow"}}
    /payments:
      post:
        parameters: [{name: limit, in: query, schema: {type: integer}}]
        responses: {"409": {description: no}, "503": {description: down}}
"""
SLOW = """
    components:
      responses: {Slow: {description: slow down, headers: {X-Other: {schema: {type: string}}}}}
"""
SWAGGER = """
swagger: "2.0"
info: {title: Things, version: "1"}
paths:
  /things:
    post:
      responses: {"200": {description: made}, "429": {description: slow down}}
"""
CONFIRM = "# x-idempotency: {honoured: true}"


def overlay_of(found: Audited) -> str:
    """The overlay that would mend it."""
    return overlay_text(found.mends, found.audit.title)


@pytest.mark.parametrize("text", [of(THINGS, SLOW), SWAGGER, of(THINGS, SLOW, "3.1.0")], ids=["3.0", "2.0", "3.1"])
def test_it_mends_what_it_promises(text: str) -> None:
    """Each finding that is said to be mended is gone with the overlay, and no other kind comes than unconfirmed keys."""
    before = judged(text)
    promised = {(entry.rule, entry.subject) for entry in before.audit.findings if entry.mended}
    assert {RuleId.NO_KEY, RuleId.NO_RETRY_AFTER} <= {rule for rule, _ in promised}
    after = judged(text, overlay=overlay_of(before)).audit
    left = {(entry.rule, entry.subject) for entry in after.findings}
    assert not promised & left
    known = {(entry.rule, entry.subject) for entry in before.audit.findings}
    assert {rule for rule, _ in left - known} <= {RuleId.KEY_UNCONFIRMED}


def test_what_it_adds_of_keys_stays_a_proposal() -> None:
    """Assumed, told as unconfirmed, and never safe, until its owner confirms it."""
    before = judged(of(THINGS, SLOW))
    after = judged(of(THINGS, SLOW), overlay=overlay_of(before)).audit
    keyed = [row for row in after.operations if row.key.startswith("POST")]
    assert {(row.verdict, row.evidence) for row in keyed} == {(RepeatVerdict.IF_HONOURED, Evidence.ASSUMED)}
    assert RuleId.KEY_UNCONFIRMED.value in rules(after)


def test_an_owner_confirms_by_taking_a_mark_off() -> None:
    """In the overlay, operation by operation; or in the config."""
    before = judged(of(THINGS, SLOW))
    text = overlay_of(before)
    assert text.count(CONFIRM) == 2
    confirmed = judged(of(THINGS, SLOW), overlay=text.replace(CONFIRM, CONFIRM.removeprefix("# "), 1)).audit
    verdicts = {row.key: (row.verdict, row.evidence) for row in confirmed.operations}
    assert verdicts["POST /payments"] == (RepeatVerdict.WITH_KEY, Evidence.CONFIGURED)
    assert verdicts["POST /things"] == (RepeatVerdict.IF_HONOURED, Evidence.ASSUMED)
    by_config = judged(of(THINGS, SLOW), "idempotency: {operations: {POST /things: true}}", overlay=text).audit
    assert {row.verdict for row in by_config.operations if row.key == "POST /things"} == {RepeatVerdict.WITH_KEY}


def test_all_marks_off_is_still_an_overlay() -> None:
    """What only the owner knows stands there as comments that become actions."""
    text = operation(f"parameters: [{KEY}]\nresponses: {{}}")
    written = overlay_of(judged(text))
    assert yaml.safe_load(written)["actions"] == []
    head, marked, facts = written.partition("take the marks off:")
    on = head.replace("actions: []", "actions:") + marked + facts.replace("\n#", "\n")
    after = judged(text, overlay=on).audit
    assert {RuleId.NO_TTL.value, RuleId.IN_FLIGHT_UNSAID.value, RuleId.MISMATCH_UNSAID.value} & set(
        rules(after)
    ) == set()


def test_it_is_the_same_on_every_run_and_says_who_wrote_it() -> None:
    """So that it can be written over, and compared."""
    texts = {overlay_of(judged(of(THINGS, SLOW))) for _ in range(3)}
    assert len(texts) == 1
    assert texts.pop().startswith(MARK)


def test_keys_of_an_api_are_proposed_under_the_name_that_it_has() -> None:
    """The header that its other operations declare."""
    other = KEY.replace("Idempotency-Key", "X-Idempotency-Key")
    named = overlay_of(
        judged(of(f"/a: {{post: {{parameters: [{other}], responses: {{}}}}}}\n/b: {{post: {{responses: {{}}}}}}"))
    )
    assert "X-Idempotency-Key" in named


def body(schema: str) -> str:
    """A request body in JSON."""
    return f"requestBody: {{content: {{application/json: {{schema: {schema}}}}}}}"


NAMED = body("{$ref: '#/components/schemas/B'}")
FIELD = body("{type: object, properties: {idempotency_key: {type: string}}}")


def test_keys_that_travel_in_bodies_are_proposed_there() -> None:
    """As a field of a schema that nothing else uses; a header would be a second carrier."""
    text = of(
        f"/a: {{post: {{{FIELD}, responses: {{}}}}}}\n/b: {{post: {{{NAMED}, responses: {{}}}}}}",
        "components: {schemas: {B: {type: object, properties: {c: {type: string}}}}}",
    )
    found = judged(text)
    written = overlay_of(found)
    assert "in: header" not in written
    after = judged(text, overlay=written).audit
    [row] = [row for row in after.operations if row.key == "POST /b"]
    assert (row.verdict, row.carrier) == (RepeatVerdict.IF_HONOURED, "body field idempotency_key")
    confirmed = judged(text, overlay=written.replace(CONFIRM, CONFIRM.removeprefix("# "))).audit
    assert {row.verdict for row in confirmed.operations} == {RepeatVerdict.WITH_KEY}


@pytest.mark.parametrize(
    ("other", "top"),
    [
        ("responses: {}", ""),
        (f"{body('{type: array, items: {}}')}, responses: {{}}", ""),
        (f"{body('{oneOf: [{type: object}], properties: {a: {}}}')}, responses: {{}}", ""),
        (
            f"{NAMED}, responses: {{'200': {{description: b, content: {{application/json: {{schema: {{$ref: '#/components/schemas/B'}}}}}}}}}}",
            "components: {schemas: {B: {type: object, properties: {c: {type: string}}}}}",
        ),
    ],
    ids=["no body", "an array", "a union", "shared with an answer"],
)
def test_bodies_that_cannot_take_a_field_are_left_to_people(other: str, top: str) -> None:
    """And told as such."""
    found = judged(of(f"/a: {{post: {{{FIELD}, responses: {{}}}}}}\n/b: {{post: {{{other}}}}}", top))
    assert found.mends.actions == ()
    assert "# By hand: 1 finding" in overlay_of(found)
    assert not any(finding.mended for finding in found.audit.findings if finding.rule is RuleId.NO_KEY)


def test_where_keys_are_denied_none_is_proposed() -> None:
    """A document that marks which operations honour keys has said of the others that they do not."""
    found = judged(of("/a: {post: {x-fern-idempotent: true, responses: {}}}\n/b: {post: {responses: {}}}"))
    assert found.mends.actions == ()
    assert "none are honoured there" in overlay_of(found)


def test_what_stands_in_other_files_is_told() -> None:
    """An overlay changes the document alone."""
    text = of("/things: {$ref: 'other.yaml#/things'}")
    found = judged(text, files={"other.yaml": "things: {post: {responses: {}}}"})
    assert [(finding.rule, finding.spot.file) for finding in found.audit.findings] == [(RuleId.NO_KEY, "other.yaml")]
    assert found.mends.actions == ()
    assert "stand in other files" in overlay_of(found)


def test_names_of_shared_parts_do_not_collide() -> None:
    """A document may have a part of that name already."""
    taken = "components: {responses: {IdempotencyInFlight: {description: mine}}}"
    found = judged(operation("responses: {}", top=taken))
    written = yaml.safe_load(overlay_of(found))["actions"][0]["update"]["components"]
    assert set(written["responses"]) == {"IdempotencyInFlight2", "IdempotencyKeyReused"}


HOSTILE = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(HOSTILE)
def test_a_scalar_is_the_text_that_it_was(text: str) -> None:
    """For samekey's own parser, and for JSON's."""
    parsed = parse_yaml(f"key: {yaml_scalar(text)}")
    assert getattr(parsed, "value", None) == {"key": text}


@given(
    st.recursive(
        HOSTILE | st.booleans() | st.integers(-9, 9),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(HOSTILE, inner, max_size=3),
        max_leaves=8,
    )
)
def test_flow_style_is_the_value_that_it_was(value: object) -> None:
    """Whatever a document's names are."""
    text = flow(value)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert getattr(parse_yaml(f"key: {text}"), "value", None) == {"key": value}


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"], min_codepoint=32), min_size=1, max_size=20)


@given(st.lists(NAMES | st.integers(0, 2), min_size=1, max_size=4))
def test_a_json_path_finds_the_value_of_its_pointer(keys: list[str | int]) -> None:
    """RFC 9535, as the library that applies overlays reads it."""
    value: object = "found"
    for key in reversed(keys):
        value = {key: value} if isinstance(key, str) else [*["other"] * key, value]
    pointer = ""
    for key in keys:
        pointer = extended(pointer, key)
    path = json_path(pointer, value)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert JSONPathEnvironment(strict=True).findall(path, value) == ["found"]  # type: ignore[arg-type]


@settings(max_examples=30, deadline=None)
@given(HOSTILE)
def test_paths_of_any_letters_are_mended(path: str) -> None:
    """The whole way: written, read again, applied."""
    text = json.dumps(
        {
            "openapi": "3.0.3",
            "info": {"title": path, "version": "1"},
            "paths": {f"/{path}": {"post": {"responses": {}}}},
        }
    )
    before = judged(text)
    after = judged(text, overlay=overlay_of(before)).audit
    assert {row.evidence for row in after.operations} <= {Evidence.ASSUMED, None}
    assert {finding.rule for finding in after.findings} == {RuleId.KEY_UNCONFIRMED} or not before.mends.actions
