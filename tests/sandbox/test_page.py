"""The ledger for programs, and the page for people, in a real browser."""

from __future__ import annotations

import json
import shlex
import threading
from collections.abc import Generator
from itertools import pairwise, takewhile
from pathlib import Path

import httpx
import pytest
from samekey.sandbox.server.chaos import Upstream, open_chaos
from samekey.sandbox.server.faults import Fault, Rule
from samekey.sandbox.server.serving import Running, in_thread

from tests.sandbox.chromium import Chromium

CHARGE = {"amount": 1999, "currency": "eur"}
KEY = "2f1c7a54-90b3-4e0e-8d25-6a1f0c9be731"
ROWS = "[...document.querySelectorAll('article')]"


def charge(client: httpx.Client, key: str = KEY) -> None:
    """Ask for a charge until there is an answer."""
    while True:
        try:
            client.post("/charges", json=CHARGE, headers={"Idempotency-Key": key})
        except httpx.TransportError:
            continue
        return


def test_the_ledger_tells_attempts_faults_and_the_one_effect(client: httpx.Client, payments: Running) -> None:
    """Every attempt is there with what became of it, in the order of time, and the totals add up."""
    payments.fail(Rule(Fault.CUT, times=1))
    charge(client)
    ledger = httpx.get(f"{payments.page}ledger.json").json()
    events = sorted(ledger["events"], key=lambda event: event["at"])
    kinds = [(event["kind"], event["fault"] or event["detail"] or event["status"]) for event in events]
    assert [kind for kind, _ in kinds] == ["arrived", "fault", "effect", "lost", "arrived", "answered"]
    assert kinds[1][1] == "cut"
    assert kinds[5][1] == "replayed"
    assert {event["key"] for event in events} == {KEY}
    assert len({event["attempt"] for event in events}) == 2
    assert ledger["totals"] == {
        "attempts": 2, "effects": 1, "keys": 1, "replays": 1, "prevented": 1, "faults": {"cut": 1}
    }  # fmt: skip
    last = max(event["seq"] for event in events)
    assert httpx.get(f"{payments.page}ledger.json", params={"after": last}).json()["events"] == []
    assert httpx.get(f"{payments.page}ledger.json", params={"after": "x"}).status_code == 400


def test_the_ledger_can_be_cleared(client: httpx.Client, payments: Running) -> None:
    """What has happened is forgotten; keys are not."""
    charge(client)
    assert httpx.request("DELETE", f"{payments.page}ledger", json={}).status_code == 204
    assert httpx.get(f"{payments.page}ledger.json").json()["events"] == []
    charge(client)
    assert payments.totals().effects == 0


def test_numbers_go_on_after_the_ledger_was_cleared(client: httpx.Client, payments: Running) -> None:
    """Whoever follows the ledger is told that it was cleared, and misses nothing of what comes then."""
    other = KEY.replace("2", "3")
    charge(client)
    last = max(event["seq"] for event in httpx.get(f"{payments.page}ledger.json").json()["events"])
    with httpx.stream("GET", f"{payments.page}events", timeout=10) as stream:
        lines = (line for line in stream.iter_lines() if line.startswith(("event", "data")))
        while next(lines) != "event: totals":
            pass
        httpx.request("DELETE", f"{payments.page}ledger", json={})
        charge(client, other)
        ledger = list(takewhile(lambda line: other not in line, lines))
    assert "event: forgotten" in ledger
    after = httpx.get(f"{payments.page}ledger.json", params={"after": last}).json()["events"]
    assert sorted(event["kind"] for event in after) == ["answered", "arrived", "effect"]


