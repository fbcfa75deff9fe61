"""The rows of the tables: a construct, a call through it, and what is then on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from .sdk import NOTHING, Answer, Call, Sdk, Sent

if TYPE_CHECKING:
    from _pytest.mark.structures import ParameterSet


@dataclass(frozen=True)
class Case:
    """A row of a table.

    Args:
        construct: what the document says.
        call: a call.
        line: method and target that must be sent.
        headers: headers that must be sent, by names in lower case; None for one that must not be there.
        body: the bytes of the body that must be sent.
        answer: what the server says.
    """

    construct: str
    call: Call
    line: str
    headers: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    body: bytes = b""
    answer: Answer = NOTHING

    def check(self, sdk: Sdk) -> None:
        """Make the call and compare what was sent."""
        sent = sdk.send(self.call, self.answer)
        assert sent == Sent(self.line, {**sent.headers, **self._given()}, self.body)
        assert not self._absent() & sent.headers.keys()

    def _given(self) -> dict[str, str]:
        return {name: value for name, value in self.headers.items() if value is not None}

    def _absent(self) -> set[str]:
        return {name for name, value in self.headers.items() if value is None}


def rows(*cases: Case) -> list[ParameterSet]:
    """The rows as parameters of a test, each under the name of its construct."""
    return [pytest.param(case, id=case.construct) for case in cases]
