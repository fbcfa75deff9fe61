"""What goes wrong, when, and how often: rules with seeds and probabilities, by flag, by file and by the admin route."""

from __future__ import annotations

import json
import threading
from collections import Counter, OrderedDict
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from hashlib import sha256
from random import Random
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

import msgspec

from samekey.document.values import SyntaxProblem
from samekey.document.yaml_text import parse_yaml
from samekey.identifiers import closest
from samekey.sandbox.errors import FaultError

if TYPE_CHECKING:
    from pathlib import Path

    from samekey.document.values import JsonValue


class Fault(StrEnum):
    """How a request goes wrong."""

    REFUSE = "refuse"
    """Its connection is reset, and for a while no new ones are taken."""
    RESET = "reset"
    """Its connection is reset before anything was done."""
    STALL = "stall"
    """It is held back, and carried out late: long after an impatient client has left."""
    UNAUTHORIZED = "401"
    FORBIDDEN = "403"
    TIMED_OUT = "408"
    CONFLICT = "409"
    """As if the first request with its key were still running."""
    TOO_EARLY = "425"
    TOO_MANY = "429"
    UNAVAILABLE = "503"
    DUPLICATE = "duplicate"
    """It is delivered twice, one after the other, as by a proxy that retries by itself."""
    RACE = "race"
    """It is delivered twice at the same time."""
    SLOW = "slow"
    """What it does takes a while; its key is in use as long."""
    CRASH_AFTER_CLAIM = "crash-after-claim"
    CRASH_AFTER_EFFECT = "crash-after-effect"
    CRASH_BEFORE_COMMIT = "crash-before-commit"
    """The server dies within the transaction, as seen from outside: all is rolled back, the connection is reset."""
    FAIL_BEFORE_COMMIT = "500-before-commit"
    """All is rolled back, and 500 is answered."""
    FAIL_STORED = "500-stored"
    """It is carried out, and a 500 is stored as its answer."""
    FAIL_AFTER_COMMIT = "500-after-commit"
    """It is carried out, and 500 is answered; the stored answer is the good one."""
    BAD_GATEWAY = "502"
    """The same, as a gateway says it."""
    UNAVAILABLE_AFTER = "503-after-commit"
    GATEWAY_TIMEOUT = "504"
    CUT = "cut"
    """It is carried out; the connection is closed before the first byte of the answer."""
    CUT_IN_HEAD = "cut-in-head"
    CUT_IN_BODY = "cut-in-body"
    STALL_AFTER = "stall-after"
    """It is carried out, and nothing is answered until the client leaves."""
    SLOW_BYTES = "slow-bytes"
    """The answer comes a few bytes at a time."""


REFUSALS: Final = {
    fault: int(fault.value)
    for fault in (
        Fault.UNAUTHORIZED, Fault.FORBIDDEN, Fault.TIMED_OUT, Fault.CONFLICT, Fault.TOO_EARLY, Fault.TOO_MANY,
        Fault.UNAVAILABLE,
    )
}  # fmt: skip
"""Statuses that are answered before anything is done."""
LOST_ANSWERS: Final = {
    Fault.FAIL_AFTER_COMMIT: 500, Fault.BAD_GATEWAY: 502, Fault.UNAVAILABLE_AFTER: 503, Fault.GATEWAY_TIMEOUT: 504,
}  # fmt: skip
"""Statuses that are answered in place of the operation's own answer."""
INSIDE: Final = frozenset({
    Fault.SLOW, Fault.CRASH_AFTER_CLAIM, Fault.CRASH_AFTER_EFFECT, Fault.CRASH_BEFORE_COMMIT, Fault.FAIL_BEFORE_COMMIT,
    Fault.FAIL_STORED,
})  # fmt: skip
"""Faults that only the server itself can have."""
SECONDS: Final = {Fault.REFUSE: 0.5, Fault.STALL: 35.0, Fault.STALL_AFTER: 35.0, Fault.SLOW: 1.0, Fault.SLOW_BYTES: 2.0}
"""How long a fault lasts where its rule does not say; for the answers with Retry-After, a second."""
ANY: Final = "any"
"""A rule for all faults together, each as likely as the others."""
_REMEMBERED = 50_000
_MOST_NODES = 10_000
Converted = TypeVar("Converted")


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a request goes wrong, and how.

    Args:
        fault: how.
        operation: an operationId, or a method with a path (`POST /charges`); `*` and `?` stand for others.
        probability: how likely it is for a request, from 0 to 1.
        times: how many requests at most; None for no limit.
        seconds: how long it lasts, or is asked to be waited for; None for the fault's own.
        held: whether a request that it strikes is struck whenever it comes again.
    """

    fault: Fault
    operation: str = "*"
    probability: Annotated[float, msgspec.Meta(ge=0, le=1)] = 1.0
    times: Annotated[int, msgspec.Meta(ge=1)] | None = None
    seconds: Annotated[float, msgspec.Meta(ge=0, le=3600)] | None = None
    held: bool = False


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rules, of which the first that strikes counts, and the seed of their chance."""

    rules: tuple[Rule, ...] = ()
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Struck:
    """A fault that happens to a request, and the seconds that go with it."""

    fault: Fault
    seconds: float


