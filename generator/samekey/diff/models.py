"""What has changed in `models`: classes, fields, members of enums, and what unions stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from samekey_templates.runtime.declare import table

from samekey.diff.annotations import Side, accepts
from samekey.diff.calls import changes_of_limits
from samekey.diff.kinds import ChangeKind, SdkChange
from samekey.diff.matching import renamed_fields, renamed_members, renamed_types
from samekey.diff.surface import SeenKind
from samekey.diff.words import coded, from_to

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from samekey.diff.annotations import Annotations
    from samekey.diff.surface import SeenField, SeenType

_KINDS: Final = table(
    SeenKind,
    {
        SeenKind.MODEL: "a model",
        SeenKind.INPUT: "a dict that may be sent",
        SeenKind.ENUM: "an enum",
        SeenKind.UNION: "a union",
    },
)


def changes_of_types(
    old: Mapping[str, SeenType], new: Mapping[str, SeenType], before: Annotations, after: Annotations
) -> Iterator[SdkChange]:
    """Yield what has changed in the types of an SDK; what holds for a model and for its dict is told once.

    Args:
        old: the types that there were, by name.
        new: the types that there are, by name.
        before: the annotations of the old SDK.
        after: those of the new one.
    """
    renames = renamed_types(old, new)
    told: dict[tuple[str, str], dict[ChangeKind, str]] = {}
    # Models before their dicts, enums before their values: whoever is told of one knows of both.
    for name, known in sorted(old.items(), key=lambda entry: not entry[1].received):
        for part, change in _of_type(name, known, new, renames, before, after):
            kinds = told.setdefault((known.key, part), {})
            others = [kind for kind, teller in kinds.items() if teller != name]
            if change.kind not in others and (change.breaks or not others):
                yield change
            kinds.setdefault(change.kind, name)
    added: set[str] = set()
    for name, known in new.items():
        if name not in old and name not in renames.values() and known.key not in added:
            yield SdkChange(ChangeKind.TYPE_ADDED, name, f"is new: {_KINDS[known.kind]}")
            added.add(known.key)


def _of_type(
    name: str,
    old: SeenType,
    new: Mapping[str, SeenType],
    renames: Mapping[str, str],
    before: Annotations,
    after: Annotations,
) -> Iterator[tuple[str, SdkChange]]:
    """Yield what has changed in a type, each with the part of it that has."""
    now = new.get(renames.get(name, name))
    if now is None:
        yield "", SdkChange(ChangeKind.TYPE_REMOVED, name, "is gone")
        return
    if name in renames:
        yield "", SdkChange(ChangeKind.TYPE_RENAMED, name, f"is now {coded(renames[name])}")
    own = renames.get(name, name)
    if old.kind is not now.kind:
        yield "", SdkChange(ChangeKind.TYPE_REPLACED, own, f"is {_KINDS[now.kind]} (was {_KINDS[old.kind]})")
        return
    match old.kind:
        case SeenKind.MODEL | SeenKind.INPUT:
            yield from _fields(own, old, now, before, after)
        case SeenKind.ENUM:
            yield from _members(own, old.members, now.members)
        case SeenKind.UNION if _is_literal(old) and _is_literal(now):
            pass  # of an enum, which tells it
        case SeenKind.UNION:
            yield from _union(own, old, now, before, after)


def _is_literal(known: SeenType) -> bool:
    """Whether a union is the values of an enum, as they may be sent."""
    return known.target.startswith("Literal[")


def _fields(
    name: str, old: SeenType, new: SeenType, before: Annotations, after: Annotations
) -> Iterator[tuple[str, SdkChange]]:
    renames = renamed_fields(old.fields, new.fields, before, after)
    for field, known in old.fields.items():
        own = f"{name}.{field}"
        if field in renames:
            yield field, SdkChange(ChangeKind.FIELD_RENAMED, own, f"is now {coded(renames[field])}")
        elif field not in new.fields:
            yield known.wire or field, SdkChange(ChangeKind.FIELD_REMOVED, own, "is gone")
            continue
        now = new.fields[renames.get(field, field)]
        for change in _field(f"{name}.{renames.get(field, field)}", known, now, old, new, before, after):
            yield now.wire or renames.get(field, field), change
    for field, known in new.fields.items():
        if field not in old.fields and field not in renames.values():
            is_asked_for = known.required and new.sent and old.sent
            kind = ChangeKind.FIELD_REQUIRED if is_asked_for else ChangeKind.FIELD_ADDED
            words = "is new, and has to be given" if is_asked_for else "is new"
            yield known.wire or field, SdkChange(kind, f"{name}.{field}", f"{words}: {coded(known.type)}")


def _field(
    own: str,
    old: SeenField,
    new: SeenField,
    was_in: SeenType,
    is_in: SeenType,
    before: Annotations,
    after: Annotations,
) -> Iterator[SdkChange]:
    sent, received = was_in.sent and is_in.sent, was_in.received and is_in.received
    if sent and new.required and not old.required:
        yield SdkChange(ChangeKind.FIELD_REQUIRED, own, "has to be given; it could be left out")
    elif sent and old.required and not new.required:
        yield SdkChange(ChangeKind.FIELD_OPTIONAL, own, "need not be given any more")
    was, now = Side(before, before.terms(old.type)), Side(after, after.terms(new.type))
    if new.required and not old.required:
        # That it cannot be left out says that it cannot be None.
        given = Side(before, was.terms - before.terms("None"))
        narrower, wider = accepts(was, now, any_is_all=False), accepts(now, given, any_is_all=True)
    else:
        narrower, wider = accepts(was, now, any_is_all=False), accepts(now, was, any_is_all=True)
    in_words = from_to(old.type, new.type)
    if received and not narrower:
        yield SdkChange(ChangeKind.FIELD_CHANGED, own, f"is {in_words}")
    elif sent and not wider:
        yield SdkChange(ChangeKind.FIELD_NARROWED, own, f"takes {in_words}")
    elif not narrower or not accepts(now, was, any_is_all=False):
        yield SdkChange(ChangeKind.FIELD_REFINED, own, f"is {in_words}")
    if sent:
        yield from changes_of_limits(own, "", old, new)
    if new.deprecated and not old.deprecated:
        yield SdkChange(ChangeKind.FIELD_DEPRECATED, own, "is deprecated")


def _members(name: str, old: Mapping[str, str | int], new: Mapping[str, str | int]) -> Iterator[tuple[str, SdkChange]]:
    renames = renamed_members(old, new)
    for member, value in old.items():
        own = f"{name}.{member}"
        if member in renames:
            yield member, SdkChange(ChangeKind.MEMBER_RENAMED, own, f"is now {coded(renames[member])}")
        elif member not in new:
            yield member, SdkChange(ChangeKind.MEMBER_REMOVED, own, f"is gone ({coded(repr(value))})")
        elif new[member] != value:
            in_words = from_to(repr(value), repr(new[member]))
            yield member, SdkChange(ChangeKind.MEMBER_CHANGED, own, f"is {in_words}")
    for member, value in new.items():
        if member not in old and member not in renames.values():
            yield member, SdkChange(ChangeKind.MEMBER_ADDED, f"{name}.{member}", f"is new ({coded(repr(value))})")


def _union(
    name: str, old: SeenType, new: SeenType, before: Annotations, after: Annotations
) -> Iterator[tuple[str, SdkChange]]:
    was, now = Side(before, before.terms(old.target)), Side(after, after.terms(new.target))
    narrower, wider = accepts(was, now, any_is_all=False), accepts(now, was, any_is_all=True)
    in_words = from_to(old.target, new.target)
    if old.received and new.received and not narrower:
        yield "", SdkChange(ChangeKind.UNION_WIDENED, name, f"is {in_words}")
    elif old.sent and new.sent and not wider:
        yield "", SdkChange(ChangeKind.UNION_NARROWED, name, f"takes {in_words}")
    elif not narrower or not accepts(now, was, any_is_all=False):
        yield "", SdkChange(ChangeKind.UNION_REFINED, name, f"is {in_words}")
