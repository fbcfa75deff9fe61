"""What happens to each operation if its answer is lost: for the README of an SDK, and for whoever generates it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from samekey_templates.runtime.retry.rules import EffectivePolicy, RetryPolicy
from samekey_templates.runtime.types import Timeout

from samekey.emit import code
from samekey.emit.code import Code, source
from samekey.emit.views import LostAnswerView, RetryDefaultsView
from samekey.ir import Evidence, Safety

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from samekey.ir import Api, Operation
    from samekey.names import Names

_SHOWN: Final = 5
_ASSUMED: Final = """\
It is sent again under the same key. The API's document does not say that the API honours keys here: if it does not, \
it may be done twice, and `may_be_repeated` says so."""
_KINDS: Final[tuple[tuple[str, Callable[[Operation], bool]], ...]] = (
    ("It is sent again. It only reads.", lambda entry: entry.safety is Safety.SAFE),
    ("It is sent again. Twice is the same as once.", lambda entry: entry.safety is Safety.IDEMPOTENT),
    (
        "It is sent again under the same key, and done once.",
        lambda entry: entry.evidence not in {None, Evidence.ASSUMED},
    ),
    (_ASSUMED, lambda entry: entry.evidence is Evidence.ASSUMED and not entry.key_only),
    ("It carries a key, but is not sent again once it may have been done.", lambda entry: entry.key_only),
    ("It is not sent again once it may have been done: look first.", lambda entry: entry.safety is Safety.UNSAFE),
)


def plan_retry_defaults(api: Api) -> RetryDefaultsView:
    """Return the view of the retry policy and the limits that hold where a user says nothing."""
    said = {name: getattr(api.retry, name, None) for name in ("max_retries", "initial_delay", "max_delay", "deadline")}
    policy, limits = EffectivePolicy.of(RetryPolicy(**said)), Timeout()
    return RetryDefaultsView(
        max_retries=_number(policy.max_retries),
        initial_delay=_number(policy.initial_delay),
        max_delay=_number(policy.max_delay),
        deadline=_number(policy.deadline),
        connect=_number(limits.connect),
        read=_number(limits.read),
    )


def _number(value: float) -> Code:
    return code.prose(f"{value:g}")


def plan_lost_answers(api: Api, names: Names) -> tuple[LostAnswerView, ...]:
    """Return the rows of the README's table: which calls, and what happens if their answer is lost."""
    return tuple(_rows(api.operations, names))


def _rows(operations: Sequence[Operation], names: Names) -> Iterator[LostAnswerView]:
    for words, belongs in _KINDS:
        calls = [_call(names, entry) for entry in operations if belongs(entry)]
        if calls:
            shown = tuple(code.span(call) for call in calls[:_SHOWN])
            more = code.prose(f", and {len(calls) - _SHOWN} more") if len(calls) > _SHOWN else source("")
            yield LostAnswerView(shown, more, source(words))


def _call(names: Names, operation: Operation) -> str:
    place = names.methods[operation.key]
    return place.call


def is_promised(api: Api) -> bool:
    """Whether every keyed operation has a key of which somebody says that the API honours it."""
    return all(operation.evidence is not Evidence.ASSUMED for operation in api.operations)


def keys_in_words(evidence: Iterable[tuple[str, str]]) -> str:
    """Return the line that says whose word the keys of an SDK rest on; empty where there is no key.

    Args:
        evidence: the path of each keyed method, and who says that the API honours its key.
    """
    entries = list(evidence)
    counts = Counter(who for _, who in entries)
    known = [f"{counts[who.value]} {who.value}" for who in Evidence if counts[who.value]]
    assumed = [call for call, who in entries if who == Evidence.ASSUMED.value]
    if not assumed:
        return f"keys: {', '.join(known)}" if known else ""
    some = f"{', '.join(assumed[:2])}{', …' if len(assumed) > 2 else ''}"  # noqa: PLR2004  # enough to begin with
    return (
        f"keys: {', '.join(known)} ({some}): the document does not say that the API honours them; "
        "check with `samekey verify`, or decide in samekey.yaml"
    )
