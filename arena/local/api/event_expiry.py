"""Expiry of Events that are older than a day."""

import json
from datetime import datetime, timedelta, timezone

from arena.local.api.durations import parse
from arena.local.api.resource_types import Type
from arena.local.api.store import Rows, Store
from arena.local.objects import Object

LIFETIME = timedelta(hours=24)
EVERY = 256
"""Number of new events after which old ones are looked for."""


class Expiry:
    """Works inside the caller's transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._count = 0

    def created(self, kind: Type, now: datetime | None = None) -> None:
        """Count a new event, and remove old ones from time to time."""
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
    """When the event last occurred."""
    return str(event.get("lastTimestamp") or event.get("eventTime") or event["metadata"]["creationTimestamp"])
