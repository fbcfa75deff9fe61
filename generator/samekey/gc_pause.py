"""The garbage collector of Python, held still while a document is worked on."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator


@contextmanager
def paused(*, to_the_end: bool = False) -> Generator[None]:
    """Collect no garbage while a block runs: what is made of a document stays, so walking it again finds nothing.

    Args:
        to_the_end: what was made lives as long as the process, and is not walked afterwards either.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if to_the_end:
            gc.freeze()
        if was_enabled:
            gc.enable()
