"""An audit as pages for people: HTML, Markdown, and a badge. Templates print; every text of a document is escaped."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final, cast

import jinja2
from markupsafe import Markup, escape
from msgspec import Struct
from samekey_templates.runtime.declare import table

from samekey.audit.groups import grouped
from samekey.audit.model import RANK, RepeatVerdict
from samekey.audit.verdicts import badge_of
from samekey.document.diagnostics import Severity, escaped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from samekey.audit.groups import RuleGroup
    from samekey.audit.model import Audit, JudgedOperation, VerdictChange

_TEMPLATES: Final = files("samekey_templates") / "audit"
_IN_MARKDOWN: Final = re.compile(r"[\\`*_{}\[\]<>()#+!|~&]")
_CODE: Final = re.compile(r"`([^`]+)`")
_WIDE: Final = frozenset("mwMWOQ%@")
_NARROW: Final = frozenset("ijltfr.,:;'|![]() 1I")
_BADGE_LABEL: Final = "safe to retry?"


class _Face(Struct, frozen=True):
    """How a verdict is shown: a class of the style sheet, a word for it, and what it means to a newcomer."""

    style: str
    colour: str
    meaning: str


FACES: Final = table(
    RepeatVerdict,
    {
        RepeatVerdict.SAFE: _Face("safe", "#1a7f37", "Send it again: it only reads, or twice is the same as once."),
        RepeatVerdict.WITH_KEY: _Face("keyed", "#0b6bcb", "Send it again with the same key: it is done once."),
        RepeatVerdict.IF_HONOURED: _Face(
            "maybe", "#8a6100", "A key is foreseen; nobody has confirmed that it is honoured."
        ),
        RepeatVerdict.UNKNOWN: _Face("unknown", "#59636e", "The document does not say what a second request does."),
        RepeatVerdict.NOT_SAFE: _Face(
            "unsafe", "#b3261e", "It may be done twice, and nothing tells the second from the first."
        ),
    },
)
_WEIGHTS: Final = table(
    Severity, {Severity.ERROR: "mend this", Severity.WARNING: "worth mending", Severity.NOTE: "worth saying"}
)


class _Section(Struct, frozen=True):
    """The operations of one verdict, by what happens if their answer is lost."""

    verdict: RepeatVerdict
    face: _Face
    parts: tuple[tuple[str, tuple[JudgedOperation, ...]], ...]

    @property
    def size(self) -> int:
        """How many operations there are."""
        return sum(len(rows) for _, rows in self.parts)


def as_html(audit: Audit) -> str:
    """Write an audit as one HTML page that needs nothing else, on screens of any size and on paper."""
    return _html().get_template("report.html.jinja").render(**_values(audit))


def as_markdown(audit: Audit) -> str:
    """Write an audit as Markdown, for a pull request or a wiki."""
    return _markdown().get_template("report.md.jinja").render(**_values(audit))


def as_badge(audit: Audit) -> str:
    """Write the verdict as a badge in SVG, for a README."""
    message, colour = badge_of(audit.counts), FACES[audit.verdict].colour
    left, right = _width(_BADGE_LABEL), _width(message)
    template = _html().get_template("badge.svg.jinja")
    return template.render(label=_BADGE_LABEL, message=message, colour=colour, left=left, right=right)


def _values(audit: Audit) -> dict[str, object]:
    total = len(audit.operations)
    shares = [(entry, FACES[entry.verdict], 100 * entry.operations / total) for entry in audit.counts] if total else []
    comparison = audit.comparison
    return {
        "audit": audit,
        "face": FACES[audit.verdict],
        "shares": shares,
        "groups": grouped(audit.findings),
        "sections": tuple(_sections(audit)),
        "weights": _WEIGHTS,
        "ignored": audit.ignored,
        "changes": () if comparison is None else _by_worth(comparison.verdicts),
        "new_groups": () if comparison is None else grouped(comparison.worse),
        "gone_groups": () if comparison is None else grouped(comparison.better),
        "mended": sum(finding.mended for finding in audit.findings),
    }


def _sections(audit: Audit) -> Iterable[_Section]:
    for verdict in reversed(RepeatVerdict):
        parts: dict[str, list[JudgedOperation]] = {}
        for row in audit.operations:
            if row.verdict is verdict:
                parts.setdefault(row.lost, []).append(row)
        if parts:
            yield _Section(verdict, FACES[verdict], tuple((lost, tuple(rows)) for lost, rows in parts.items()))


def _by_worth(changes: Iterable[VerdictChange]) -> tuple[VerdictChange, ...]:
    return tuple(sorted(changes, key=lambda change: (change.is_better, -RANK[change.after])))


def subjects_of(group: RuleGroup) -> list[tuple[str, str]]:
    """Return what a rule has found, as subjects with their messages; a message that all share is left out."""
    messages = {finding.message for finding in group.findings}
    return [
        (finding.subject or "the whole API", "" if len(messages) == 1 else finding.message)
        for finding in group.findings
    ]


def _width(text: str) -> int:
    """Return the width of a text in a badge, in pixels of a sans-serif letter of 11 pixels; 5 on each side are air."""
    letters = sum(10 if sign in _WIDE else 4 if sign in _NARROW else 7 for sign in text)
    return letters + 10


@cache
def _html() -> jinja2.Environment:
    return _environment(jinja2.Environment(autoescape=True), _prose)


@cache
def _markdown() -> jinja2.Environment:
    # Markdown has other signs than HTML, so what is printed goes through an escape of its own.
    return _environment(jinja2.Environment(autoescape=False, finalize=_in_markdown), Markup)  # noqa: S701


def _environment(bare: jinja2.Environment, prose: Callable[[str], Markup]) -> jinja2.Environment:
    environment = bare.overlay(trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
    environment.loader = jinja2.FunctionLoader(lambda name: (_TEMPLATES / name).read_text("utf-8"))
    environment.undefined = jinja2.StrictUndefined
    filters = cast("dict[str, Callable[..., object]]", environment.filters)
    filters |= {"visible": _visible, "subjects": subjects_of, "fenced": _fenced, "prose": prose}
    return environment


def _prose(text: str) -> Markup:
    """Return a text of ours, which has code between backticks, for HTML."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704  # it is escaped


def _visible(text: object) -> str:
    """Return a text whose control characters, and those that turn its direction around, can be seen."""
    return escaped(str(text))


def _in_markdown(value: object) -> object:
    """Return a text that Markdown shows as it is, in one line; what a template has made itself stays."""
    if isinstance(value, Markup):
        return value
    text = escaped(str(value)).replace("\t", " ")
    return Markup(_IN_MARKDOWN.sub(_as_text, text))  # noqa: S704  # every sign of Markdown and HTML is escaped


def _as_text(sign: re.Match[str]) -> str:
    # A backslash is no escape before `<` and `&` in every dialect of Markdown.
    return {"<": "&lt;", "&": "&amp;"}.get(sign[0], f"\\{sign[0]}")


def _fenced(text: object) -> Markup:
    """Return an example of ours between fences."""
    return Markup(f"```yaml\n{text}\n```")  # noqa: S704  # from the rules' own table
