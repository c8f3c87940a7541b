"""Volume claims."""

from typing import Any

from arena import units
from arena.inventory import Volume
from arena.views.table import Column

NAMESPACE: Column[Volume] = Column("NAMESPACE", lambda one, now: one.namespace)
VOLUMES: tuple[Column[Volume], ...] = (
    Column("NAME", lambda one, now: one.name),
    Column("ACCESSMODE", lambda one, now: ",".join(one.modes) or "N/A"),
    Column("DESCRIPTION", lambda one, now: one.description or "N/A"),
    Column("OWNER", lambda one, now: one.owner or "N/A"),
    Column("AGE", lambda one, now: units.age(units.since(one.created, now).total_seconds())),
    Column("STATUS", lambda one, now: one.status, wide=True),
    Column("SIZE", lambda one, now: one.size or "N/A", wide=True),
    Column("CLASS", lambda one, now: one.storage_class or "N/A", wide=True),
)


def columns(*, everywhere: bool) -> tuple[Column[Volume], ...]:
    """The view; the namespace is second where volumes of several are shown."""
    return (VOLUMES[0], NAMESPACE, *VOLUMES[1:]) if everywhere else VOLUMES


def data(one: Volume) -> dict[str, Any]:
    """One claim as plain data."""
    return {
        "name": one.name,
        "namespace": one.namespace,
        "status": one.status,
        "accessModes": list(one.modes),
        "size": one.size,
        "storageClass": one.storage_class,
        "description": one.description,
        "owner": one.owner,
        "creationTimestamp": units.rfc3339(one.created) if one.created else "",
    }
