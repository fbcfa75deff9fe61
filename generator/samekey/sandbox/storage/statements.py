"""Statements that run for every request.

SQLAlchemy looks for the compiled form of a statement each time that it runs, and converts what is given: more work
than that of the driver and the database together. Here it is asked for the SQL once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection, CursorResult
    from sqlalchemy.sql.elements import ClauseElement


class Statement:
    """A statement whose SQL is made once for each kind of database.

    Args:
        on_sqlite: the statement; each value that is given to it is a named parameter.
        on_postgresql: the statement as PostgreSQL has it; None where it is the same.
    """

    def __init__(self, on_sqlite: ClauseElement, on_postgresql: ClauseElement | None = None) -> None:
        self._made = {"sqlite": on_sqlite, "postgresql": on_sqlite if on_postgresql is None else on_postgresql}
        self._compiled: dict[str, tuple[str, tuple[str, ...] | None]] = {}

    def run(self, connection: Connection, values: Mapping[str, object]) -> CursorResult[Any]:
        """Run the statement in the transaction of a connection.

        Args:
            connection: the connection.
            values: of its parameters, as the driver takes them; others are left out.

        Raises:
            sqlalchemy.exc.DBAPIError: the database refuses it, or is gone.
        """
        sql, order = self._compiled.get(connection.dialect.name) or self._compile(connection)
        return connection.exec_driver_sql(
            sql, dict(values) if order is None else tuple([values[name] for name in order])
        )

    def _compile(self, connection: Connection) -> tuple[str, tuple[str, ...] | None]:
        """Return the SQL, and the order of its parameters where they have no names in it."""
        compiled = self._made[connection.dialect.name].compile(dialect=connection.dialect)
        order = getattr(compiled, "positiontup", None)
        self._compiled[connection.dialect.name] = made = (str(compiled), None if order is None else tuple(order))
        return made
