"""What `x-idempotency` and the config file say of an API's dialect (docs/retry-rules.md, section 2)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeVar

from msgspec import Struct
from msgspec.structs import replace
from samekey_templates.runtime.safety import METHODS
from samekey_templates.runtime.text import is_token

from samekey.config.dialect import DEFAULT, PRESETS, Carrier, Dialect, KeyFormat, KeyKind, Signal
from samekey.config.words import refuse_unknown
from samekey.document.values import spelling
from samekey.identifiers import meant

if TYPE_CHECKING:
    from collections.abc import Callable

    from samekey.document.node import Node
    from samekey.document.values import JsonValue

Refined = TypeVar("Refined", KeyFormat, Dialect)

EXTENSION = "x-idempotency"
_KEYS = (
    "preset", "in", "name", "methods", "format", "quoted", "ttl", "in_flight", "mismatch", "replayed", "should_retry",
    "first_sent",
)  # fmt: skip
_FORMAT_KEYS = ("kind", "length", "alphabet", "max_length")
_SIGNAL_KEYS = ("status", "code")
_VISIBLE = re.compile(r"[!-~]+")
_ANYTHING = re.compile(r".+", re.DOTALL)
_HEADER_NAMES = "the name of a header, or a list of such names"
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


class StatedFormat(Struct, frozen=True):
    """What somebody says of the format of keys; None where they are silent."""

    kind: KeyKind
    length: int | None = None
    alphabet: str | None = None
    max_length: int | None = None

    def refine(self, base: KeyFormat) -> KeyFormat:
        """Return a key format with the values stated here in place of those stated before."""
        return _refined(base, self, ("kind", "length", "alphabet", "max_length"))


class StatedDialect(Struct, frozen=True):
    """What somebody says of an API's dialect of idempotency; None where they are silent.

    Args:
        preset: a dialect that is taken whole, for the rest to refine.
        format: what a key looks like.
        methods: the methods on which the API honours keys.

    The others are those of `Profile`.
    """

    preset: Dialect | None = None
    carrier: Carrier | None = None
    name: str | None = None
    methods: tuple[str, ...] | None = None
    format: StatedFormat | None = None
    quoted: bool | None = None
    ttl: float | None = None
    in_flight: tuple[Signal, ...] | None = None
    mismatch: tuple[Signal, ...] | None = None
    replayed: tuple[str, ...] | None = None
    should_retry: tuple[str, ...] | None = None
    first_sent: str | None = None

    def refine(self, base: Dialect) -> Dialect:
        """Return a dialect with the values stated here in place of those stated before."""
        whole = self.preset or base
        refined = _refined(whole, self, _PLAIN)
        return replace(
            refined,
            format=whole.format if self.format is None else self.format.refine(whole.format),
            methods_stated=whole.methods_stated or self.methods is not None,
        )


SILENT: Final = StatedDialect()
"""Nothing is said."""
_PLAIN: Final = (
    "carrier", "name", "methods", "quoted", "ttl", "in_flight", "mismatch", "replayed", "should_retry", "first_sent",
)  # fmt: skip


def _refined(base: Refined, stated: StatedFormat | StatedDialect, fields: tuple[str, ...]) -> Refined:
    said = {field: value for field in fields if (value := getattr(stated, field)) is not None}
    return replace(base, **said) if said else base


def stated_by(holder: Node) -> StatedDialect:
    """Return the dialect that `x-idempotency` of a root, path item or operation states; errors are reported."""
    node = holder.get(EXTENSION)
    return SILENT if node is None else read_dialect(node)


def read_dialect(node: Node) -> StatedDialect:
    """Return the dialect of idempotency that a mapping states; what is wrong is reported as an error and left out.

    Args:
        node: the mapping; `false` stands for an API that honours no keys.
    """
    if node.value is False:
        return StatedDialect(methods=())
    if not isinstance(node.value, dict):
        node.error("profile-invalid", "expected a mapping, or false for an API that honours no keys")
        return SILENT
    refuse_unknown(node, _KEYS)
    preset = PRESETS.get(_choice(node, "preset", tuple(PRESETS)) or "")
    carrier = _carrier(node)
    travels_in = carrier or (preset or DEFAULT).carrier
    return StatedDialect(
        preset=preset,
        carrier=carrier,
        name=_header(node, "name") if travels_in is Carrier.HEADER else _text(node, "name"),
        methods=_methods(node),
        format=_format(node),
        quoted=_flag(node, "quoted"),
        ttl=_seconds(node, "ttl"),
        in_flight=_signals(node, "in_flight"),
        mismatch=_signals(node, "mismatch"),
        replayed=_texts(node, "replayed", is_token, _HEADER_NAMES),
        should_retry=_texts(node, "should_retry", is_token, _HEADER_NAMES),
        first_sent=_header(node, "first_sent"),
    )


def _carrier(node: Node) -> Carrier | None:
    word = _choice(node, "in", tuple(Carrier))
    return None if word is None else Carrier(word)


def _choice(node: Node, key: str, choices: tuple[str, ...]) -> str | None:
    entry = node.get(key)
    if entry is None:
        return None
    if isinstance(entry.value, str) and entry.value in choices:
        return entry.value
    hint = meant(entry.value, choices) if isinstance(entry.value, str) else ""
    entry.error("profile-invalid", f"{key} is one of {', '.join(choices)}", hint)
    return None


def _text(
    node: Node, key: str, fits: Callable[[str], object] = _ANYTHING.fullmatch, wanted: str = "a text"
) -> str | None:
    """Return the text under a key, or a number by its spelling; None where it is missing, or wrong (reported)."""
    entry = node.get(key)
    if entry is None:
        return None
    text = None if isinstance(entry.value, bool) else spelling(entry.value)
    if text is None or not fits(text):
        entry.error("profile-invalid", f"{key} is {wanted}")
        return None
    return text


def _header(node: Node, key: str) -> str | None:
    return _text(node, key, is_token, "the name of a header, such as Idempotency-Key")


def _texts(node: Node, key: str, fits: Callable[[str], object], wanted: str) -> tuple[str, ...] | None:
    """Return the texts under a key; a single one counts as a list of one; None where missing, or wrong (reported)."""
    entry = node.get(key)
    if entry is None:
        return None
    listed: list[JsonValue] = entry.value if isinstance(entry.value, list) else [entry.value]
    texts = tuple(text for text in listed if isinstance(text, str) and fits(text))
    if len(texts) < len(listed):
        entry.error("profile-invalid", f"{key} is {wanted}")
        return None
    return texts


def _methods(node: Node) -> tuple[str, ...] | None:
    """Return the stated HTTP methods in capitals; None where there are none, or where they are wrong (reported)."""
    wanted = "a list of HTTP methods such as [POST, PATCH]"
    found = _texts(node, "methods", lambda text: text.upper() in METHODS, wanted)
    return None if found is None else tuple(method.upper() for method in found)


def _flag(node: Node, key: str) -> bool | None:
    entry = node.get(key)
    if entry is None:
        return None
    if isinstance(entry.value, bool):
        return entry.value
    entry.error("profile-invalid", f"{key} is true or false")
    return None


def _format(node: Node) -> StatedFormat | None:
    entry = node.get("format")
    if entry is None:
        return None
    kinds = tuple(KeyKind)
    if not isinstance(entry.value, dict):
        word = _choice(node, "format", kinds)
        return None if word is None else StatedFormat(KeyKind(word))
    refuse_unknown(entry, _FORMAT_KEYS)
    return StatedFormat(
        KeyKind(_choice(entry, "kind", kinds) or KeyKind.ALPHABET),
        _positive(entry, "length"),
        _text(entry, "alphabet", _VISIBLE.fullmatch, "signs of ASCII such as 0123456789abcdef"),
        _positive(entry, "max_length"),
    )


def _positive(node: Node, key: str) -> int | None:
    value = node.get(key)
    if value is None:
        return None
    if isinstance(value.value, int) and not isinstance(value.value, bool) and value.value > 0:
        return value.value
    value.error("profile-invalid", f"{key} is a whole number above 0")
    return None


def _seconds(node: Node, key: str) -> float | None:
    """Return a duration in seconds, from a number, or one with s, m, h or d; None if missing or wrong (reported)."""
    entry = node.get(key)
    if entry is None:
        return None
    text = spelling(entry.value) or ""
    unit = _UNITS.get(text[-1:], 0.0)
    try:
        seconds = float(text[:-1]) * unit if unit else float(text)
    except ValueError:
        seconds = -1.0
    if isinstance(entry.value, bool) or not 0 < seconds < float("inf"):
        entry.error("profile-invalid", f"{key} is a duration such as 90s, 30m, 24h or 7d")
        return None
    return seconds


def _signals(node: Node, key: str) -> tuple[Signal, ...] | None:
    """Return the signals of a status, `{status, code}`, or a list of those; None if missing or wrong (reported)."""
    entry = node.get(key)
    if entry is None:
        return None
    entries = list(entry.elements()) if isinstance(entry.value, list) else [entry]
    signals = [_signal(each, key) for each in entries]
    found = tuple(signal for signal in signals if signal is not None)
    return found if len(found) == len(signals) else None


def _signal(node: Node, key: str) -> Signal | None:
    """Return the signal of a status and perhaps a code; None where the value is not a signal (reported)."""
    parts = node.value if isinstance(node.value, dict) else {"status": node.value}
    status, code = parts.get("status"), parts.get("code", "")
    spelled = None if isinstance(code, bool) else spelling(code)
    if not isinstance(status, int) or not 400 <= status < 600 or spelled is None:  # noqa: PLR2004
        node.error("profile-invalid", f"{key} is an error status such as 409, or a mapping of status and code")
        return None
    if isinstance(node.value, dict):
        refuse_unknown(node, _SIGNAL_KEYS)
    return Signal(status, spelled)
