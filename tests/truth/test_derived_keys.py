"""`derive_key` gives the same key in every process, or none."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import uuid
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

import pytest


class Kind(Enum):
    """A kind of invoice."""

    FIRST = "first"


PARTS: list[Any] = [
    "inv-1", 7, uuid.UUID(int=1), dt.date(2026, 1, 2), dt.datetime(2026, 1, 2, 3, tzinfo=dt.UTC), Decimal("10.10"),
    b"\x00bytes", Kind.FIRST,
]  # fmt: skip
PROGRAM = """
import datetime as dt, sys, uuid
from decimal import Decimal
from enum import Enum
from corner_shop import derive_key
class Kind(Enum):
    FIRST = "first"
parts = [
    "inv-1", 7, uuid.UUID(int=1), dt.date(2026, 1, 2), dt.datetime(2026, 1, 2, 3, tzinfo=dt.UTC), Decimal("10.10"),
    b"\\x00bytes", Kind.FIRST,
]
print(" ".join(derive_key("pay", part) for part in parts))
"""


@pytest.mark.parametrize(
    "part", [object(), 1.5, None, ("a",), ["a"], {"a": 1}, dt.time(1)], ids=lambda part: type(part).__name__
)
def test_what_is_spelled_in_its_own_way_in_each_process_is_refused(sdk: Any, part: Any) -> None:  # noqa: ANN401
    """An object by its address is another key after a restart, so another charge."""
    with pytest.raises(TypeError, match=type(part).__name__):
        sdk.derive_key("pay", part)
    with pytest.raises(TypeError, match=type(part).__name__):
        sdk.derive_key(part, "a")


def test_the_same_identity_is_the_same_key_in_another_process(sdk: Any, project: Path) -> None:  # noqa: ANN401
    """Every kind of part, whatever the process hashes with."""
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM], env={"PYTHONPATH": str(project), "PYTHONHASHSEED": "7"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    keys = [sdk.derive_key("pay", part) for part in PARTS]
    assert run.stdout.split() == keys
    assert len(set(keys)) == len(keys)


def test_keys_stay_what_they_were(sdk: Any) -> None:  # noqa: ANN401
    """A queue's message that was sent by an earlier release of the SDK is not charged again by this one."""
    assert sdk.derive_key("pay", "inv-1", 7, dt.date(2026, 1, 2)) == "12cf957e-5ce8-5506-a3c7-716d336b6ca1"
    assert sdk.derive_key("pay", Decimal("10.10"), b"x", Kind.FIRST) == "6095d487-15da-530e-8293-042c3fd52528"
