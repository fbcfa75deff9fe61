"""A COMMIT whose answer is lost on a real connection: the key says what became of it."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Generator

import pytest
from samekey.sandbox.api.answer import Answer
from samekey.sandbox.keys.store import Claim, Done, Keys, NotKeptError, Replayed
from samekey.sandbox.storage.database import open_database
from samekey.sandbox.storage.migrations import upgrade
from sqlalchemy import Connection, make_url, text

from tests.sandbox.conftest import fresh_database

CLAIM = Claim("scope", "key", "fingerprint", "attempt-1")
MADE = Answer(201, (), b"{}")


class Cutter:
    """A proxy in front of PostgreSQL that cuts the connection on which the next COMMIT comes.

    Args:
        port: where PostgreSQL listens.
    """

    def __init__(self, port: int) -> None:
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.armed = False
        self.passes = False
        """Whether the COMMIT reaches PostgreSQL before the connection is cut."""
        self.cuts = 0

    def serve(self) -> None:
        """Take connections until it is closed."""
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._to))
                for pump in (self._up, self._down):
                    threading.Thread(target=pump, args=(client, server), daemon=True).start()

    def close(self) -> None:
        """Take no more."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _up(self, client: socket.socket, server: socket.socket) -> None:
        """From the client to PostgreSQL."""
        with contextlib.suppress(OSError):
            while data := client.recv(65_536):
                if self.armed and b"COMMIT" in data:
                    self.armed = False
                    self.cuts += 1
                    # First the way back, so that no answer can slip through.
                    client.shutdown(socket.SHUT_RDWR)
                    if self.passes:
                        server.sendall(data)
                    break
                server.sendall(data)
            # PostgreSQL carries out what it has got before it sees that nobody is there.
            server.shutdown(socket.SHUT_WR)

    def _down(self, client: socket.socket, server: socket.socket) -> None:
        """From PostgreSQL to the client."""
        with contextlib.suppress(OSError):
            while data := server.recv(65_536):
                client.sendall(data)
        for end in (client, server):
            end.close()


@contextlib.contextmanager
def cutting(port: int) -> Generator[Cutter]:
    """A cutter, as long as a block lasts."""
    cutter = Cutter(port)
    thread = threading.Thread(target=cutter.serve)
    thread.start()
    try:
        yield cutter
    finally:
        cutter.close()
        thread.join(10)


def effect(connection: Connection) -> Answer:
    """Something that can be counted."""
    connection.execute(text("INSERT INTO samekey_resources (collection, id, body) VALUES ('c', 'i', '')"))
    return MADE


@pytest.mark.parametrize("passes", [True, False], ids=["kept", "dropped"])
def test_a_commit_whose_answer_is_cut_off_is_settled(postgres_server: str, *, passes: bool) -> None:
    """Whether PostgreSQL got the COMMIT or not, this attempt is told what became of it, and the next agrees."""
    direct = make_url(fresh_database(postgres_server))
    assert direct.port is not None
    with cutting(direct.port) as cutter:
        database = open_database(direct.set(port=cutter.port).render_as_string(hide_password=False))
        upgrade(database)
        keys = Keys(database)
        cutter.armed, cutter.passes = True, passes
        if passes:
            assert keys.once(CLAIM, effect) == Done(MADE)
        else:
            with pytest.raises(NotKeptError):
                keys.once(CLAIM, effect)
        assert cutter.cuts == 1
        assert keys.once(CLAIM, effect) == (Replayed(MADE) if passes else Done(MADE))
        with database.engine.connect() as connection:
            assert connection.execute(text("SELECT count(*) FROM samekey_resources")).scalar_one() == 1
        database.engine.dispose()
