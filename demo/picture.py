"""Draw docs/lost-answer.svg from a real run: a charge whose answer is lost, and its retry under the same key.

python -m demo.picture
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from samekey.sandbox.faults import Fault, Rule
from samekey.sandbox.ledger import AnswerKind, Kind
from samekey.sandbox.serving import running

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from samekey.sandbox.ledger import Event

ROOT = Path(__file__).parent.parent
SPEC = ROOT / "specs" / "payments" / "openapi.yaml"
SDK = ROOT / "generated" / "payments"
TARGET = ROOT / "docs" / "lost-answer.svg"
_LEFT, _RIGHT, _WIDTH = 150, 650, 800
_TOP, _STEP = 96, 52
_STYLE = """
    text { font: 15px system-ui, sans-serif; fill: #1f2328 }
    .small { font-size: 13px; fill: #59636e }
    .head { font-weight: 600 }
    .line { stroke: #8c959f; stroke-width: 1.5; fill: none }
    .life { stroke: #d1d9e0; stroke-width: 1.5 }
    .lost { stroke: #cf222e; stroke-dasharray: 6 5 }
    .bad { fill: #cf222e }
    .good { fill: #1a7f37 }
    .box { fill: #dafbe1; stroke: #1a7f37 }
    .tip { fill: #8c959f }
    @media (prefers-color-scheme: dark) {
      text { fill: #f0f6fc }
      .small { fill: #9198a1 }
      .life { stroke: #3d444d }
      .lost { stroke: #f85149 }
      .bad { fill: #f85149 }
      .good { fill: #3fb950 }
      .box { fill: #12261e; stroke: #3fb950 }
    }"""


def lost_answer() -> list[Event]:
    """Charge once at a sandbox that loses the first answer, and return what it wrote down."""
    sys.path.insert(0, str(SDK))
    acme: Any = importlib.import_module("acme_payments")
    with running(SPEC) as sandbox:
        sandbox.fail(Rule(Fault.CUT, times=1))
        retry = acme.RetryPolicy(initial_delay=0.05)
        with acme.AcmePayments(base_url=sandbox.url, token="picture", retry=retry) as client:  # noqa: S106
            client.charges.create(amount=4999, currency="eur")
        return sandbox.events()


def picture(events: Sequence[Event]) -> str:
    """Return the events of one call as an SVG: requests and answers as arrows, the effect as a box.

    Args:
        events: what the sandbox wrote down, in order.
    """
    rows = list(_rows(events))
    height = _TOP + _STEP * len(rows) + 40
    effects = sum(event.kind is Kind.EFFECT for event in events)
    requests = sum(event.kind is Kind.ARRIVED for event in events)
    said = f"{requests} requests, one key, {effects} charge"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{said}">',
        f"  <style>{_STYLE}\n  </style>",
        f'  <text class="head" x="{_LEFT}" y="40" text-anchor="middle">your program</text>',
        f'  <text class="head" x="{_RIGHT}" y="40" text-anchor="middle">the payments API</text>',
        f'  <path class="life" d="M{_LEFT} 56V{height - 56}M{_RIGHT} 56V{height - 56}"/>',
        *(line for number, row in enumerate(rows) for line in _drawn(row, _TOP + _STEP * number)),
        f'  <text class="head good" x="{_WIDTH // 2}" y="{height - 20}" text-anchor="middle">{escape(said)}</text>',
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _rows(events: Sequence[Event]) -> Iterator[tuple[str, str]]:
    """Yield how each event is drawn, and its words; the fault itself shows in what becomes of the answer."""
    attempts = 0
    # The effect is written down with its transaction, so it may stand before the request that had it.
    for event in sorted(events, key=lambda event: event.at):
        match event.kind:
            case Kind.ARRIVED:
                attempts += 1
                if attempts > 1:
                    yield "client", "retries: the same bytes, the same key"
                yield "request", "POST /charges · Idempotency-Key: K"
            case Kind.EFFECT:
                yield "effect", "charges 49.99 EUR"
            case Kind.LOST:
                yield "lost", "201 Created: the connection is cut"
            case Kind.ANSWERED if event.detail == AnswerKind.REPLAYED:
                yield "server", "knows K: charges nothing"
                yield "answer", "201 Created: the stored answer"
            case Kind.ANSWERED:
                yield "answer", f"{event.status}"
            case Kind.FAULT:
                pass


def _drawn(row: tuple[str, str], y: int) -> Iterator[str]:
    how, words = row
    text = escape(words)
    middle = _WIDTH // 2
    match how:
        case "request":
            yield f'  <text x="{middle}" y="{y - 8}" text-anchor="middle">{text}</text>'
            yield f'  <path class="line" d="M{_LEFT} {y}H{_RIGHT - 8}"/>'
            yield f'  <path class="tip" d="M{_RIGHT} {y}l-10 -5v10z"/>'
        case "answer":
            yield f'  <text class="good" x="{middle}" y="{y - 8}" text-anchor="middle">{text}</text>'
            yield f'  <path class="line" d="M{_RIGHT} {y}H{_LEFT + 8}"/>'
            yield f'  <path class="tip" d="M{_LEFT} {y}l10 -5v10z"/>'
        case "lost":
            yield f'  <text class="bad" x="{middle}" y="{y - 8}" text-anchor="middle">{text}</text>'
            yield f'  <path class="line lost" d="M{_RIGHT} {y}H{middle - 60}"/>'
            yield f'  <text class="bad" x="{middle - 72}" y="{y + 6}" text-anchor="middle" font-size="20">&#215;</text>'
        case "effect":
            yield f'  <rect class="box" x="{_RIGHT - 90}" y="{y - 26}" width="180" height="36" rx="6"/>'
            yield f'  <text class="good" x="{_RIGHT}" y="{y - 3}" text-anchor="middle">{text}</text>'
        case "server":
            yield f'  <text class="small" x="{_RIGHT + 12}" y="{y - 24}" text-anchor="end" dx="-24">{text}</text>'
        case _:
            yield f'  <text class="small" x="{_LEFT + 12}" y="{y - 8}">{text}</text>'


if __name__ == "__main__":
    TARGET.write_text(picture(lost_answer()), "utf-8")
