"""What msgspec cannot decode by itself: unions that `one_of` makes, and open models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from ..types import is_fields
from .models import OpenModel, extra_of, struct_of
from .unions import choose, is_union

if TYPE_CHECKING:
    from collections.abc import Iterable


def dec_hook(kind: type, value: Any) -> Any:  # noqa: ANN401
    """Decode what msgspec cannot decode by itself: a union that `one_of` made, or an open model."""
    if is_union(kind):
        choice = choose(kind, value)
        if choice.certain:
            return msgspec.convert(value, choice.kinds[0], dec_hook=dec_hook)
        return first_that_fits(value, choice.kinds)
    if issubclass(kind, OpenModel):
        return _opened(value, kind)
    raise NotImplementedError


def _opened(value: Any, kind: type[OpenModel]) -> OpenModel:  # noqa: ANN401
    """Build an open model from an object: known fields as msgspec decodes them, the others in their dict."""
    if not is_fields(value):
        raise msgspec.ValidationError(f"Expected `object`, got `{type(value).__name__}`")
    struct = struct_of(kind)
    known = msgspec.structs.asdict(msgspec.convert(value, struct, dec_hook=dec_hook))
    attribute, type_ = extra_of(kind)
    wires = frozenset(struct.__struct_encode_fields__)
    extra = {name: entry for name, entry in value.items() if name not in wires}
    given = {name: entry for name, entry in known.items() if entry is not msgspec.UNSET}
    return kind(**given, **{attribute: msgspec.convert(extra, type_, dec_hook=dec_hook)})


def first_that_fits(value: Any, kinds: Iterable[Any]) -> Any:  # noqa: ANN401
    """Convert a value to the first of some types that it fits; return it as it came where it fits none."""
    for kind in kinds:
        try:
            return msgspec.convert(value, kind, dec_hook=dec_hook)
        except (msgspec.ValidationError, TypeError):
            continue
    return value