def test_faults_are_set_by_the_admin_route(client: httpx.Client, payments: Running) -> None:
    """A plan is put, read back, and strikes; one that is none is refused and changes nothing."""
    plan = {"seed": 3, "rules": [{"fault": "503", "operation": "createCharge", "times": 1, "seconds": 0.1}]}
    set_ = httpx.put(f"{payments.page}faults", json=plan)
    assert set_.json()["rules"][0]["fault"] == "503"
    assert httpx.get(f"{payments.page}faults").json() == set_.json()
    refused = httpx.put(f"{payments.page}faults", json={"rules": [{"fault": "none"}]})
    assert refused.status_code == 400
    assert "faults are" in refused.json()["error"]
    assert client.get("/charges").status_code == 200
    assert client.post("/charges", json=CHARGE).status_code == 503
    assert client.post("/charges", json=CHARGE).status_code == 201


@pytest.mark.parametrize("headers", [{}, {"Content-Type": "text/plain"}])
def test_another_sites_page_changes_nothing(payments: Running, headers: dict[str, str]) -> None:
    """A browser sends such requests for any page without asking; they are refused."""
    for method, path in (("PUT", "faults"), ("DELETE", "ledger")):
        assert httpx.request(method, f"{payments.page}{path}", content=b"{}", headers=headers).status_code == 415


def test_events_come_as_they_happen(client: httpx.Client, payments: Running) -> None:
    """The stream tells its title first, then everything, then what is new."""
    charge(client)
    with httpx.stream("GET", f"{payments.page}events", timeout=10) as stream:
        lines = (line for line in stream.iter_lines() if line.startswith(("event", "data")))
        assert next(lines) == "event: hello"
        assert json.loads(next(lines)[6:])["title"] == "Acme Payments"
        assert next(lines) == "event: happened"
        assert len(json.loads(next(lines)[6:])) == 3
        assert next(lines) == "event: totals"
        assert json.loads(next(lines)[6:])["totals"]["effects"] == 1
        charge(client, KEY.replace("2", "3"))
        seen: list[str] = []
        while len(seen) < 3:
            if next(lines) == "event: happened":
                seen += [event["kind"] for event in json.loads(next(lines)[6:])]
        assert sorted(seen) == ["answered", "arrived", "effect"]


@pytest.fixture
def browser(tmp_path: Path, payments: Running) -> Generator[Chromium]:
    """A browser that shows the page."""
    with Chromium(tmp_path) as browser:
        browser.offline()
        browser.open(payments.page)
        browser.until("document.getElementById('link')?.dataset.state === 'live'")
        yield browser


def test_the_page_is_clear_at_a_glance(
    browser: Chromium, client: httpx.Client, payments: Running, tmp_path: Path
) -> None:
    """Requests appear as they come: a row for a key, a chip for each attempt, one effect, duplicates prevented."""
    assert browser.evaluate("document.getElementById('title').textContent") == "Acme Payments"
    assert browser.evaluate("document.getElementById('empty').hidden") is False
    payments.fail(Rule(Fault.CUT_IN_BODY, "createCharge", times=1), Rule(Fault.UNAVAILABLE, "createCharge", times=1))
    client.post("/customers", json={"email": "a@mail.example"}, headers={"Idempotency-Key": KEY.replace("7", "8")})
    charge(client)
    browser.until("document.getElementById('effects').textContent === '2'")
    browser.until(f"{ROWS}.length === 2")
    charge(client)
    browser.until("document.getElementById('prevented').textContent === '1'")
    browser.until(f"{ROWS}.some(row => row.querySelectorAll('.chip').length === 3)")
    row = browser.evaluate(f"{ROWS}[0].innerText")
    assert "createCharge" in row
    assert KEY in browser.evaluate(f"{ROWS}[0].textContent")
    assert "done once" in row
    assert "from memory" in row
    browser.screenshot(tmp_path / "page.png")
    assert (tmp_path / "page.png").stat().st_size > 20_000
    assert browser.complaints == []


