"""What has changed in calls: arguments, results, retries and keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samekey_templates.runtime.safety import Safety

from samekey.diff.annotations import Side, accepts
from samekey.diff.kinds import ChangeKind, SdkChange
from samekey.diff.limits import LimitShift, shifts
from samekey.diff.matching import renamed_arguments, renamed_calls, route
from samekey.diff.words import bounds_in_words, coded, from_to

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from samekey.diff.annotations import Annotations
    from samekey.diff.surface import SeenCall, SeenField, Taken

_KEYED = Safety.KEYED


def changes_of_calls(
    old: Mapping[str, SeenCall], new: Mapping[str, SeenCall], before: Annotations, after: Annotations
) -> Iterator[SdkChange]:
    """Yield what has changed in the methods of an SDK.

    Args:
        old: the calls that there were, by name.
        new: the calls that there are, by name.
        before: the annotations of the old SDK.
        after: those of the new one.
    """
    renames = renamed_calls(old, new)
    places = {call.operation: name for name, call in new.items()}
    for name, call in old.items():
        if name in new:
            yield from _moved(name, call, new[name], places)
            yield from _changed(name, call, new[name], before, after)
        elif name in renames:
            yield SdkChange(ChangeKind.CALL_RENAMED, name, f"is now {coded(renames[name])}")
            yield from _changed(renames[name], call, new[renames[name]], before, after)
        else:
            yield SdkChange(ChangeKind.CALL_REMOVED, name, f"is gone ({coded(call.operation)})")
    for name, call in new.items():
        if name not in old and name not in renames.values():
            yield SdkChange(ChangeKind.CALL_ADDED, name, f"is new ({coded(call.operation)})")


def _moved(name: str, old: SeenCall, new: SeenCall, places: Mapping[str, str]) -> Iterator[SdkChange]:
    if old.operation == new.operation:
        return
    place = places.get(old.operation)
    if place is not None:
        message = f"is now {coded(new.operation)}; {coded(old.operation)}, which it was, is {coded(place)}"
        yield SdkChange(ChangeKind.CALL_REPLACED, name, message)
    elif route(old.operation) != route(new.operation):
        yield SdkChange(ChangeKind.CALL_MOVED, name, f"is now {from_to(old.operation, new.operation)}")


def _changed(name: str, old: SeenCall, new: SeenCall, before: Annotations, after: Annotations) -> Iterator[SdkChange]:
    yield from changes_of_arguments(name, old.arguments, new.arguments, before, after)
    yield from _result(name, old, new, before, after)
    yield from _streams(name, old, new, before, after)
    yield from _errors(name, old, new, before, after)
    yield from _repeats(name, old, new)
    yield from _credentials(name, old, new)
    if new.deprecated and not old.deprecated:
        yield SdkChange(ChangeKind.CALL_DEPRECATED, name, "is deprecated")


def changes_of_arguments(
    name: str, old: Mapping[str, Taken], new: Mapping[str, Taken], before: Annotations, after: Annotations
) -> Iterator[SdkChange]:
    """Yield what has changed in the arguments of a method."""
    renames = renamed_arguments(old, new)
    for argument, taken in old.items():
        own = coded(argument)
        if argument in renames:
            message = f"takes {coded(renames[argument])} (was {own})"
            yield SdkChange(ChangeKind.ARGUMENT_RENAMED, name, message)
        elif argument not in new:
            yield SdkChange(ChangeKind.ARGUMENT_REMOVED, name, f"no longer takes {own}")
            continue
        now = new[renames.get(argument, argument)]
        yield from _argument(name, renames.get(argument, argument), taken, now, before, after)
    for argument, taken in new.items():
        if argument not in old and argument not in renames.values():
            kind = ChangeKind.ARGUMENT_REQUIRED if taken.required else ChangeKind.ARGUMENT_ADDED
            verb = "needs the new argument" if taken.required else "takes"
            yield SdkChange(kind, name, f"{verb} {coded(argument)}: {coded(taken.type)}")
    yield from _order(name, old, new, renames)


def _order(
    name: str, old: Mapping[str, Taken], new: Mapping[str, Taken], renames: Mapping[str, str]
) -> Iterator[SdkChange]:
    was = [renames.get(argument, argument) for argument, taken in old.items() if taken.positional]
    now = [argument for argument, taken in new.items() if taken.positional]
    if was != now and sorted(was) == sorted(now):
        yield SdkChange(ChangeKind.ARGUMENT_REORDERED, name, f"takes {from_to(', '.join(was), ', '.join(now))}")


def _argument(
    name: str, argument: str, old: Taken, new: Taken, before: Annotations, after: Annotations
) -> Iterator[SdkChange]:
    own = coded(argument)
    if new.required and not old.required:
        yield SdkChange(ChangeKind.ARGUMENT_REQUIRED, name, f"needs {own}, which could be left out")
    elif old.required and not new.required:
        yield SdkChange(ChangeKind.ARGUMENT_OPTIONAL, name, f"no longer needs {own}")
    was, now = Side(before, before.terms(old.type)), Side(after, after.terms(new.type))
    takes_all = accepts(now, was, any_is_all=True)
    if not takes_all or not accepts(was, now, any_is_all=False):
        kind = ChangeKind.ARGUMENT_WIDENED if takes_all else ChangeKind.ARGUMENT_NARROWED
        yield SdkChange(kind, name, f"takes {from_to(old.type, new.type)} for {own}")
    yield from changes_of_limits(name, own, old, new)
    if new.deprecated and not old.deprecated:
        yield SdkChange(ChangeKind.ARGUMENT_DEPRECATED, name, f"takes {own} for now: it is deprecated")


def changes_of_limits(name: str, own: str, old: Taken | SeenField, new: Taken | SeenField) -> Iterator[SdkChange]:
    """Yield what has changed in the default of a value that is sent, and in what the API demands of it."""
    # What was not said before may have been so before.
    if old.default and new.default and old.default != new.default and not new.required:
        left_out = f"where {own} is left out" if own else "where it is left out"
        message = f"takes {from_to(old.default, new.default)} {left_out}"
        yield SdkChange(ChangeKind.DEFAULT_CHANGED, name, message)
    for word, shift in shifts(old.bounds, new.bounds).items():
        kind = ChangeKind.LIMIT_NARROWED if shift is LimitShift.NARROWED else ChangeKind.LIMIT_WIDENED
        was, now = bounds_in_words(old.bounds, word), bounds_in_words(new.bounds, word)
        taken = f"takes {own} with" if own else "has"
        yield SdkChange(kind, name, f"{taken} {now} (was {was})")


def _result(name: str, old: SeenCall, new: SeenCall, before: Annotations, after: Annotations) -> Iterator[SdkChange]:
    was, now = Side(before, before.terms(old.gives)), Side(after, after.terms(new.gives))
    if accepts(was, now, any_is_all=False) and accepts(now, was, any_is_all=False):
        return
    # Nobody can use what is always None.
    fits = old.gives == "None" or accepts(was, now, any_is_all=False)
    kind = ChangeKind.RESULT_NARROWED if fits else ChangeKind.RESULT_CHANGED
    yield SdkChange(kind, name, f"returns {from_to(old.gives, new.gives)}")


def _streams(name: str, old: SeenCall, new: SeenCall, before: Annotations, after: Annotations) -> Iterator[SdkChange]:
    if old.streams and new.streams:
        was, now = Side(before, before.terms(old.streams)), Side(after, after.terms(new.streams))
        if not accepts(was, now, any_is_all=False):
            yield SdkChange(ChangeKind.STREAM_CHANGED, name, f"streams {from_to(old.streams, new.streams)}")
    elif old.streams:
        yield SdkChange(ChangeKind.STREAM_REMOVED, name, "cannot be streamed any more")
    elif new.streams:
        yield SdkChange(ChangeKind.STREAM_ADDED, name, f"can be streamed: {coded(new.streams)}")


def _errors(name: str, old: SeenCall, new: SeenCall, before: Annotations, after: Annotations) -> Iterator[SdkChange]:
    for status in dict.fromkeys((*old.errors, *new.errors)):
        was, now = _error_under(old.errors, status), _error_under(new.errors, status)
        if not was and now:
            yield SdkChange(ChangeKind.ERROR_TYPE_ADDED, name, f"has {coded(now)} in errors of status {status}")
        elif was and not now:
            message = f"has plain JSON (was {coded(was)}) in errors of status {status}"
            yield SdkChange(ChangeKind.ERROR_TYPE_CHANGED, name, message)
        elif was and not accepts(Side(before, before.terms(was)), Side(after, after.terms(now)), any_is_all=False):
            yield SdkChange(
                ChangeKind.ERROR_TYPE_CHANGED, name, f"has {from_to(was, now)} in errors of status {status}"
            )


def _error_under(errors: Mapping[str, str], status: str) -> str:
    """Return the type of the body of an error, by its status, else by its class of statuses, else that of all."""
    return errors.get(status) or errors.get(f"{status[0]}XX") or errors.get("default", "")


def _repeats(name: str, old: SeenCall, new: SeenCall) -> Iterator[SdkChange]:
    """Yield what has changed in what becomes of a call whose answer is lost."""
    if new.safety is _KEYED and old.safety is not _KEYED:
        yield SdkChange(ChangeKind.KEY_ADDED, name, f"carries an idempotency key ({coded(new.key)})")
    if old.safety is _KEYED and new.safety is not _KEYED:
        yield SdkChange(ChangeKind.KEY_REMOVED, name, "carries no idempotency key any more")
    if old.is_repeated and not new.is_repeated:
        if not (old.safety is _KEYED and new.safety is not _KEYED):
            yield SdkChange(ChangeKind.RETRY_LOST, name, "is not sent again once it may have been done")
    elif new.is_repeated and not old.is_repeated:
        yield SdkChange(ChangeKind.RETRY_GAINED, name, "is sent again if its answer is lost")
    elif old.is_done_once and not new.is_done_once:
        message = "is perhaps done twice if its answer is lost: nobody says any more that the API honours its key"
        yield SdkChange(ChangeKind.PROMISE_LOST, name, message)
    elif new.is_done_once and not old.is_done_once:
        yield SdkChange(ChangeKind.PROMISE_GAINED, name, f"is done once if its answer is lost: {_vouched(new)}")
    elif old.evidence is not new.evidence and old.evidence is not None and new.evidence is not None:
        message = f"has a key whose evidence is {from_to(old.evidence, new.evidence)}"
        yield SdkChange(ChangeKind.EVIDENCE_CHANGED, name, message)
    if old.safety is new.safety is _KEYED and new.longest_key < old.longest_key:
        message = f"takes keys of at most {new.longest_key} characters (was {old.longest_key})"
        yield SdkChange(ChangeKind.KEY_SHORTENED, name, message)


def _vouched(call: SeenCall) -> str:
    return "it may be repeated without harm" if call.evidence is None else f"its key is {call.evidence}"


def _credentials(name: str, old: SeenCall, new: SeenCall) -> Iterator[SdkChange]:
    was, now = (_alternatives(call) for call in (old, new))
    if was == now:
        return
    suffices = all(any(one <= given for one in now) for given in was)
    kind = ChangeKind.CREDENTIALS_RELAXED if suffices else ChangeKind.CREDENTIALS_REQUIRED
    yield SdkChange(kind, name, f"needs {_in_words(now)} (was {_in_words(was)})")


def _alternatives(call: SeenCall) -> list[frozenset[str]]:
    return [frozenset(one) for one in call.security] or [frozenset()]


def _in_words(alternatives: list[frozenset[str]]) -> str:
    return " or ".join(" and ".join(coded(one) for one in sorted(names)) or "nothing" for names in alternatives)
