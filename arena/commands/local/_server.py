"""The server of the local cluster, whose errors become arena's own."""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from arena._version import VERSION
from arena.errors import ArenaError

if TYPE_CHECKING:
    from arena.local.daemon import Server
    from arena.session import Session


@contextlib.contextmanager
def mapped() -> Iterator[None]:
    """Raise errors of the local cluster as ArenaErrors."""
    from arena.local.daemon import DaemonError

    try:
        yield
    except DaemonError as error:
        raise ArenaError(error.message, error.hint) from error


def ensure(session: "Session") -> "Server":
    """Return the server; start it if it does not run."""
    from arena.local import daemon

    with mapped():
        return daemon.ensure(VERSION, session.offers)