def test_filters_choose_rows(browser: Chromium, client: httpx.Client) -> None:
    """By words, by having been asked for twice, and reads only where they are wanted."""
    charge(client)
    charge(client)
    charge(client, KEY.replace("2", "3"))
    client.get("/charges")
    browser.until(f"{ROWS}.length === 2")
    browser.evaluate("document.getElementById('retried').click()")
    browser.until(f"{ROWS}.length === 1")
    browser.evaluate("document.getElementById('retried').click(); document.getElementById('reads').click()")
    browser.until(f"{ROWS}.length === 3")
    search = """
        document.getElementById('search').value = 'LISTCHARGES';
        document.getElementById('search').dispatchEvent(new Event('input'));
    """
    browser.evaluate(search)
    browser.until(f"{ROWS}.length === 1")


def test_what_needs_no_key_is_told_from_what_lacks_one(browser: Chromium, client: httpx.Client) -> None:
    """A charge without a key would be made twice; to delete again changes nothing."""
    customer = client.post("/customers", json={"email": "a@mail.example"}).json()["id"]
    client.delete(f"/customers/{customer}")
    browser.until(f"{ROWS}.length === 2")
    verdicts = f"{ROWS}.map(row => row.querySelector('.verdict').innerText.replaceAll('\\n', ' '))"
    browser.until(f"{verdicts}[0].startsWith('done') && {verdicts}[1].startsWith('done')")
    assert browser.evaluate(verdicts) == [
        "done needs no key: a retry changes nothing", "done no key: a retry would do it again"
    ]  # fmt: skip


def test_the_page_of_a_proxy_says_what_it_knows(client: httpx.Client, payments: Running, tmp_path: Path) -> None:
    """What was passed on, and what the API says it has answered from memory; not what was done, which it cannot see."""
    chaos = open_chaos(Upstream(payments.url, str(tmp_path / "chaos.db")))
    with in_thread(chaos) as proxy, Chromium(tmp_path) as browser:
        client.base_url = httpx.URL(proxy.url)
        browser.open(proxy.page)
        browser.until("document.getElementById('link')?.dataset.state === 'live'")
        proxy.fail(Rule(Fault.CUT, times=1))
        with pytest.raises(httpx.RemoteProtocolError):
            client.post("/charges", json=CHARGE, headers={"Idempotency-Key": KEY})
        browser.until(f"{ROWS}[0]?.innerText.includes('answer lost')")
        assert "passed on" in browser.evaluate(f"{ROWS}[0].innerText")
        charge(client)
        browser.until(f"{ROWS}[0].innerText.includes('answered from memory')")
        charge(client, KEY.replace("2", "3"))
        browser.until(f"{ROWS}.length === 2")
        browser.until(f"{ROWS}[0].querySelector('.verdict').innerText.startsWith('answered')")
        assert browser.evaluate("document.getElementById('effects').offsetParent") is None
        assert browser.complaints == []


def test_clearing_empties_the_page_which_goes_on(browser: Chromium, client: httpx.Client) -> None:
    """Rows and totals begin anew, and what comes then is shown."""
    charge(client)
    browser.until(f"{ROWS}.length === 1")
    browser.evaluate("document.getElementById('clear').click()")
    browser.until(f"{ROWS}.length === 0 && document.getElementById('effects').textContent === '0'")
    charge(client, KEY.replace("2", "3"))
    browser.until(f"{ROWS}.length === 1 && document.getElementById('effects').textContent === '1'")


def test_switches_set_faults(browser: Chromium, client: httpx.Client, payments: Running) -> None:
    """Ticking a fault and applying it makes the next request fail, and one button ends it."""
    browser.until("document.querySelector('#options input[value=\"503\"]') !== null")
    browser.evaluate("""
        document.getElementById('switches').open = true;
        document.querySelector('#options input[value="503"]').click();
        document.getElementById('probability').value = 100;
        document.querySelector('#faults button[type=submit]').click();
    """)
    browser.until("document.getElementById('active').textContent === '503'")
    assert client.get("/charges").status_code == 503
    browser.evaluate("document.getElementById('calm').click()")
    browser.until("document.getElementById('active').hidden")
    assert client.get("/charges").status_code == 200
    assert payments.totals().faults == {"503": 1}


