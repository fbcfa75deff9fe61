"""The HTML page in a real browser: on wide and narrow screens, in light and dark, on paper, and without a network."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from samekey.audit.pages import as_html

from tests.audit.test_reports import depot, hostile
from tests.sandbox.chromium import Chromium

pytestmark = pytest.mark.slow

BACKGROUND = "getComputedStyle(document.body).backgroundColor"
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def page(tmp_path: Path) -> str:
    """The address of a page of an audit with hostile names, which are the longest."""
    file = tmp_path / "audit.html"
    file.write_text(as_html(hostile()), "utf-8")
    return file.as_uri()


@pytest.mark.parametrize("width", [360, 400, 800, 1400])
def test_nothing_sticks_out_at_any_width(tmp_path: Path, page: str, width: int) -> None:
    """Not even with everything unfolded; and the browser complains of nothing."""
    with Chromium(tmp_path, width=max(width, 500)) as browser:
        browser.command(
            "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False
        )
        browser.open(page)
        browser.until("document.readyState === 'complete' && !!document.querySelector('footer')")
        assert browser.evaluate(OVERFLOW) == 0
        browser.evaluate("document.querySelectorAll('details').forEach(entry => entry.open = true)")
        assert browser.evaluate(OVERFLOW) == 0
        assert browser.complaints == []


def test_it_follows_the_reader_s_light_and_asks_nobody(tmp_path: Path, page: str) -> None:
    """Light and dark differ, and the page is all that is loaded."""
    seen: set[str] = set()
    with Chromium(tmp_path) as browser:
        browser.offline()
        for scheme in ("light", "dark"):
            browser.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
            browser.open(page)
            browser.until("document.readyState === 'complete' && !!document.querySelector('footer')")
            seen.add(browser.evaluate(BACKGROUND))
        assert browser.evaluate("performance.getEntriesByType('resource').length") == 0
        assert browser.complaints == []
    assert len(seen) == 2


def test_paper_shows_what_is_folded(tmp_path: Path) -> None:
    """Reasons and operations are printed, though they are folded on the screen."""
    file = tmp_path / "audit.html"
    file.write_text(as_html(depot()), "utf-8")
    shown: dict[str, list[bool]] = {}
    with Chromium(tmp_path) as browser:
        browser.open(file.as_uri())
        browser.until("document.readyState === 'complete' && !!document.querySelector('footer')")
        for media in ("screen", "print"):
            browser.command("Emulation.setEmulatedMedia", media=media)
            script = "[...document.querySelectorAll('details .inside')].map(entry => entry.checkVisibility())"
            shown[media] = browser.evaluate(script)
        printed = base64.b64decode(browser.command("Page.printToPDF")["data"])
    assert not all(shown["screen"])
    assert all(shown["print"])
    assert printed.startswith(b"%PDF")
