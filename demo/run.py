"""`make demo`: generate the payments SDK, serve the API, lose its answers, and show that nothing happens twice."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from samekey.prove.call_plan import PATIENT
from samekey.prove.clients import attempts_of
from samekey.prove.history import CallReport, Certainty
from samekey.prove.timeline import timeline
from samekey.sandbox.faults import Fault, Rule
from samekey.sandbox.ledger import AnswerKind, Event, Kind
from samekey.sandbox.serving import running

if TYPE_CHECKING:
    from samekey.sandbox.serving import Running

ROOT = Path(__file__).parent.parent
SPEC = ROOT / "specs" / "payments" / "openapi.yaml"
OUTPUT = ROOT / "build" / "demo"
CROWD = 12
LOSSES = (
    Fault.CUT, Fault.CUT_IN_HEAD, Fault.CUT_IN_BODY, Fault.BAD_GATEWAY, Fault.FAIL_AFTER_COMMIT,
    Fault.CRASH_BEFORE_COMMIT, Fault.UNAVAILABLE, Fault.RESET, Fault.DUPLICATE, Fault.RACE,
)  # fmt: skip
console = Console(highlight=False, soft_wrap=True)


def main() -> int:
    """Run the demo; return 0 where every promise held, else 1."""
    step("1", f"samekey generate {SPEC.relative_to(ROOT)} -o {OUTPUT.relative_to(ROOT)}")
    subprocess.run([sys.executable, "-m", "samekey", "generate", str(SPEC), "-o", str(OUTPUT)], check=True)  # noqa: S603
    sys.path.insert(0, str(OUTPUT))
    acme: Any = importlib.import_module("acme_payments")
    with running(SPEC) as sandbox:
        step("2", f"samekey serve {SPEC.relative_to(ROOT)}")
        console.print(f"    the API:          {sandbox.url}")
        console.print(f"    watch it:         {sandbox.page}  [dim]while this runs[/dim]")
        retry = acme.RetryPolicy(max_retries=12, initial_delay=0.1, max_delay=0.4)
        with acme.AcmePayments(base_url=sandbox.url, token="demo", retry=retry) as client:  # noqa: S106
            held = [
                charge_once(sandbox, client),
                read_without_a_key(sandbox, client),
                settle_the_unknown(sandbox, client, acme),
                charge_a_crowd(sandbox, client),
            ]
        return verdict(sandbox, held)


def charge_once(sandbox: Running, client: Any) -> bool:  # noqa: ANN401  # the SDK has just been made
    """Make one charge whose response is lost twice; return whether it was made once."""
    step("3", "charge a customer; the money is taken, then the answer is lost twice")
    sandbox.fail(Rule(Fault.CUT, times=1), Rule(Fault.BAD_GATEWAY, times=1))
    console.print('    >>> client.charges.create(amount=4999, currency="eur")')
    response = client.charges.create.detailed(amount=4999, currency="eur")
    charge = response.data
    console.print(f"    {charge.id}: {charge.amount} {charge.currency}, replayed={response.replayed}")
    show(sandbox, response.record)
    return effects(sandbox, response.record.call.idempotency_key) == 1


def read_without_a_key(sandbox: Running, client: Any) -> bool:  # noqa: ANN401
    """Make a read whose response is lost once; return whether it carried no key."""
    step("4", "list the charges; the answer is lost once, and a read needs no key")
    sandbox.fail(Rule(Fault.CUT, times=1))
    before = len(sandbox.events())
    response = client.charges.list.detailed()
    console.print(f"    {len(response.data.data)} charge after {len(response.record.attempts)} attempts")
    return all(event.key is None for event in sandbox.events()[before:])


def settle_the_unknown(sandbox: Running, client: Any, acme: Any) -> bool:  # noqa: ANN401
    """Make a charge of which every response is lost; return whether its key settles it."""
    step("5", "lose every answer: the error says what is certain, and the key settles it")
    sandbox.fail(Rule(Fault.CUT))
    try:
        client.with_options(retry=acme.RetryPolicy(max_retries=2, initial_delay=0.1)).charges.create(
            amount=100, currency="eur"
        )
    except acme.APIError as error:
        console.print(f"    {type(error).__name__}: {error}")
        key = error.idempotency_key
    else:
        return False
    sandbox.fail()
    console.print("    >>> client.charges.create(amount=100, currency='eur', idempotency_key=error.idempotency_key)")
    settled = client.charges.create.detailed(amount=100, currency="eur", idempotency_key=key)
    console.print(f"    {settled.data.id}: {settled.certainty}, replayed={settled.replayed}")
    return bool(settled.replayed) and effects(sandbox, key) == 1


def charge_a_crowd(sandbox: Running, client: Any) -> bool:  # noqa: ANN401
    """Make many charges at once through all of these faults; return whether each was made once."""
    step("6", f"{CROWD} charges at once; half of the requests meet a fault")
    sandbox.fail(*[Rule(fault, probability=0.07, seconds=0.1) for fault in LOSSES])
    with ThreadPoolExecutor(CROWD) as pool:
        amounts = [100 * (number + 1) for number in range(CROWD)]
        made = list(pool.map(lambda amount: client.charges.create.detailed(amount=amount, currency="eur"), amounts))
    events = sandbox.events()
    keys = [response.record.call.idempotency_key for response in made]
    for key in keys:
        own = [event for event in events if event.key == key]
        what = " · ".join(filter(None, map(word, own)))
        console.print(f"    {key[:8]}…  {what}")
    return all(effects(sandbox, key) == 1 for key in keys)


def verdict(sandbox: Running, held: list[bool]) -> int:
    """Print what came of all charges; return 0 where each was made once, else 1."""
    totals = sandbox.totals()
    keys = Counter(event.key for event in sandbox.events() if event.kind is Kind.EFFECT)
    once = all(held) and set(keys.values()) == {1}
    wanted = CROWD + 2
    console.print(
        f"\n[bold]{wanted} charges were asked for, in {totals.attempts} requests with {sum(totals.faults.values())} "
        f"faults. {totals.effects} were made, {'each once' if once else 'NOT each once'}.[/bold] "
        f"{totals.prevented} requests would have made one a second time."
    )
    console.print("Serve your own document: samekey serve openapi.yaml. Prove it: samekey prove openapi.yaml")
    return 0 if once and totals.effects == wanted else 1


def step(number: str, text: str) -> None:
    """Announce a step."""
    console.print(f"\n[bold]{number}.[/bold] {text}")


def show(sandbox: Running, record: Any) -> None:  # noqa: ANN401
    """Print the timeline of a call."""
    key = record.call.idempotency_key
    report = CallReport(
        call=1,
        operation=record.call.operation,
        keyed=True,
        key=key,
        certainty=Certainty.APPLIED,
        attempts=attempts_of(record),
        requests=(),
        elapsed=record.elapsed,
        limits=PATIENT,
    )
    console.print(f"    key {key}")
    for line in timeline(report, [event for event in sandbox.events() if event.key == key]):
        console.print(f"    {line}", style="bold green" if "EFFECT" in line else None, markup=False)


def effects(sandbox: Running, key: str) -> int:
    """Count how often something was done under a key."""
    return sum(event.key == key and event.kind is Kind.EFFECT for event in sandbox.events())


def word(event: Event) -> str:
    """Spell an event of one of many charges in a word or two; empty where it says nothing."""
    match event.kind:
        case Kind.FAULT:
            return f"[yellow]{event.fault}[/yellow]"
        case Kind.EFFECT:
            return "[bold green]CHARGED[/bold green]"
        case Kind.ANSWERED if event.detail != AnswerKind.FAULT:
            return f"{event.status} {event.detail}".rstrip()
        case _:
            return ""


if __name__ == "__main__":
    sys.exit(main())
