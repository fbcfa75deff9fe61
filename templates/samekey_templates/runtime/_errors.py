"""Names that pickles of earlier versions look for here; they live in `errors` now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import *  # noqa: F403

if TYPE_CHECKING:
    from .errors import APIError


def _restore(kind: type[APIError], args: tuple[object, ...], state: dict[str, object]) -> APIError:  # pyright: ignore[reportUnusedFunction]
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error
