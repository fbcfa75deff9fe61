"""`make demo`: generate the payments SDK, lose its answers, and show that nothing happens twice."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from server import Server

ROOT = Path(__file__).parent.parent
SPEC = ROOT / "specs" / "payments" / "openapi.yaml"
OUTPUT = ROOT / "build" / "demo"
CUT = "the connection is cut"
console = Console(highlight=False)


def main() -> int:
    """Run the demo; 0 where every promise held."""
    step("1", f"samekey generate {SPEC.relative_to(ROOT)} -o {OUTPUT.relative_to(ROOT)}")
    subprocess.run([sys.executable, "-m", "samekey", "generate", str(SPEC), "-o", str(OUTPUT)], check=True)  # noqa: S603
    sys.path.insert(0, str(OUTPUT))
    acme: Any = importlib.import_module("acme_payments")

    server = Server()
    client = acme.AcmePayments(base_url=server.url, token="demo", retry=acme.RetryPolicy(initial_delay=0.1))  # noqa: S106
    step("2", "charge a customer; the server takes the money, then the answer is lost twice")
    server.bank.losses = [CUT, "a 503 is sent"]
    code = 'client.charges.create.detailed(amount=4999, currency="eur")'
    console.print(f"    >>> {code}")
    response = client.charges.create.detailed(amount=4999, currency="eur")
    console.print(
        f"    {response.data.id}: {response.data.amount} {response.data.currency}, replayed={response.replayed}"
    )
    show(server)
    keys = {seen.key for seen in server.bank.seen}
    bodies = {seen.body for seen in server.bank.seen}
    attempts, charges = len(server.bank.seen), len(server.bank.charges)

    step("3", "read it back; the answer is lost once, and a read needs no key")
    server.bank.seen.clear()
    server.bank.losses = [CUT]
    client.charges.get(response.data.id)
    show(server)
    reads_keyless = all(seen.key is None for seen in server.bank.seen)

    step("4", "lose every answer: the error says what is certain, and the key settles it")
    server.bank.losses = [CUT] * 4
    try:
        client.charges.create(amount=100, currency="eur")
    except acme.APIError as error:
        console.print(f"    {type(error).__name__}: {error}", soft_wrap=True)
        key = error.idempotency_key
        console.print(
            "    >>> client.charges.create(amount=100, currency='eur', idempotency_key=error.idempotency_key)"
        )
        settled = client.charges.create.detailed(amount=100, currency="eur", idempotency_key=key)
        console.print(f"    {settled.data.id}: {settled.certainty}, replayed={settled.replayed}")
    client.close()

    held = (attempts, len(keys), len(bodies), charges, len(server.bank.charges), reads_keyless) == (3, 1, 1, 1, 2, True)
    console.print(
        f"\n[bold]{attempts} attempts, {len(keys)} key, {len(bodies)} body, {charges} charge.[/bold] "
        f"After everything: 2 calls that took money, {len(server.bank.charges)} charges."
    )
    return 0 if held else 1


def step(number: str, text: str) -> None:
    """Announce a step."""
    console.print(f"\n[bold]{number}.[/bold] {text}", soft_wrap=True)


def show(server: Server) -> None:
    """Print what came over the wire."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("    on the wire", "Idempotency-Key", "what became of it"):
        table.add_column(heading, no_wrap=True)
    for number, seen in enumerate(server.bank.seen, 1):
        table.add_row(f"    attempt {number}: {seen.method} {seen.path}", seen.key or "none", seen.fate)
    if not console.is_terminal:
        console.width = 140
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())
