"""Webhooks as they are sent: signed as Standard Webhooks has it, and again until their receiver takes them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import queue
import secrets
import threading
import time
import uuid
from typing import TYPE_CHECKING, Final

import httpx

from samekey.sandbox.api.address import api_address
from samekey.sandbox.errors import SandboxError

if TYPE_CHECKING:
    from collections.abc import Callable

    from samekey.sandbox.api.answer import Answer
    from samekey.sandbox.api.subjects import ResourceInfo
    from samekey.sandbox.api.webhooks import Announcement, Webhooks

_PREFIX: Final = "whsec_"
_BYTES: Final = (24, 64)
"""How many bytes a secret has, least and most (Standard Webhooks, "Signature scheme")."""
_WAITS: Final = (0.5, 2.0, 10.0, 60.0)
"""Seconds before each further attempt."""
_TIMEOUT: Final = 15.0
_GONE: Final = 410


def new_secret() -> str:
    """Make a secret to sign with."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_BYTES[0])).decode()


def secret_bytes(secret: str) -> bytes:
    """Return the bytes of a secret.

    Raises:
        SandboxError: it is no secret of Standard Webhooks.
    """
    least, most = _BYTES
    try:
        found = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        found = b""
    if not secret.startswith(_PREFIX) or not least <= len(found) <= most:
        raise SandboxError(
            f"--webhook-secret is {_PREFIX} and {least} to {most} bytes in Base64, such as {new_secret()}"
        )
    return found


def signature(secret: bytes, identity: str, at: int, body: bytes) -> str:
    """Sign a webhook.

    Args:
        secret: the bytes to sign with.
        identity: of the message; the same for each attempt.
        at: Unix time in seconds of the attempt.
        body: the payload.
    """
    signed = hmac.new(secret, f"{identity}.{at}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(signed).decode()}"


class WebhookSender:
    """Sends webhooks to one receiver, one after the other, while the server lives.

    Args:
        url: the receiver's address.
        secret: what they are signed with.
        tell: told of each attempt in a line; None for nobody.

    Raises:
        SandboxError: the address or the secret cannot be used.
    """

    def __init__(self, url: str, secret: str, tell: Callable[[str], None] | None = None) -> None:
        self.url = api_address(url, "--webhooks", "webhooks are signed")
        self._secret = secret_bytes(secret)
        self._tell = tell
        self._waiting: queue.SimpleQueue[Announcement | None] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._work, name="webhooks", daemon=True)
        self._thread.start()

    def send(self, announcement: Announcement) -> None:
        """Send a webhook soon."""
        self._waiting.put(announcement)

    def close(self) -> None:
        """Send nothing more."""
        self._closing.set()
        self._waiting.put(None)

    def _work(self) -> None:
        with httpx.Client(timeout=_TIMEOUT, trust_env=False) as client:
            while (announcement := self._waiting.get()) is not None and not self._closing.is_set():
                self._deliver(client, announcement)

    def _deliver(self, client: httpx.Client, announcement: Announcement) -> None:
        identity = f"msg_{uuid.uuid4().hex}"
        for wait in (*_WAITS, None):
            outcome, is_over = self._attempt(client, identity, announcement)
            if self._tell is not None:
                self._tell(f"webhook {announcement.name}  {outcome}  id {identity}")
            if is_over or wait is None or self._closing.wait(wait):
                return

    def _attempt(self, client: httpx.Client, identity: str, announcement: Announcement) -> tuple[str, bool]:
        """Send a webhook once; return what came of it, and whether it is not to be sent again."""
        at = int(time.time())
        headers = {
            "Content-Type": "application/json",
            "webhook-id": identity,
            "webhook-timestamp": str(at),
            "webhook-signature": signature(self._secret, identity, at, announcement.payload),
        }
        try:
            answer = client.post(self.url, content=announcement.payload, headers=headers)
        except httpx.HTTPError as error:
            return f"not delivered ({type(error).__name__})", False
        return str(answer.status_code), answer.is_success or answer.status_code == _GONE


class Announcer:
    """Tells a receiver of webhooks what operations have done.

    Args:
        webhooks: the document's.
        sender: sends them.
        secret: what they are signed with.
    """

    def __init__(self, webhooks: Webhooks, sender: WebhookSender, secret: str) -> None:
        self._webhooks = webhooks
        self._sender = sender
        self.secret = secret

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the webhooks."""
        return self._webhooks.names

    @property
    def url(self) -> str:
        """Where they are sent."""
        return self._sender.url

    def close(self) -> None:
        """Send nothing more."""
        self._sender.close()

    def happened(self, subject: ResourceInfo, answer: Answer) -> None:
        """Send the webhooks that tell of what an operation has done."""
        for announcement in self._webhooks.about(subject, answer):
            self._sender.send(announcement)

    def announce(self, name: str) -> bool:
        """Send a webhook with a payload that is made up; return whether there is one of that name."""
        announcement = self._webhooks.made_up(name)
        if announcement is not None:
            self._sender.send(announcement)
        return announcement is not None
