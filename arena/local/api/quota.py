"""ResourceQuotas: checked when an object is created, their `status.used` kept fresh."""

from arena.local.api.store import Store
from arena.local.api.types import Type
from arena.local.objects import Object


class Quotas:
    """Works inside the caller's transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def check(self, kind: Type, obj: Object) -> None:
        """Refuse an object that would exceed a quota of its namespace."""

    def written(self, kind: Type, old: Object | None, new: Object) -> None:
        """Take note of a new or changed object."""

    def dropped(self, kind: Type, obj: Object) -> None:
        """Take note of an object that is gone."""
