"""The extension `x-idempotency`, and the same words in the config file, as a profile (RETRIES.md section 2)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec.structs import replace

from samekey.config.dialect import PRESETS, Carrier, KeyFormat, KeyKind, Signal
from samekey.document.values import spelling
from samekey.wording import closest, meant

if TYPE_CHECKING:
    from collections.abc import Callable

    from samekey.config.dialect import Profile
    from samekey.document.document import JsonValue, Node

EXTENSION = "x-idempotency"
_KEYS = (
    "preset", "in", "name", "methods", "format", "quoted", "ttl", "in_flight", "mismatch", "replayed", "should_retry",
    "first_sent",
)  # fmt: skip
_FORMAT_KEYS = ("kind", "length", "alphabet", "max_length")
_SIGNAL_KEYS = ("status", "code")
_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "QUERY", "PUT", "DELETE", "POST", "PATCH"})
_NO_METHODS = ("",)
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""What the name of a header may consist of (RFC 9110 section 5.6.2)."""
_VISIBLE = re.compile(r"[!-~]+")
_ANYTHING = re.compile(r".+", re.DOTALL)
_HEADER_NAMES = "the name of a header, or a list of such names"
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


def lower_profile(holder: Node, base: Profile) -> Profile:
    """The base profile, refined by the extension that a root, path item or operation bears."""
    node = holder.get(EXTENSION)
    return base if node is None else refine(node, base)


def refine(node: Node, base: Profile) -> Profile:
    """The base profile with what a mapping says; what it says wrongly is reported as an error and left out.

    Args:
        node: the mapping; `false` stands for an API that honours no keys. A `preset` is taken whole, and what
            stands beside it refines it.
        base: what holds where the mapping is silent.
    """
    if node.value is False:
        return replace(base, methods=(), methods_stated=True)
    if not isinstance(node.value, dict):
        node.error("profile-invalid", "expected a mapping, or false for an API that honours no keys")
        return base
    refuse_unknown(node, _KEYS)
    preset = _choice(node, "preset", tuple(PRESETS), "")
    base = PRESETS[preset] if preset else base
    carrier = Carrier(_choice(node, "in", tuple(Carrier), base.carrier))
    methods = _methods(node)
    return replace(
        base,
        carrier=carrier,
        name=_header(node, "name", base.name) if carrier is Carrier.HEADER else _text(node, "name", base.name),
        methods=base.methods if methods is None else methods,
        methods_stated=base.methods_stated or methods is not None,
        format=_format(node, base.format),
        quoted=_flag(node, "quoted", default=base.quoted),
        ttl=_seconds(node, "ttl", base.ttl),
        in_flight=_signals(node, "in_flight", base.in_flight),
        mismatch=_signals(node, "mismatch", base.mismatch),
        replayed=_texts(node, "replayed", base.replayed, _TOKEN.fullmatch, _HEADER_NAMES),
        should_retry=_texts(node, "should_retry", base.should_retry, _TOKEN.fullmatch, _HEADER_NAMES),
        first_sent=_header(node, "first_sent", base.first_sent),
    )


def refuse_unknown(node: Node, known: tuple[str, ...]) -> None:
    """Report the keys of a mapping that have no meaning here."""
    for key, value in node.items():
        if key not in known:
            value.error("unknown-key", f"there is no key {key!r} here", closest(key, known))


def _choice(node: Node, key: str, choices: tuple[str, ...], default: str) -> str:
    entry = node.get(key)
    if entry is None:
        return default
    if isinstance(entry.value, str) and entry.value in choices:
        return entry.value
    hint = meant(entry.value, choices) if isinstance(entry.value, str) else ""
    entry.error("profile-invalid", f"{key} is one of {', '.join(choices)}", hint)
    return default


def _text(
    node: Node, key: str, default: str, fits: Callable[[str], object] = _ANYTHING.fullmatch, wanted: str = "a text"
) -> str:
    """A text, or a number by its spelling."""
    entry = node.get(key)
    if entry is None:
        return default
    text = None if isinstance(entry.value, bool) else spelling(entry.value)
    if text is None or not fits(text):
        entry.error("profile-invalid", f"{key} is {wanted}")
        return default
    return text


