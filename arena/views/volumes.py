"""Volume claims: their list, and the keys of their JSON."""

from datetime import datetime
from typing import Any

from arena.model.volumes import Volume
from arena.views import times
from arena.views.noun import Noun
from arena.views.table import Column


def data(one: Volume, now: datetime) -> dict[str, Any]:
    """The claim as plain data."""
    return {
        "name": one.name,
        "namespace": one.namespace,
        "status": one.status,
        "accessModes": list(one.modes),
        "size": one.size,
        "storageClass": one.storage_class,
        "description": one.description,
        "owner": one.owner,
        "creationTimestamp": times.stamp(one.created),
    }


VOLUMES: Noun[Volume] = Noun(
    plural="volume claims",
    columns=(
        Column("NAME", lambda one, now: one.name),
        Column("NAMESPACE", lambda one, now: one.namespace, everywhere=True),
        Column("ACCESSMODE", lambda one, now: ",".join(one.modes) or "N/A"),
        Column("DESCRIPTION", lambda one, now: one.description or "N/A"),
        Column("OWNER", lambda one, now: one.owner or "N/A"),
        Column("AGE", lambda one, now: times.age(one.created, now)),
        Column("STATUS", lambda one, now: one.status, wide=True),
        Column("SIZE", lambda one, now: one.size or "N/A", wide=True),
        Column("CLASS", lambda one, now: one.storage_class or "N/A", wide=True),
    ),
    data=data,
)
