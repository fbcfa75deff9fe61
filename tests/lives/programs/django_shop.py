"""Views of Django around one async client: `django_shop.py RESULT CALLS`."""

from __future__ import annotations

import asyncio
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import django
from asgiref.sync import async_to_sync, sync_to_async
from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.test import AsyncClient, Client
from django.urls import path
from paying import apay, async_client, pay
from paying import client as make

client = make()
aclient = async_client()


def sync_view(request: HttpRequest) -> JsonResponse:
    """Call the async client from a sync view, by what Django recommends for it."""
    return JsonResponse(async_to_sync(apay)(aclient, request.GET["item"]))


async def async_view(request: HttpRequest) -> JsonResponse:
    """Await the async client; under WSGI, Django runs a loop for each such request."""
    return JsonResponse(await apay(aclient, request.GET["item"]))


async def mixed_view(request: HttpRequest) -> JsonResponse:
    """Go from a loop to a thread, and from there back into the loop, as layers of a program do."""
    return JsonResponse(await sync_to_async(async_to_sync(apay))(aclient, request.GET["item"]))


async def threaded_view(request: HttpRequest) -> JsonResponse:
    """Call the sync client in a thread, since a loop must not wait."""
    return JsonResponse(await sync_to_async(pay, thread_sensitive=False)(client, request.GET["item"]))


VIEWS = {"sync": sync_view, "async": async_view, "mixed": mixed_view, "threaded": threaded_view}
urlpatterns = [path(f"{name}/", view) for name, view in VIEWS.items()]


def under_wsgi(addresses: list[tuple[str, str]]) -> list[dict[str, Any]]:
    """Ask for all views in threads."""

    def ask(address: tuple[str, str]) -> dict[str, Any]:
        view, item = address
        told: dict[str, Any] = Client().get(f"/{view}/", {"item": item}).json()
        return told

    with ThreadPoolExecutor(8) as threads:
        return list(threads.map(ask, addresses))


async def under_asgi(addresses: list[tuple[str, str]]) -> list[dict[str, Any]]:
    """Ask for all views in one loop, a few at once."""
    told: list[dict[str, Any]] = []
    for start in range(0, len(addresses), 8):
        few = [AsyncClient().get(f"/{view}/", {"item": item}) for view, item in addresses[start : start + 8]]
        told += [answer.json() for answer in await asyncio.gather(*few)]
    return told


if __name__ == "__main__":
    result, calls = sys.argv[1:]
    settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="-", USE_TZ=True)  # noqa: S106
    django.setup()
    names = [(list(VIEWS)[number % len(VIEWS)], f"item {number}") for number in range(int(calls))]
    told = under_wsgi(names)
    told += asyncio.run(under_asgi([(view, f"{item} asgi") for view, item in names]))
    client.close()
    Path(result).write_text(json.dumps(told), "utf-8")