def _header(node: Node, key: str, default: str) -> str:
    return _text(node, key, default, _TOKEN.fullmatch, "the name of a header, such as Idempotency-Key")


def _texts(
    node: Node, key: str, default: tuple[str, ...], fits: Callable[[str], object], wanted: str
) -> tuple[str, ...]:
    """A list of texts; a single one counts as a list of one."""
    entry = node.get(key)
    if entry is None:
        return default
    listed: list[JsonValue] = entry.value if isinstance(entry.value, list) else [entry.value]
    texts = tuple(text for text in listed if isinstance(text, str) and fits(text))
    if len(texts) < len(listed):
        entry.error("profile-invalid", f"{key} is {wanted}")
        return default
    return texts


def _methods(node: Node) -> tuple[str, ...] | None:
    """The methods that are named; None where none are, or not well (reported)."""
    wanted = "a list of HTTP methods such as [POST, PATCH]"
    found = _texts(node, "methods", _NO_METHODS, lambda text: text.upper() in _METHODS, wanted)
    return None if found is _NO_METHODS else tuple(method.upper() for method in found)


def _flag(node: Node, key: str, *, default: bool) -> bool:
    entry = node.get(key)
    if entry is None or isinstance(entry.value, bool):
        return default if entry is None else entry.value is True
    entry.error("profile-invalid", f"{key} is true or false")
    return default


def _format(node: Node, base: KeyFormat) -> KeyFormat:
    entry = node.get("format")
    if entry is None:
        return base
    kinds = tuple(KeyKind)
    if not isinstance(entry.value, dict):
        return replace(base, kind=KeyKind(_choice(node, "format", kinds, base.kind)))
    refuse_unknown(entry, _FORMAT_KEYS)
    return KeyFormat(
        KeyKind(_choice(entry, "kind", kinds, KeyKind.ALPHABET)),
        _positive(entry, "length", base.length),
        _text(entry, "alphabet", base.alphabet, _VISIBLE.fullmatch, "signs of ASCII such as 0123456789abcdef"),
        _positive(entry, "max_length", base.max_length),
    )


def _positive(node: Node, key: str, default: int) -> int:
    value = node.get(key)
    if value is None:
        return default
    if isinstance(value.value, int) and not isinstance(value.value, bool) and value.value > 0:
        return value.value
    value.error("profile-invalid", f"{key} is a whole number above 0")
    return default


def _seconds(node: Node, key: str, default: float) -> float:
    """A duration: a number of seconds, or a number with s, m, h or d behind it."""
    entry = node.get(key)
    if entry is None:
        return default
    text = spelling(entry.value) or ""
    unit = _UNITS.get(text[-1:], 0.0)
    try:
        seconds = float(text[:-1]) * unit if unit else float(text)
    except ValueError:
        seconds = -1.0
    if isinstance(entry.value, bool) or not 0 < seconds < float("inf"):
        entry.error("profile-invalid", f"{key} is a duration such as 90s, 30m, 24h or 7d")
        return default
    return seconds


def _signals(node: Node, key: str, default: tuple[Signal, ...] | None) -> tuple[Signal, ...] | None:
    """A status, `{status, code}`, or a list of those."""
    entry = node.get(key)
    if entry is None:
        return default
    entries = list(entry.elements()) if isinstance(entry.value, list) else [entry]
    signals = [_signal(each, key) for each in entries]
    found = tuple(signal for signal in signals if signal is not None)
    return found if len(found) == len(signals) else default


def _signal(node: Node, key: str) -> Signal | None:
    """A signal; None for what is none (reported)."""
    parts = node.value if isinstance(node.value, dict) else {"status": node.value}
    status, code = parts.get("status"), parts.get("code", "")
    spelled = None if isinstance(code, bool) else spelling(code)
    if not isinstance(status, int) or not 400 <= status < 600 or spelled is None:  # noqa: PLR2004
        node.error("profile-invalid", f"{key} is an error status such as 409, or a mapping of status and code")
        return None
    if isinstance(node.value, dict):
        refuse_unknown(node, _SIGNAL_KEYS)
    return Signal(status, spelled)