def test_text_from_requests_stays_text(browser: Chromium, client: httpx.Client, payments: Running) -> None:
    """A key or a path that looks like markup is shown as it is, and does nothing."""
    markup = "<img src=x onerror=document.title=1>"
    client.post("/charges", json=CHARGE, headers={"Idempotency-Key": markup})
    browser.until(f"{ROWS}.some(row => row.textContent.includes('onerror'))")
    assert browser.evaluate("document.querySelectorAll('img').length") == 0
    policy = httpx.get(payments.page).headers["content-security-policy"]
    assert policy.startswith("default-src 'self'")


def test_the_page_says_when_the_server_is_gone(browser: Chromium, payments: Running) -> None:
    """Somebody who looks at an old page is told so, and the page goes on by itself when the server is back."""
    stopping = threading.Thread(target=payments.stop)
    stopping.start()
    browser.until("document.getElementById('link').dataset.state === 'lost'")
    stopping.join()


def test_keys_can_be_ignored_for_a_while(client: httpx.Client, payments: Running) -> None:
    """The same request is done each time, and once again when keys count; other words change nothing."""
    switch = f"{payments.page}keys"
    assert httpx.get(switch).json() == {"honoured": True}
    assert httpx.put(switch, json={"honoured": False}).json() == {"honoured": False}
    charge(client)
    charge(client)
    assert payments.totals().effects == 2
    for wrong in ({}, {"honoured": "no"}, {"honoured": False, "for": 3}):
        assert httpx.put(switch, json=wrong).status_code == 400
    assert httpx.put(switch, json={"honoured": True}).status_code == 200
    charge(client)
    charge(client)
    assert payments.totals().effects == 3
    assert httpx.put(switch, content=b"{}").status_code == 415


def test_the_keys_of_another_server_are_not_the_proxys(payments: Running, tmp_path: Path) -> None:
    """A proxy cannot switch them off."""
    with in_thread(open_chaos(Upstream(payments.url, str(tmp_path / "chaos.db")))) as proxy:
        assert httpx.put(f"{proxy.page}keys", json={"honoured": False}).status_code == 404


def test_an_empty_page_offers_a_request_that_works(browser: Chromium, payments: Running) -> None:
    """The line for a terminal is a whole request, which makes a thing at its first run, and none at its second."""
    line = browser.evaluate("document.getElementById('curl').textContent")
    assert browser.evaluate("document.querySelector('#empty .storm').offsetParent !== null")
    command = [word for word in shlex.split(line) if word.strip()]
    method, url, body = command[2], command[3], command[-1]
    headers = dict(value.split(": ", 1) for flag, value in pairwise(command) if flag == "-H")
    for expected in (1, 1):
        assert httpx.request(method, url, headers=headers, content=body).status_code == 201
        assert payments.totals().effects == expected
    browser.until(f"{ROWS}.length === 1")
    assert browser.evaluate("document.getElementById('empty').hidden")


STORMED = "document.getElementById('storm-result').textContent.includes('got their answer')"


def test_a_storm_makes_no_duplicates_unless_keys_are_ignored(browser: Chromium, payments: Running) -> None:
    """Twenty things are wanted and made, whatever is lost; with keys off, what was made twice is red, and counted."""
    browser.evaluate("document.querySelector('.storm').click()")
    browser.until(STORMED)
    browser.until("document.getElementById('effects').textContent === '20'")
    assert browser.evaluate("document.getElementById('toomany').textContent") == "0"
    assert payments.totals().faults
    browser.evaluate("document.getElementById('honour').click()")
    browser.until("document.body.dataset.honoured === 'false'")
    payments.fail(Rule(Fault.DUPLICATE, times=1))
    browser.until("document.getElementById('active').textContent === 'duplicate'")
    browser.evaluate("document.getElementById('storm-result').textContent = ''")
    browser.evaluate("document.querySelector('.storm').click()")
    browser.until(STORMED)
    browser.until("Number(document.getElementById('toomany').textContent) >= 1")
    browser.until(f"{ROWS}.some(row => row.dataset.verdict === 'twice')")
    assert "1999 usd" in browser.evaluate("document.getElementById('price').textContent")
    # Faults that somebody has set are theirs: the page neither adds to them nor clears them.
    assert httpx.get(f"{payments.page}faults").json()["rules"][0]["fault"] == "duplicate"


