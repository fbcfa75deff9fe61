"""What `x-idempotency` and the config file say of an API's dialect (docs/retry-rules.md, section 2)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal, TypeVar

from msgspec import Struct
from msgspec.structs import replace
from samekey_templates.runtime.safety import METHODS, Evidence
from samekey_templates.runtime.text import is_token

from samekey.config.dialect import DEFAULT, PRESETS, AnswerSign, Assume, Carrier, Dialect, KeyFormat, KeyKind, Signal
from samekey.config.patterns import ForOperations
from samekey.config.words import read_duration, refuse_unknown
from samekey.document.values import spelling
from samekey.identifiers import meant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from samekey.document.node import Node
    from samekey.document.values import JsonValue

Refined = TypeVar("Refined", KeyFormat, Dialect)

EXTENSION = "x-idempotency"
_KEYS = (
    "preset", "in", "name", "methods", "honoured", "assume", "operations", "format", "quoted", "ttl", "in_flight",
    "mismatch", "replayed", "should_retry", "throttled", "refused", "first_sent",
)  # fmt: skip
_LONGEST_KEY = 4096
"""No server takes a longer header."""
_FORMAT_KEYS = ("kind", "length", "alphabet", "max_length")
_SIGNAL_KEYS = ("status", "code")
_SIGN_KEYS = ("status", "code", "header", "field", "equals")
_PATH: Final = re.compile(r"\w+(?:\.\w+)+")
"""Fields in objects; any other text with dots is the name of one field."""
_VISIBLE = re.compile(r"[!-~]+")
_ANYTHING = re.compile(r".+", re.DOTALL)
_SIGN_EXAMPLES: Final = {
    "throttled": '{status: 403, header: X-RateLimit-Remaining, equals: "0"}',
    "refused": "{status: 200, field: ok, equals: false}",
}
_VERIFIED: Final = "verified"
_HEADER_NAMES = "the name of a header, or a list of such names"


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
        honoured: who says that the API honours keys on all operations for which this is stated.
        honoured_stated: whether that stands there in so many words, so that it counts for every method.
        assume: what is done with a key of which nobody says that the API honours it.
        operations: what is said of single operations, the later weighing more.

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
    within: tuple[str, ...] | None = None
    honoured: Evidence | None = None
    honoured_stated: bool = False
    assume: Assume | None = None
    throttled: tuple[AnswerSign, ...] | None = None
    refused: tuple[AnswerSign, ...] | None = None
    operations: tuple[ForOperations[StatedDialect], ...] = ()

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
    "within", "honoured", "assume", "throttled", "refused",
)  # fmt: skip


def _refined(base: Refined, stated: StatedFormat | StatedDialect, fields: tuple[str, ...]) -> Refined:
    said = {field: value for field in fields if (value := getattr(stated, field)) is not None}
    return replace(base, **said) if said else base


def stated_by(holder: Node, *, of_root: bool = False) -> StatedDialect:
    """Return the dialect that `x-idempotency` of a root, path item or operation states; errors are reported.

    A document that states a dialect at an operation says that the API honours keys there. An overlay is not the
    document's: like a config, it has to say so in so many words.

    Args:
        holder: the root, path item or operation.
        of_root: whether it is the root, which speaks of no operation in particular.
    """
    node = holder.get(EXTENSION)
    if node is None:
        return SILENT
    is_document = not node.is_overlaid
    evidence = Evidence.DECLARED if is_document else Evidence.CONFIGURED
    stated = read_dialect(node, evidence, has_operations=of_root)
    speaks_of_it = is_document and not of_root and isinstance(node.value, dict) and stated.methods != ()
    if not speaks_of_it or node.has("honoured") or stated == SILENT:
        return stated
    return replace(stated, honoured=Evidence.DECLARED)


def read_dialect(node: Node, evidence: Evidence = Evidence.CONFIGURED, *, has_operations: bool = True) -> StatedDialect:
    """Return the dialect of idempotency that a mapping states; what is wrong is reported as an error and left out.

    Args:
        node: the mapping; `false` stands for an API that honours no keys, `true` for one that honours them all.
        evidence: who speaks, should it say that keys are honoured.
        has_operations: whether it may speak of single operations.
    """
    if isinstance(node.value, bool):
        return StatedDialect(honoured=evidence, honoured_stated=True) if node.value else StatedDialect(methods=())
    if not isinstance(node.value, dict):
        node.error("profile-invalid", "expected a mapping, true, or false for an API that honours no keys")
        return SILENT
    refuse_unknown(node, _KEYS if has_operations else tuple(key for key in _KEYS if key != "operations"))
    honoured = _honoured(node, evidence)
    preset = PRESETS.get(_choice(node, "preset", tuple(PRESETS)) or "")
    carrier = _carrier(node)
    travels_in = carrier or (preset or DEFAULT).carrier
    name = _header(node, "name") if travels_in is Carrier.HEADER else _text(node, "name")
    # A field may lie in others: `data.attributes.key`.
    is_path = travels_in is Carrier.BODY and _PATH.fullmatch(name or "") is not None
    within, _, last = (name or "").rpartition(".") if is_path else ("", "", name or "")
    return StatedDialect(
        preset=preset,
        carrier=carrier,
        name=name and last,
        within=None if name is None else tuple(within.split(".")) if within else (),
        methods=() if honoured is False else _methods(node),
        honoured=honoured or None,
        honoured_stated=bool(honoured),
        assume=_assume(node),
        throttled=_signs(node, "throttled", range(400, 600)),
        refused=_signs(node, "refused", range(200, 300)),
        operations=tuple(_operations(node, evidence)) if has_operations else (),
        format=_format(node),
        quoted=_flag(node, "quoted"),
        ttl=read_duration(node, "ttl", "profile-invalid"),
        in_flight=_signals(node, "in_flight"),
        mismatch=_signals(node, "mismatch"),
        replayed=_texts(node, "replayed", is_token, _HEADER_NAMES),
        should_retry=_texts(node, "should_retry", is_token, _HEADER_NAMES),
        first_sent=_header(node, "first_sent"),
    )


def _honoured(node: Node, evidence: Evidence) -> Evidence | Literal[False] | None:
    """Return who says that keys are honoured; False where they are not, None where nothing is said."""
    entry = node.get("honoured")
    if entry is None:
        return None
    if isinstance(entry.value, bool):
        return evidence if entry.value else False
    if entry.value == _VERIFIED:
        return Evidence.VERIFIED
    entry.error("profile-invalid", "honoured is true, false, or `verified` where `samekey verify` saw it")
    return None


def _assume(node: Node) -> Assume | None:
    word = _choice(node, "assume", tuple(Assume))
    return None if word is None else Assume(word)


def _operations(node: Node, evidence: Evidence) -> Iterator[ForOperations[StatedDialect]]:
    entry = node.get("operations")
    if entry is None:
        return
    if not isinstance(entry.value, dict):
        entry.error("profile-invalid", "operations is a mapping such as {createCharge: true, listCharges: false}")
        return
    for pattern, stated in entry.items():
        says = read_dialect(stated, evidence, has_operations=False)
        # What is wrong has been said; an empty mapping still speaks of an operation.
        if says != SILENT or stated.value == {}:
            yield ForOperations(pattern, says, stated)


def _signs(node: Node, key: str, statuses: range) -> tuple[AnswerSign, ...] | None:
    """Return the answers that a mapping, or a list of those, names; None if missing or wrong (reported)."""
    entry = node.get(key)
    if entry is None:
        return None
    entries = list(entry.elements()) if isinstance(entry.value, list) else [entry]
    found = [_sign(each, key, statuses) for each in entries]
    signs = tuple(sign for sign in found if sign is not None)
    return signs if len(signs) == len(found) else None


def _sign(node: Node, key: str, statuses: range) -> AnswerSign | None:
    """Return the answer that a mapping names; None where the mapping is wrong (reported)."""
    status = node.value.get("status") if isinstance(node.value, dict) else None
    if not isinstance(node.value, dict) or isinstance(status, bool) or not isinstance(status, int):
        node.error("profile-invalid", f"{key} is a mapping such as {_SIGN_EXAMPLES[key]}")
        return None
    refuse_unknown(node, _SIGN_KEYS)
    equals, code = node.value.get("equals"), _text(node, "code") or ""
    header, field = _header(node, "header") or "", _text(node, "field") or ""
    problem = ""
    if not node.value.keys() <= set(_SIGN_KEYS) or (node.has("header") and not header):
        return None
    if status not in statuses:
        problem = f"the status of {key} is from {statuses.start} to {statuses.stop - 1}"
    elif isinstance(equals, (dict, list)) or (node.has("equals") and equals is None) or equals != equals:  # noqa: PLR0124
        problem = "equals is a text, a number, true or false"
    elif bool(header) + bool(field) != 1 and (equals is not None or header):
        problem = "name one header or one field, which equals speaks of"
    elif key == "refused" and not field and not code:
        problem = f"refused needs a field or a code, such as {_SIGN_EXAMPLES[key]}"
    if problem or isinstance(equals, (dict, list)):
        node.error("profile-invalid", problem)
        return None
    path = tuple(field.split(".")) if field else ()
    return AnswerSign(status, code, header, path, spelling(equals) if header else equals)


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
    if isinstance(value.value, int) and not isinstance(value.value, bool) and 0 < value.value <= _LONGEST_KEY:
        return value.value
    value.error("profile-invalid", f"{key} is a whole number from 1 to {_LONGEST_KEY}")
    return None


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
