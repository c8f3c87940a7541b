"""Events do not stay for ever: what is older than a day is forgotten."""

import json
from datetime import datetime, timedelta, timezone

from arena.local.api.store import Rows, Store
from arena.local.api.times import parse
from arena.local.api.types import Type
from arena.local.objects import Object

LIFETIME = timedelta(hours=24)
EVERY = 256
"""Old events are looked for when that many new ones were written."""


class Expiry:
    """Works inside the caller's transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._count = 0

    def created(self, kind: Type, now: datetime | None = None) -> None:
        """Take note of a new object; forget the old ones when it is time to."""
        if kind.key != "/events":
            return
        self._count += 1
        if self._count % EVERY:
            return
        limit = (now or datetime.now(timezone.utc)) - LIFETIME
        for row in self._store.rows(Rows(kind.key)):
            event = json.loads(row.body)
            if parse(_seen(event)) < limit:
                self._store.drop(kind.key, event)


def _seen(event: Object) -> str:
    """When the event last happened."""
    return str(event.get("lastTimestamp") or event.get("eventTime") or event["metadata"]["creationTimestamp"])
