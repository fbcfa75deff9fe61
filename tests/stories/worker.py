"""Takes messages from a durable queue and sends welcome emails: `worker.py QUEUE API [die|random-keys]`.

With `die` the process ends after the email was sent and before the queue was told: its acknowledgement is lost.
"""

from __future__ import annotations

import importlib
import os
import sys
import uuid
from typing import Any

import persistqueue


def main(queue_path: str, url: str, *, die: bool, random_keys: bool) -> None:
    """Work until the queue is empty."""
    sdk: Any = importlib.import_module("post_office")
    # What was taken and never acknowledged comes again.
    queue: Any = persistqueue.SQLiteAckQueue(queue_path, auto_resume=True)
    client = sdk.PostOffice(base_url=url)
    while True:
        try:
            message = queue.get(block=False)
        except persistqueue.Empty:
            break
        key = str(uuid.uuid4()) if random_keys else sdk.derive_key("welcome-email", message["user"])
        client.emails.send(to=message["to"], template="welcome", idempotency_key=key)
        if die:
            os._exit(9)
        queue.ack(message)
    client.close()
    queue.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], die="die" in sys.argv[3:], random_keys="random-keys" in sys.argv[3:])
