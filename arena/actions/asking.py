"""Changes of a job that a cluster is asked for by an object of their own."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from arena.actions import training
from arena.actions.creation import Creation
from arena.kinds.kind import Change
from arena.resources import Resource

if TYPE_CHECKING:
    from arena.kube import Cluster

Object = dict[str, Any]


def request(cluster: Cluster, resource: Resource, obj: Object, change: Change) -> Object:
    """Create the object that asks for a change of the job `obj`; it as it is then.

    Its name is drawn here: by it the object is looked up where a connection broke.

    Raises:
        MissingOperator: the cluster does not know of such requests.
    """
    if change.resource is None or change.request is None:
        raise TypeError(f"a change of a {resource.kind} neither patches nor asks")
    cluster.need(change.resource)
    # Operators heed the requests that the job controls, and no others.
    owner = {**training.reference(resource, obj), "controller": True}
    meta = {**change.request["metadata"], "namespace": obj["metadata"]["namespace"]}
    name = meta.pop("generateName") + os.urandom(3).hex()[:5]
    body = {**change.request, "metadata": {**meta, "name": name, "ownerReferences": [owner]}}
    with Creation(cluster, f'{change.resource.kind} "{name}"') as alone:
        return alone.create(change.resource, meta["namespace"], body)
