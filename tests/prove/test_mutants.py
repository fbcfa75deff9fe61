"""The broken servers and clients of `make mutants-proof` can be made; proving them takes longer than a test may."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.proof_mutants.__main__ import broken_copy
from tests.proof_mutants.clients import CLIENTS
from tests.proof_mutants.mutant import Mutant
from tests.proof_mutants.servers import SERVERS


@pytest.mark.parametrize("mutant", [*SERVERS, *CLIENTS], ids=lambda mutant: mutant.label)
def test_each_mistake_is_one_that_python_can_read(mutant: Mutant, tmp_path: Path) -> None:
    """What it replaces stands in the program exactly once, and what comes out is a program."""
    ast.parse((broken_copy(mutant, tmp_path) / mutant.path).read_text("utf-8"))


def test_labels_tell_them_apart() -> None:
    """A survivor is named by its label."""
    labels = [mutant.label for mutant in (*SERVERS, *CLIENTS)]
    assert len(labels) == len(set(labels)) >= 80
