"""The typed Python client of Kubernetes, which refuses a whole list if one value in it has a wrong type."""

import json
from typing import Any

from arena.local.api import Api, resource_types
from arena.local.api.store import Rows

MODELS = {"Event": "CoreV1Event", "HorizontalPodAutoscaler": "V2HorizontalPodAutoscaler"}
"""Names of models that are not their kinds in version v1."""


def read(api: Api) -> int:
    """Read all built-in objects that an API has, as lists of the client do, and count them.

    Raises:
        ValueError: the client refuses one.
    """
    from kubernetes import client  # which takes long to load

    typed: Any = client.ApiClient(client.Configuration())
    count = 0
    for kind in resource_types.STORED:
        model = MODELS.get(kind.resource.kind, f"V1{kind.resource.kind}")
        if hasattr(client, model) and not kind.custom:
            for row in api.store.rows(Rows(kind.key)):
                obj = json.loads(row.body)
                try:
                    typed._ApiClient__deserialize(obj, model)
                except (ValueError, TypeError) as cause:
                    raise ValueError(f"the client cannot read this {model}: {cause}: {row.body}") from cause
                count += 1
    return count
