"""Reports as text, Markdown and JSON, and what no program of the shop shows."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace
from samekey.diff import ChangeKind, ChangeReport, Surface, read_surface, report_changes, spell_surface
from samekey.diff.limits import LimitShift, shift_of
from samekey.diff.report import changes_as_json, changes_as_markdown, report_lines
from samekey.diff.surface import SeenCall, SeenField, SeenKind, SeenType, SurfaceError
from samekey_templates.runtime.safety import Safety

from tests.tools import at_most

HOSTILE = "`]<script>alert(1)</script>\x1b[31m\n# heading | --> \u202e" + "x" * 500


def surface(**words: object) -> Surface:
    """What users see of a small SDK."""
    plain = Surface(title="Shop", version="1.0.0", package="shop", distribution="shop", client="Shop")
    return replace(plain, **words)


def kinds(old: Surface, new: Surface) -> list[ChangeKind]:
    """The kinds of the changes between two SDKs."""
    return [change.kind for change in report_changes(old, new).changes]


def union(target: str, *, sent: bool = False, received: bool = False) -> SeenType:
    """A union."""
    return SeenType(SeenKind.UNION, "#/u", sent, received, target=target)


def model(**fields: SeenField) -> SeenType:
    """A model that comes back."""
    return SeenType(SeenKind.MODEL, "#/m", received=True, fields=fields)


def test_the_same_is_the_same() -> None:
    """Nothing has changed between an SDK and itself."""
    report = report_changes(surface(), surface())
    assert (report.changes, report.breaking, report.needed, report.is_high_enough) == ((), 0, "1.0.0", True)
    assert list(report_lines(report)) == [(None, "nothing has changed for users of the SDK")]


def test_what_is_installed_under_another_name() -> None:
    """Whoever updates the old distribution gets nothing new."""
    assert kinds(surface(), surface(distribution="store")) == [ChangeKind.DISTRIBUTION_RENAMED]


def test_a_newer_python_breaks_whoever_has_an_older_one() -> None:
    """Told with both; an older one breaks nobody, and nothing is told where the surface of before has none."""
    report = report_changes(surface(python=(3, 11)), read_surface(spell_surface(surface(python=(3, 13))).encode()))
    [change] = report.changes
    assert (change.kind, change.breaks) == (ChangeKind.PYTHON_RAISED, True)
    assert change.sentence == "`shop` is for Python 3.13 and newer (was 3.11)"
    assert kinds(surface(python=(3, 13)), surface(python=(3, 9))) == kinds(surface(), surface(python=(3, 13))) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (union("A | B", received=True), union("A", received=True), [ChangeKind.UNION_REFINED]),
        (union("A", sent=True), union("A | B", sent=True), [ChangeKind.UNION_REFINED]),
        (union("A", received=True), union("A | B", received=True), [ChangeKind.UNION_WIDENED]),
        (union("A | B", sent=True), union("A", sent=True), [ChangeKind.UNION_NARROWED]),
        (union("A | B", received=True), union("B | A", received=True), []),
    ],
)
def test_unions(old: SeenType, new: SeenType, expected: list[ChangeKind]) -> None:
    """What comes back may become less, what is sent may become more."""
    types = {"A": model(a=SeenField("int"), z=SeenField("int")), "B": model(b=SeenField("int"), y=SeenField("int"))}
    assert kinds(surface(types={**types, "U": old}), surface(types={**types, "U": new})) == expected


def test_a_field_is_known_again_though_its_type_is_called_after_it() -> None:
    """A renamed property with a schema of its own: one field and one class are others, and nothing else is told."""

    def search(field: str, item: str) -> Surface:
        fields = {field: SeenField(f"list[{item}] | None"), "took": SeenField("int")}
        inner = replace(model(score=SeenField("int"), text=SeenField("str")), key=f"#/m/{field}")
        return surface(types={"Search": model(**fields), item: inner})

    report = report_changes(search("found", "FoundItem"), search("found_items", "FoundItemsItem"))
    assert [(change.kind, change.sentence) for change in report.changes] == [
        (ChangeKind.FIELD_RENAMED, "`Search.found` is now `found_items`"),
        (ChangeKind.TYPE_RENAMED, "`FoundItem` is now `FoundItemsItem`"),
    ]


def test_payloads_of_webhooks() -> None:
    """A payload that may be less is no break."""
    assert kinds(surface(webhooks={"paid": "int | None"}), surface(webhooks={"paid": "int"})) == [
        ChangeKind.WEBHOOK_REFINED
    ]


@pytest.mark.parametrize(
    ("old", "new", "breaks"),
    [
        ("int", "float", True), ("float", "int", False), ("int", "bool", False), ("Any", "int", True),
        ("int", "Any", True), ("list[int]", "list[int | None]", True), ("list[int | None]", "list[int]", True),
        ("dict[str, int]", "dict[str, bool]", True), ("dt.date", "dt.datetime", False), ("dt.datetime", "str", True),
        ('Literal["a", "b"]', 'Literal["a"]', False), ("str", 'Literal["a"]', False), ('Literal["a"]', "str", True),
        ("str", "Colour", False), ("Colour", "str", True), ("int", "Colour", True), ("None", "Colour", False),
        ("Page[A, B]", "Page[A, B]", False), ("A", "Page[A, B]", True), ("Deep", "Deep | None", True),
        ("Tree", "int", False), ("int", "Tree", True), ("Tree", "Tree", False),
    ],
)  # fmt: skip
def test_results(old: str, new: str, breaks: bool) -> None:  # noqa: FBT001
    """A result may become a subtype, as type checkers see it; a container that can be changed may not."""
    colour = SeenType(SeenKind.ENUM, "#/c", received=True, members={"RED": "red", "BLUE": "blue"})
    types = {"Colour": colour, "Tree": union("int | list[Tree]", received=True)}
    before = surface(calls={"a.b": SeenCall("GET /b", old, Safety.SAFE)}, types=types)
    after = surface(calls={"a.b": SeenCall("GET /b", new, Safety.SAFE)}, types=types)
    assert (report_changes(before, after).breaking > 0) is breaks


WIDE = " | ".join(f"C{number}" for number in range(5000))


@pytest.mark.parametrize(
    "annotation",
    [WIDE, f"{'list[' * 60}int{']' * 60}", f"{'list[' * 900}int{']' * 900}"],
    ids=["wide", "deep", "deeper"],
)
def test_large_types_are_compared(annotation: str) -> None:
    """However many members a union has, and however deep a list lies in lists: at once, and without a traceback."""
    before = surface(calls={"a.b": SeenCall("GET /b", annotation, Safety.SAFE)})
    after = surface(calls={"a.b": SeenCall("GET /b", annotation.replace("int", "str"), Safety.SAFE)})
    with at_most(2_000_000):
        assert kinds(before, before) == []
        assert kinds(before, after) == ([ChangeKind.RESULT_CHANGED] if "int" in annotation else [])


@pytest.mark.parametrize(
    ("word", "old", "new", "expected"),
    [
        ("maximum", 10, 5, LimitShift.NARROWED), ("maximum", 5, 10, LimitShift.WIDENED), ("maximum", 5, 5, None),
        ("maximum", None, 5, LimitShift.NARROWED), ("maximum", 5, None, LimitShift.WIDENED),
        ("minLength", 1, 2, LimitShift.NARROWED), ("minLength", 2, 1, LimitShift.WIDENED),
        ("pattern", "a", "b", LimitShift.NARROWED), ("multipleOf", 10, 5, LimitShift.WIDENED),
        ("multipleOf", 5, 10, LimitShift.NARROWED), ("multipleOf", 5, 0, LimitShift.NARROWED),
        ("maximum", "ten", 5, LimitShift.NARROWED), ("minimum", 1.5, 1, LimitShift.WIDENED),
    ],
)  # fmt: skip
def test_limits(word: str, old: float | str | None, new: float | str | None, expected: LimitShift | None) -> None:
    """A limit is narrower where something is taken no longer; what cannot be known counts as narrower."""
    assert shift_of(word, old, new) is expected


def hostile() -> ChangeReport:
    """A report in which every text of a document attacks whoever reads it."""
    old = surface(title=HOSTILE, calls={"a.b": SeenCall(HOSTILE, "int", Safety.SAFE)}, servers={HOSTILE: "u"})
    new = surface(title=HOSTILE, version=HOSTILE, webhooks={HOSTILE: f"Literal[{HOSTILE!r}]"})
    return report_changes(old, new)


def test_hostile_texts_are_only_shown() -> None:
    """No text of a document drives a terminal, ends a code span, or becomes a heading or a tag of Markdown."""
    report = hostile()
    for _, line in report_lines(report):
        assert line.isprintable()
    text = changes_as_markdown(report).replace("\\`", "")
    assert "\x1b" not in text
    assert "\u202e" not in text
    outside = "".join(part for number, part in enumerate(text.split("`")) if number % 2 == 0)
    assert "<script>" not in outside.replace("\\<", "")
    assert "\n# heading" not in text
    assert text.count("`") % 2 == 0
    assert json.loads(changes_as_json(report))["changes"]


def test_a_surface_is_read_as_it_was_written() -> None:
    """Whatever stands in it, in ASCII."""
    whole = surface(title=HOSTILE + "\ud800", servers={"ü": "https://x"})
    text = spell_surface(whole)
    assert text.isascii()
    assert read_surface(text.encode()) == whole


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "nul", "{" * 100_000, '{"surface_version": 2}', '{"surface_version": 1}']
)
def test_what_is_no_surface_is_refused(text: str) -> None:
    """A damaged file, or one of a later samekey, is an error in words."""
    with pytest.raises(SurfaceError):
        read_surface(text.encode())
