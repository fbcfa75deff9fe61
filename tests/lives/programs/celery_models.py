"""Celery tasks that hand models on as JSON: `celery -A celery_models worker`, and `celery_models.py RESULT`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from acme_payments import AcmePayments, derive_key, models
from celery import Celery, chain

QUEUE = Path(os.environ["QUEUE"])
for name in ("messages", "control", "results"):
    (QUEUE / name).mkdir(parents=True, exist_ok=True)
FOLDERS = {"data_folder_in": "messages", "data_folder_out": "messages", "control_folder": "control"}

app = Celery("shop", broker="filesystem://", backend=f"file://{QUEUE / 'results'}")
app.conf.update(
    broker_transport_options={
        **{option: str(QUEUE / name) for option, name in FOLDERS.items()},
        "polling_interval": 0.1,
    },
    task_serializer="json",
    result_serializer="json",
    accept_content=["json"],
    broker_connection_retry_on_startup=True,
)
client = AcmePayments()


@app.task
def pay(order: str, address: dict[str, Any]) -> dict[str, Any]:
    """Charge an order under its own key; the charge goes on as JSON."""
    charge = client.charges.create(
        amount=1999,
        currency="eur",
        billing_address=models.Address.from_dict(address),
        idempotency_key=derive_key("order", order),
    )
    return charge.to_dict()


@app.task
def describe(data: dict[str, Any], note: str) -> str:
    """Read the charge of the task before, change it, and hand it on as a text."""
    charge = models.Charge.from_dict(data)
    updated = client.charges.update(charge.id, description=note)
    return updated.replace(metadata={"by": "celery"}).to_json()


def main(result: Path) -> None:
    """Send the tasks, one after the other's result, and write down what came of them."""
    address = models.Address(line1="1 Rue de la Paix", city="Paris", country="FR", postal_code="75002")
    first = pay.delay("f-7", address.to_dict())
    again = pay.delay("f-7", address.to_dict())
    told = chain(pay.s("f-8", address.to_dict()), describe.s("Row F")).delay()
    last = models.Charge.from_json(told.get(timeout=60, interval=0.05))
    result.write_text(
        json.dumps(
            {
                "same": first.get(timeout=60, interval=0.05) == again.get(timeout=60, interval=0.05),
                "described": [last.amount, last.currency.value, last.description, last.metadata],
                "stored": client.charges.get(last.id).description,
            }
        ),
        "utf-8",
    )
    client.close()


if __name__ == "__main__":
    # The tasks are those of the module by its name, not of `__main__`.
    from celery_models import main as send

    send(Path(sys.argv[1]))
