"""Runs tests on httpx2 in place of httpx: `python -m pytest -p tests.on_httpx2 tests/behaviour`.

It is loaded before anything imports httpx, and makes every import of it one of httpx2: in tests, in SDKs, in servers.
"""

import httpx2

httpx2.alias_httpx()
