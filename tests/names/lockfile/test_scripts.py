"""APIs whose authors do not write in Latin letters."""

from __future__ import annotations

import sys
from pathlib import Path
from urllib.parse import quote

import pytest
from samekey.config.file import Config

from tests.names.lockfile.documents import calls, give, import_all, sdk
from tests.tools import checked, mypy_strict

SHOPS = {
    "заказы": ("Магазин", {"создатьЗаказ": ("заказы", "создать_заказ"), "списокЗаказов": ("заказы", "список_заказов")},
               {"Заказ": "Заказ", "статус_заказа": "СтатусЗаказа"}),
    "订单": ("商店", {"创建订单": ("订单", "创建订单"), "获取订单列表": ("订单", "获取订单列表")},
            {"订单": "订单Model", "状态": "状态Enum"}),
    "注文": ("ショップ", {"注文を作成": ("注文", "注文を作成"), "注文ID検索": ("注文", "id_検索")},
            {"注文": "注文Model", "状態": "状態Enum"}),
}  # fmt: skip


@pytest.mark.parametrize("tag", SHOPS)
def test_an_api_in_another_script_reads_as_it_is_written(tag: str, tmp_path: Path) -> None:
    """Methods, classes and fields have the document's own words; they run, and mypy in strict mode is content."""
    title, operations, (schema, status) = SHOPS[tag][0], SHOPS[tag][1], SHOPS[tag][2]
    reference = {"$ref": f"#/components/schemas/{quote(schema)}"}
    content = {"application/json": {"schema": reference}}
    value = {
        "openapi": "3.1.0",
        "info": {"title": title, "version": "1"},
        "servers": [{"url": "https://shop.example"}],
        "paths": {
            f"/{number}": {"post": {
                "operationId": operation, "tags": [tag],
                "parameters": [{"name": tag, "in": "query", "schema": {"type": "string"}}],
                "requestBody": {"content": content}, "responses": {"200": {"description": "", "content": content}},
            }}
            for number, operation in enumerate(operations)
        },
        "components": {"schemas": {
            # A field of its own type's name, which would hide that type were it not for the capital.
            schema: {"type": "object", "properties": {
                status: {"$ref": f"#/components/schemas/{quote(status)}"}, schema: reference,
            }},
            status: {"enum": ["новый", "оплачен", "已付款"]},
        }},
    }  # fmt: skip
    code, _, errors = sdk(tmp_path, value, "--package", "shop")
    assert (code, errors) == (0, "")
    found = give(value, config=Config(package="shop"))
    classes = SHOPS[tag][2]
    assert {found.names["type", "components", "schemas", entry, "", ""] for entry in classes} == set(classes.values())
    assert list(calls(tmp_path).values()) == [".".join(place) for place in operations.values()]
    import_all(tmp_path, "shop", "Shop", *calls(tmp_path).values())
    checked([sys.executable, "-W", "error", "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"], tmp_path / "sdk")
    checked([*mypy_strict(), "."], tmp_path / "sdk")
