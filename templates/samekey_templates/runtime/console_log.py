"""The package's log on the terminal, where a variable of the environment asks for it."""

from __future__ import annotations

import logging
import os
from typing import Final

from .retry.loop import log

_LEVELS: Final = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
_FORMAT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def log_to_stderr(variable: str) -> None:
    """Show what the log has from a level on, on the standard error stream, or where the program shows its log.

    Args:
        variable: the environment variable that holds the level, in any case; without it nothing changes.

    Raises:
        ValueError: it holds another word.
    """
    word = os.environ.get(variable, "").strip().lower()
    if not word:
        return
    if word not in _LEVELS:
        raise ValueError(f"{variable}={word!r} is no level of the log: it can be {', '.join(_LEVELS)}")
    log.setLevel(_LEVELS[word])
    if not log.hasHandlers():
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter(_FORMAT))
        log.addHandler(handler)
