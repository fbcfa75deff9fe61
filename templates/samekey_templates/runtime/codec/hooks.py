"""What msgspec cannot decode by itself: unions that `one_of` makes, and open models."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from ..types import is_fields, is_items
from .models import Model, OpenModel, extra_of, struct_of
from .unions import choose, is_union

if TYPE_CHECKING:
    from collections.abc import Iterable


Hook: TypeAlias = Callable[[type, Any], Any]


def dec_hook(kind: type, value: Any) -> Any:  # noqa: ANN401
    """Decode what msgspec cannot decode by itself: a union that `one_of` made, or an open model."""
    return _decoded(kind, value, dec_hook)


def exact_dec_hook(kind: type, value: Any) -> Any:  # noqa: ANN401
    """Decode like `dec_hook`, but refuse an object, or a list of some, that is no variant of a union.

    It may have fields beside theirs.
    """
    decoded = _decoded(kind, value, exact_dec_hook)
    if is_union(kind) and decoded is value and (is_fields(value) or is_items(value)):
        raise msgspec.ValidationError(f"Value is no {kind.__name__}")
    return decoded


def _decoded(kind: type, value: Any, hook: Hook) -> Any:  # noqa: ANN401
    if isinstance(value, (Model, OpenModel)):
        # Whoever makes a model of parts may have made some of them already.
        return value
    if is_union(kind):
        choice = choose(kind, value)
        if choice.certain:
            return msgspec.convert(value, choice.kinds[0], dec_hook=hook)
        return first_that_fits(value, choice.kinds, hook)
    if issubclass(kind, OpenModel):
        return _opened(value, kind, hook)
    raise NotImplementedError


def _opened(value: Any, kind: type[OpenModel], hook: Hook) -> OpenModel:  # noqa: ANN401
    """Build an open model from an object: known fields as msgspec decodes them, the others in their dict."""
    if not is_fields(value):
        raise msgspec.ValidationError(f"Expected `object`, got `{type(value).__name__}`")
    struct = struct_of(kind)
    known = msgspec.structs.asdict(msgspec.convert(value, struct, dec_hook=hook))
    attribute, type_ = extra_of(kind)
    wires = frozenset(struct.__struct_encode_fields__)
    extra = {name: entry for name, entry in value.items() if name not in wires}
    given = {name: entry for name, entry in known.items() if entry is not msgspec.UNSET}
    return kind(**given, **{attribute: msgspec.convert(extra, type_, dec_hook=hook)})


def first_that_fits(value: Any, kinds: Iterable[Any], hook: Hook = dec_hook) -> Any:  # noqa: ANN401
    """Convert a value to the first of some types that it fits; return it as it came where it fits none."""
    for kind in kinds:
        try:
            return msgspec.convert(value, kind, dec_hook=hook)
        except (msgspec.ValidationError, TypeError):
            continue
    return value
