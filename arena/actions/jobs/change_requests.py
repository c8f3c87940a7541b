"""Changes of a job that are requested with a separate object."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from arena.actions.jobs import find
from arena.actions.submit.creation import Creation
from arena.kinds.kind import Modification
from arena.resources import Resource

if TYPE_CHECKING:
    from arena.kube import Cluster

Object = dict[str, Any]


def request(cluster: Cluster, resource: Resource, obj: Object, change: Modification) -> Object:
    """Create the object that requests a change of the job `obj`, and return it.

    Its name is chosen here, so that the object can be found after a broken connection.

    Raises:
        MissingOperator: the cluster does not know such requests.
    """
    if change.resource is None or change.request is None:
        raise TypeError(f"a change of a {resource.kind} neither patches nor requests")
    cluster.need(change.resource)
    # Operators handle only requests that the job controls.
    owner = {**find.reference(resource, obj), "controller": True}
    meta = {**change.request["metadata"], "namespace": obj["metadata"]["namespace"]}
    name = meta.pop("generateName") + os.urandom(3).hex()[:5]
    body = {**change.request, "metadata": {**meta, "name": name, "ownerReferences": [owner]}}
    with Creation(cluster, f'{change.resource.kind} "{name}"') as alone:
        return alone.create(change.resource, meta["namespace"], body)