class Faults:
    """Decides what happens to each request.

    The same request under the same seed meets the same fate, in whatever order requests arrive: chance is drawn from
    seed, key (or content) and the number of times that it has come.

    Args:
        plan: the rules.
        inside: whether faults of the server's inside can be had here.
        known: the names of each operation; None where they are not known. Outside of a server there are only methods
            with paths.

    Raises:
        FaultError: a rule is for an operation that is not there.
    """

    def __init__(
        self,
        plan: Plan = Plan(),  # noqa: B008  # it is frozen
        *,
        inside: bool = True,
        known: tuple[tuple[str, ...], ...] | None = None,
    ) -> None:
        self._inside = inside
        self._known = known
        self._lock = threading.Lock()
        self._seen: OrderedDict[str, int] = OrderedDict()
        self.plan = plan

    @property
    def plan(self) -> Plan:
        """The rules."""
        return self._plan

    @plan.setter
    def plan(self, plan: Plan) -> None:
        impossible = [] if self._inside else [rule.fault for rule in plan.rules if rule.fault in INSIDE]
        if impossible:
            raise FaultError(f"{impossible[0]} needs the inside of the server; it is for `samekey serve` alone")
        for rule in plan.rules:
            self._refuse_unknown(rule)
        with self._lock:
            self._plan = plan
            self._struck: Counter[int] = Counter()

    def _refuse_unknown(self, rule: Rule) -> None:
        """Refuse a rule that could never strike: who sets it would believe that a fault was survived."""
        if self._known is None:
            if not self._inside and "*" not in rule.operation and " " not in rule.operation:
                raise FaultError(
                    f"nothing is called {rule.operation!r} here: write a method and a path, such as 'POST /charges'"
                )
        elif not any(_holds(rule, names) for names in self._known):
            hint = closest(rule.operation, tuple(name for names in self._known for name in names))
            raise FaultError(f"the document has no operation like {rule.operation!r}" + (f"; {hint}" if hint else ""))

    def strike(self, names: tuple[str, ...], identity: str) -> Struck | None:
        """Return the fault that happens to a request; None where none does.

        Args:
            names: what its operation is called.
            identity: what tells it from other requests, and not from its retries: its key, or its content.
        """
        with self._lock:
            number = self._seen[identity] = self._seen.pop(identity, 0) + 1
            if len(self._seen) > _REMEMBERED:
                self._seen.popitem(last=False)
            for at, rule in enumerate(self._plan.rules):
                if rule.times is not None and self._struck[at] >= rule.times:
                    continue
                if _holds(rule, names) and self._drawn(at, identity, 0 if rule.held else number) < rule.probability:
                    self._struck[at] += 1
                    return Struck(rule.fault, SECONDS.get(rule.fault, 1.0) if rule.seconds is None else rule.seconds)
            return None

    def _drawn(self, at: int, identity: str, number: int) -> float:
        seed = sha256(f"{self._plan.seed}/{at}/{identity}/{number}".encode()).digest()
        return Random(seed).random()  # noqa: S311  # chance that can be repeated