def test_a_row_opens_by_keyboard_into_a_picture_and_a_table(
    browser: Chromium, client: httpx.Client, payments: Running
) -> None:
    """Requests, effect and answers stand on one axis of time; the table says the same to those who do not see it."""
    payments.fail(Rule(Fault.CUT, times=1))
    charge(client)
    browser.until(f"{ROWS}[0]?.innerText.includes('from memory')")
    browser.evaluate(f"{ROWS}[0].querySelector('.what').focus()")
    for kind in ("keyDown", "keyUp"):
        browser.command("Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", text="\r")
    browser.until(f"{ROWS}[0].querySelector('.what').getAttribute('aria-expanded') === 'true'")
    assert browser.evaluate(f"{ROWS}[0].querySelectorAll('svg .request').length") == 4, (
        "a line and a tip for each request"
    )
    assert browser.evaluate(f"{ROWS}[0].querySelectorAll('svg .dot-effect').length") == 1
    cells = browser.evaluate(f"[...{ROWS}[0].querySelectorAll('td')].map(cell => cell.textContent)")
    assert "done, then cut before the answer" in cells
    assert "from memory, not done again" in cells
    # A second request with the key comes in while the row is open, which stays so.
    charge(client)
    browser.until(f"{ROWS}[0].querySelectorAll('svg .request').length === 6")


def test_a_preset_sets_its_faults(browser: Chromium, payments: Running) -> None:
    """One button for what people want to try; faults stand together by when they strike."""
    browser.evaluate("""
        document.getElementById('switches').open = true;
        [...document.querySelectorAll('#presets button')].find(each => each.textContent === 'lose answers').click();
    """)
    browser.until("document.getElementById('active').textContent === '3 faults'")
    rules = httpx.get(f"{payments.page}faults").json()["rules"]
    assert [rule["fault"] for rule in rules] == ["cut", "cut-in-head", "cut-in-body"]
    offered = browser.evaluate("[...document.querySelectorAll('#options input')].map(box => box.value)")
    assert sorted(offered) == sorted(fault.value for fault in Fault)
    assert browser.evaluate("[...document.querySelectorAll('legend')].map(each => each.textContent)") == [
        "before anything is done", "while it is done", "after it was done"
    ]  # fmt: skip


def test_many_rows_are_counted_and_two_accounts_told_apart(
    browser: Chromium, client: httpx.Client, payments: Running
) -> None:
    """What is not drawn is not hidden in silence; one key of two callers is two rows, each with its caller."""
    with httpx.Client(base_url=payments.url) as other:
        user = {"Authorization": "Basic YW5uOg==", "Idempotency-Key": KEY}
        assert other.post("/charges", json=CHARGE, headers=user).status_code == 401
    for number in range(204):
        client.get(f"/charges/ch_{number}")
    charge(client)
    browser.evaluate("document.getElementById('reads').click()")
    browser.until("document.getElementById('shown').textContent === '200 of 206 are shown'")
    browser.evaluate("document.getElementById('more').click()")
    browser.until(f"{ROWS}.length === 206")
    accounts = browser.evaluate(f"{ROWS}.map(row => row.querySelector('.account').textContent)")
    assert set(accounts) == {"account 1", "account 2"}
