"""Celery tasks that pay: `celery -A celery_shop worker`, and `celery_shop.py RESULT TASKS` as the one who sends them.

The client is made when the module is imported, and used in the main process before it forks its workers.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from celery import Celery
from celery.signals import worker_init
from corner_shop import APIError, CornerShop, RetryPolicy, derive_key
from paying import client as make
from paying import failed, own, pay

QUEUE = Path(os.environ["QUEUE"])
for name in ("messages", "control", "results"):
    (QUEUE / name).mkdir(parents=True, exist_ok=True)
RETRY_NEVER = RetryPolicy(max_retries=0)
KILLED = 3
client = make()
closed = CornerShop(base_url="http://127.0.0.1:1", token="t", retry=RETRY_NEVER)  # noqa: S106

app = Celery("shop", broker="filesystem://", backend=f"file://{QUEUE / 'results'}")
app.conf.update(
    broker_transport_options={
        "data_folder_in": str(QUEUE / "messages"),
        "data_folder_out": str(QUEUE / "messages"),
        "control_folder": str(QUEUE / "control"),
        "polling_interval": 0.02,
    },
    task_serializer="json",
    result_serializer="json",
    accept_content=["json"],
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    broker_connection_retry_on_startup=True,
)


@worker_init.connect
def early(**_: object) -> None:
    """Use the client in the main process."""
    pay(client, f"early {os.getpid()}")


class DiedError(Exception):
    """The task dies between the payment and its end."""


@app.task(bind=True, max_retries=3, default_retry_delay=0)
def pay_once(self: Any, item: str) -> dict[str, Any]:
    """Pay under the order's own key; each first run dies after it has paid, and Celery runs it again."""
    told = pay(client, item, derive_key("order", item))
    if self.request.retries == 0 and "got" in told:
        raise self.retry(exc=DiedError(item), countdown=0)
    return {**told, "retries": self.request.retries}


@app.task(autoretry_for=(APIError,), retry_backoff=False, default_retry_delay=0, max_retries=5)
def pay_impatiently(item: str) -> dict[str, Any]:
    """Pay without retries of the SDK's own; what it raises is what Celery retries on."""
    impatient = client.with_options(retry=RETRY_NEVER)
    answer = impatient.payments.create(item=item, idempotency_key=derive_key("order", item), options=own())
    return {"asked": item, "got": answer.item, "process": os.getpid()}


@app.task(acks_late=True, reject_on_worker_lost=True)
def pay_and_die(item: str) -> dict[str, Any]:
    """Pay, and the first time be killed before anybody hears of it; Celery gives the task to another worker."""
    told = pay(client, item, derive_key("order", item))
    if not (mark := QUEUE / item).exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return told


@app.task(throws=(APIError,))
def pay_nowhere(item: str) -> None:
    """Pay at a bank that is closed: the error goes through the pool and the result store to whoever waits."""
    closed.payments.create(item=item)


def main(result: Path, tasks: int) -> None:
    """Send tasks of all kinds, and write down what came of them."""
    sent = [(kind, f"{kind.__name__} {number}") for number in range(tasks) for kind in (pay_once, pay_impatiently)]
    sent += [(pay_and_die, f"pay_and_die {number}") for number in range(KILLED)]
    waiting = [(item, kind.delay(item)) for kind, item in sent]
    lost = pay_nowhere.delay("nothing")
    told: list[dict[str, Any]] = []
    for item, task in waiting:
        try:
            told.append(task.get(timeout=120, interval=0.05))
        except Exception as error:
            told.append(failed(item, error))
    try:
        lost.get(timeout=120, interval=0.05)
    except Exception as error:
        facts = {name: getattr(error, name, None) for name in ("idempotency_key", "certainty", "url")}
        told.append({"error": type(error).__name__, "why": str(error), **facts})
    result.write_text(json.dumps(told), "utf-8")


if __name__ == "__main__":
    # The tasks are those of the module by its name, not of `__main__`.
    from celery_shop import main as send

    send(Path(sys.argv[1]), int(sys.argv[2]))
