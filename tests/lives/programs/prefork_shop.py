"""What preforking servers do, in a few lines: import the application, fork workers, fork again where one has died.

The master goes on paying in a thread of its own, so that each fork meets a call on its way.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from paying import pay
from wsgi_shop import application, client

WORKERS = 3


class Handler(WSGIRequestHandler):
    """Logs nothing."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing of each request."""


class Server(ThreadingMixIn, WSGIServer):
    """A server on a socket that was opened before the fork."""

    daemon_threads = True


def work(listener: socket.socket) -> None:
    """Serve until the process is ended."""
    server = Server(("127.0.0.1", 0), Handler, bind_and_activate=False)
    server.socket.close()
    server.socket = listener
    server.server_name, server.server_port = listener.getsockname()
    server.setup_environ()
    server.set_app(application)
    server.serve_forever(poll_interval=0.1)


def fork(listener: socket.socket) -> None:
    """Start a worker."""
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
        work(listener)


def keep_paying() -> None:
    """Make calls of the master's own; a wrong answer ends the program."""
    number = 0
    while True:
        item = f"early master {number}"
        if pay(client, item).get("got") != item:
            os._exit(9)
        number += 1


def main() -> None:
    """Serve with several workers until the process is ended."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    listener.setblocking(False)  # noqa: FBT003
    threading.Thread(target=keep_paying, daemon=True).start()
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    for _ in range(WORKERS):
        fork(listener)
    sys.stdout.write(f"Listening at: http://127.0.0.1:{listener.getsockname()[1]} \n")
    sys.stdout.flush()
    while True:
        os.wait()
        fork(listener)


if __name__ == "__main__":
    main()
