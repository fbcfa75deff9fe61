"""Resources that hold resources, in an editor: each level completes the next one, and hovering shows the operation."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from samekey.config.file import Config
from samekey.document.diagnostics import Diagnostics
from samekey.document.node import load
from samekey.pipeline import generate

from tests.editor.language_server import LanguageServer
from tests.emit.test_nested import DOCUMENT
from tests.tools import write_files

ASKED = """\
from shop_nested import AsyncShop, Shop

client = Shop()
client.buyers.|list
client.buyers.payment_methods.|list
client.buyers.payment_methods.tokens.cre|ate("b")


async def main(aclient: AsyncShop) -> None:
    aclient.buyers.payment_methods.|tokens
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LanguageServer]:
    """The language server on an SDK with nested resources."""
    folder = tmp_path_factory.mktemp("nested")
    document = load("api.yaml", Diagnostics(), lambda _: DOCUMENT.encode())
    assert document is not None
    result = generate(document, Config(package="shop_nested"))
    assert result is not None
    write_files(result.files, folder)
    found = LanguageServer(folder, ASKED)
    yield found
    found.close()


@pytest.mark.parametrize(
    ("mark", "expected"),
    [(0, {"list", "payment_methods"}), (1, {"list", "tokens"}), (3, {"list", "tokens"})],
)
def test_each_level_is_completed(server: LanguageServer, mark: int, expected: set[str]) -> None:
    """With its own operations and the resources below, sync and async."""
    assert expected <= set(server.completions(mark))


def test_hovering_at_any_depth_shows_the_operation(server: LanguageServer) -> None:
    """Its arguments, and its docstring."""
    assert "id: str" in server.hover(2)