def parse_flag(text: str, *, inside: bool = True) -> tuple[Rule, ...]:
    """Read rules from a flag: `cut`, or `cut,operation=createCharge,probability=0.2,times=3,seconds=1`.

    Raises:
        FaultError: it is not a rule.
    """
    name, *settings = text.split(",")
    fields: dict[str, JsonValue] = {}
    for setting in settings:
        field, separator, value = setting.partition("=")
        if not separator:
            raise FaultError(f"{setting!r} is not a setting; write operation=…, probability=…, times=… or seconds=…")
        fields[field.strip()] = value.strip()
    return _rules({**fields, "fault": name.strip()}, inside=inside)


def parse_plan(text: str, *, inside: bool = True) -> Plan:
    """Read a plan of faults from text in YAML or JSON: `{seed: 1, rules: [{fault: cut, probability: 0.2}]}`.

    Raises:
        FaultError: it is not a plan.
    """
    parsed = parse_yaml(text)
    if isinstance(parsed, SyntaxProblem):
        raise FaultError(parsed.message)
    if _nodes(parsed.value, _MOST_NODES) > _MOST_NODES:
        raise FaultError(f"a plan has {_MOST_NODES} values at most")
    # Numbers of a document remember their spelling; here they are numbers.
    return _plan_of(json.loads(json.dumps(parsed.value)), inside=inside)


def plan_from_json(data: bytes, *, inside: bool = True) -> Plan:
    """Read a plan of faults from JSON, as another program sends it.

    Raises:
        FaultError: it is not a plan.
    """
    try:
        plain: JsonValue = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError) as error:
        raise FaultError(f"this is not JSON: {error}") from error
    return _plan_of(plain, inside=inside)


def _nodes(value: JsonValue, most: int) -> int:
    """Count the values in a value, aliases as often as they are spelled; no further than a little more than `most`."""
    waiting, count = [value], 0
    while waiting and count <= most:
        inner = waiting.pop()
        count += 1
        waiting += inner.values() if isinstance(inner, dict) else inner if isinstance(inner, list) else ()
    return count


def _plan_of(plain: JsonValue, *, inside: bool) -> Plan:
    value = plain if isinstance(plain, dict) else {"rules": plain or []}
    listed = value.get("rules", [])
    if not isinstance(listed, list):
        raise FaultError("`rules` is a list")
    rules = [rule for entry in listed for rule in _rules(entry, inside=inside)]
    return _converted({**value, "rules": msgspec.to_builtins(rules)}, Plan)


def read_plan(path: Path, *, inside: bool = True) -> Plan:
    """Read a plan of faults from a file.

    Raises:
        FaultError: there is none, or it cannot be read.
    """
    try:
        return parse_plan(path.read_text("utf-8"), inside=inside)
    except (OSError, UnicodeDecodeError, FaultError) as error:
        raise FaultError(f"{path}: {error}") from error


def spelled(plan: Plan) -> JsonValue:
    """Return a plan of faults as JSON has it."""
    return {
        "seed": plan.seed,
        "rules": [
            {"fault": rule.fault.value, "operation": rule.operation, "probability": rule.probability,
             "times": rule.times, "seconds": rule.seconds, "held": rule.held}
            for rule in plan.rules
        ],
    }  # fmt: skip


def _rules(value: JsonValue, *, inside: bool) -> tuple[Rule, ...]:
    if isinstance(value, dict) and isinstance(value.get("fault"), int):
        # In a file, 503 is a number.
        value = {**value, "fault": str(value["fault"])}
    if not isinstance(value, dict) or value.get("fault") != ANY:
        return (_converted(value, Rule),)
    faults = [fault for fault in Fault if inside or fault not in INSIDE]
    whole = _converted({**value, "fault": faults[0].value}, Rule)
    # One after the other, each is drawn only where none before it has struck.
    return tuple(
        msgspec.structs.replace(whole, fault=fault, probability=_share(whole.probability, at, len(faults)))
        for at, fault in enumerate(faults)
    )


def _share(probability: float, at: int, count: int) -> float:
    """Return the probability of the rule at a place, so that all of the rules are equally likely to strike."""
    each = probability / count
    return min(1.0, each / (1 - at * each))


def _converted(value: object, kind: type[Converted]) -> Converted:
    try:
        return msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError as error:
        known = ", ".join([ANY, *Fault])
        hint = f"; faults are {known}" if "enum" in str(error) else ""
        raise FaultError(f"{error}{hint}") from error


def _holds(rule: Rule, names: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, rule.operation) for name in names)
