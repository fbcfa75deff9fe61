"""Parsers of streams: the same pieces, wherever the bytes are cut."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from samekey_templates.runtime.streams.parse import EventParser, Parser, ServerSentEvent, SplitParser, parser_for

Event = ServerSentEvent


def parsed(parser: Parser, chunks: Sequence[bytes]) -> list[Event[bytes]]:
    """Every piece of a stream that comes in these chunks."""
    return [piece for chunk in chunks for piece in parser.feed(chunk)] + list(parser.end())


def events(text: str | bytes) -> list[Event[bytes]]:
    """Every event of a stream that comes at once."""
    return parsed(EventParser(), [text.encode() if isinstance(text, str) else text])


@st.composite
def cut(draw: st.DrawFn, content: st.SearchStrategy[bytes]) -> list[bytes]:
    """Bytes cut anywhere, with empty chunks among them."""
    whole = draw(content)
    places = sorted(draw(st.lists(st.integers(0, len(whole)), max_size=12)))
    return [whole[start:end] for start, end in itertools.pairwise([0, *places, len(whole)])]


ENDINGS = st.sampled_from(["\n", "\r", "\r\n"])
LINES = st.sampled_from([
    "", "data", "data:", "data: a", "data:  two spaces", "data: ü€\U0001f600", 'data: {"a": 1}', "data: [DONE]",
    "event: x", "event:", "id: 7", "id", "id: with\0nul",
    "retry: 10", "retry: -1", "retry: 1e3", "retry: " + "9" * 5000,
    ": comment", ":", "unknown: field", "\ufeff", " data: indented", "datax: b",
])  # fmt: skip
STREAMS = st.lists(st.tuples(LINES, ENDINGS)).map(lambda lines: "".join(line + end for line, end in lines).encode())


@given(cut(STREAMS))
@example([b"data: a\r", b"\n", b"\r\n"])
@example([b"data: a\r", b"\rdata: b\n\n"])
@example([b"\xef", b"\xbb", b"\xbfdata: a\n", b"\n"])
@example([b"data: \xe2", b"\x82", b"\xac\n\n"])
def test_events_are_the_same_wherever_they_are_cut(chunks: list[bytes]) -> None:
    """A network cuts between CR and LF, inside a letter, inside the byte order mark: nothing changes."""
    assert parsed(EventParser(), chunks) == events(b"".join(chunks))


@given(cut(st.binary(max_size=200)))
def test_no_bytes_break_the_parser(chunks: list[bytes]) -> None:
    """Bytes that are no text at all are read as far as they go."""
    assert parsed(EventParser(), chunks) == events(b"".join(chunks))


@given(st.lists(st.lists(st.text(st.characters(exclude_characters="\r\n")), min_size=1), max_size=5), ENDINGS)
def test_what_is_written_as_the_standard_says_is_read(written: list[list[str]], end: str) -> None:
    """Every line of data of an event comes back, joined by LF, whatever ends its lines."""
    text = "".join("".join(f"data: {line}{end}" for line in lines) + end for lines in written)
    assert [event.data.decode() for event in events(text)] == ["\n".join(lines) for lines in written]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("data: a\n\n", [Event(b"a")]),
        ("data:a\n\n", [Event(b"a")]),
        ("data:  a\n\n", [Event(b" a")]),
        ("\ufeffdata: a\n\n", [Event(b"a")]),
        ("data: \ufeffa\n\n", [Event("\ufeffa".encode())]),
        ("data: a\ndata: b\n\n", [Event(b"a\nb")]),
        ("data\n\n", [Event(b"")]),
        ("data\ndata\n\n", [Event(b"\n")]),
        ("data: a\n\n\n\ndata: b\n\n", [Event(b"a"), Event(b"b")]),
        (": keep-alive\n\ndata: a\n:more\n\n", [Event(b"a")]),
        ("event: x\ndata: a\n\ndata: b\n\n", [Event(b"a", "x"), Event(b"b")]),
        ("event: x\n\ndata: a\n\n", [Event(b"a")]),
        ("event:\ndata: a\n\n", [Event(b"a", "message")]),
        ("id: 1\ndata: a\n\ndata: b\n\n", [Event(b"a", id="1"), Event(b"b", id="1")]),
        ("id: 1\n\ndata: b\n\n", [Event(b"b", id="1")]),
        ("id: 1\nid: 2\0\ndata: a\n\n", [Event(b"a", id="1")]),
        ("id: 1\ndata: a\n\nid\ndata: b\n\n", [Event(b"a", id="1"), Event(b"b", id="")]),
        ("retry: 10\ndata: a\n\ndata: b\n\n", [Event(b"a", retry=10), Event(b"b")]),
        ("retry: x\nretry: ٣\nretry: \ndata: a\n\n", [Event(b"a")]),
        ("retry: " + "9" * 5000 + "\ndata: a\n\n", [Event(b"a")]),
        (" data: a\ndatax: b\nData: c\n\n", []),
        ("data: a\n", []),
        ("data: a", []),
        ("", []),
    ],
)
def test_rows_of_the_standard(text: str, expected: list[Event[bytes]]) -> None:
    """WHATWG HTML, section 9.2.6, line by line; what the end of the stream leaves incomplete is dropped."""
    for end in ("\n", "\r", "\r\n"):
        assert events(text.replace("\n", end)) == expected


def test_a_long_line_in_small_chunks_takes_linear_time() -> None:
    """Eight megabytes of one line, in chunks of 512 bytes, are joined once."""
    parser = EventParser()
    for _ in range(16_384):
        assert not parser.feed(b"x" * 512)
    assert not parser.feed(b"\n\n")


VALUES = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5)


@given(st.data(), st.lists(VALUES), st.sampled_from(["\n", "\r\n", "\n\n"]), st.booleans())
def test_json_lines_are_the_same_wherever_they_are_cut(
    data: st.DataObject,
    values: list[object],
    end: str,
    last: bool,  # noqa: FBT001
) -> None:
    """Each line is a value, blank lines are nothing, and the last line needs no end."""
    text = end.join(json.dumps(value) for value in values) + (end if last else "")
    chunks = data.draw(cut(st.just(text.encode())))
    assert [json.loads(piece.data) for piece in parsed(parser_for("jsonl"), chunks)] == values


@given(st.data(), st.lists(VALUES))
def test_json_sequences_are_the_same_wherever_they_are_cut(data: st.DataObject, values: list[object]) -> None:
    """RFC 7464: a record separator before each text, and white space that means nothing, lines inside included."""
    text = "".join(f"\x1e{json.dumps(value, indent=1)}\n" for value in values)
    chunks = data.draw(cut(st.just(text.encode())))
    assert [json.loads(piece.data) for piece in parsed(parser_for("json-seq"), chunks)] == values


def test_an_empty_record_between_two_separators_is_nothing() -> None:
    """RFC 7464 section 2.1: several record separators in a row are one."""
    assert parsed(SplitParser(b"\x1e"), [b"\x1e\x1e1\n\x1e \n"]) == [Event(b"1")]


@given(st.lists(st.binary()))
def test_plain_bytes_come_as_they_are(chunks: list[bytes]) -> None:
    """A stream of bytes is not cut or joined, and has no empty pieces."""
    assert [piece.data for piece in parsed(parser_for("bytes"), chunks)] == [chunk for chunk in chunks if chunk]
