"""The extension `x-idempotency`, and the same words in the config file, as a profile (RETRIES.md section 2)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from samekey.profile import PRESETS, Carrier, KeyFormat, KeyKind, Signal
from samekey.wording import closest

if TYPE_CHECKING:
    from samekey.document import Node
    from samekey.profile import Profile

EXTENSION = "x-idempotency"
_KEYS = (
    "preset", "in", "name", "methods", "format", "quoted", "ttl", "in_flight", "mismatch", "replayed", "should_retry",
    "first_sent",
)  # fmt: skip
_FORMAT_KEYS = ("kind", "length", "alphabet", "max_length")
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
        return replace(base, methods=())
    if not isinstance(node.value, dict):
        node.error("profile-invalid", "expected a mapping, or false for an API that honours no keys")
        return base
    for key, value in node.items():
        if key not in _KEYS:
            value.error("unknown-key", f"there is no key {key!r} here", closest(key, _KEYS))
    preset = _choice(node, "preset", tuple(PRESETS), "")
    base = PRESETS[preset] if preset else base
    return replace(
        base,
        carrier=Carrier(_choice(node, "in", tuple(Carrier), base.carrier)),
        name=node.text("name") or base.name,
        methods=tuple(name.upper() for name in node.texts("methods")) if node.has("methods") else base.methods,
        format=_format(node, base.format),
        quoted=node.flag("quoted") if node.has("quoted") else base.quoted,
        ttl=_seconds(node, "ttl", base.ttl),
        in_flight=_signals(node, "in_flight", base.in_flight),
        mismatch=_signals(node, "mismatch", base.mismatch),
        replayed=node.texts("replayed") if node.has("replayed") else base.replayed,
        should_retry=node.texts("should_retry") if node.has("should_retry") else base.should_retry,
        first_sent=node.text("first_sent") or base.first_sent,
    )


def _choice(node: Node, key: str, choices: tuple[str, ...], default: str) -> str:
    value = node.text(key)
    if not value or value in choices:
        return value or default
    holder = node.get(key) or node
    holder.error("profile-invalid", f"{key} is one of {', '.join(choices)}", closest(value, choices))
    return default


def _format(node: Node, base: KeyFormat) -> KeyFormat:
    entry = node.get("format")
    if entry is None:
        return base
    kinds = tuple(KeyKind)
    if isinstance(entry.value, str):
        return replace(base, kind=KeyKind(_choice(node, "format", kinds, base.kind)))
    for key, value in entry.items():
        if key not in _FORMAT_KEYS:
            value.error("unknown-key", f"there is no key {key!r} here", closest(key, _FORMAT_KEYS))
    return KeyFormat(
        KeyKind(_choice(entry, "kind", kinds, KeyKind.ALPHABET)),
        _positive(entry, "length", base.length),
        entry.text("alphabet") or base.alphabet,
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
    text = str(entry.value)
    unit = _UNITS.get(text[-1:], 0.0)
    try:
        seconds = float(text[:-1]) * unit if unit else float(text)
    except ValueError:
        seconds = -1.0
    if isinstance(entry.value, bool) or not 0 < seconds < float("inf"):
        entry.error("profile-invalid", f"{key} is a duration such as 90s, 30m, 24h or 7d")
        return default
    return seconds


def _signals(node: Node, key: str, default: tuple[Signal, ...]) -> tuple[Signal, ...]:
    """A status, `{status, code}`, or a list of those."""
    entry = node.get(key)
    if entry is None:
        return default
    entries = list(entry.elements()) if isinstance(entry.value, list) else [entry]
    found: list[Signal] = []
    for each in entries:
        status = each.value if not isinstance(each.value, dict) else each.value.get("status")
        if not isinstance(status, int) or not 400 <= status < 600:  # noqa: PLR2004
            each.error("profile-invalid", f"{key} is an error status such as 409, or a mapping of status and code")
            return default
        found.append(Signal(status, each.text("code") if isinstance(each.value, dict) else ""))
    return tuple(found)
