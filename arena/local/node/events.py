"""Writes the node's Events about its pods; repeated ones share one object."""

import logging
import time
from datetime import datetime, timezone

from arena.local.objects import EVENTS, Object, Objects, Refused

LOG = logging.getLogger(__name__)
REMEMBERED = 512
"""Number of Events that are counted up rather than repeated; the oldest are forgotten."""


def timestamp(when: float | None = None) -> str:
    """Format a time (seconds since the epoch; None: now) as the API does."""
    moment = datetime.now(timezone.utc) if when is None else datetime.fromtimestamp(when, timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class Events:
    """Writes Events; one that is refused is only logged, since it must not affect its pod."""

    def __init__(self, objects: Objects, node: str) -> None:
        self._objects = objects
        self._node = node
        self._said: dict[tuple[str, ...], tuple[str, int]] = {}

    def warn(self, pod: Object, reason: str, message: str, container: str = "") -> None:
        """Write an Event of type Warning."""
        self.say(pod, reason, message, container, "Warning")

    def say(self, pod: Object, reason: str, message: str, container: str = "", kind: str = "Normal") -> None:
        """Write an Event of type Normal about a pod or one of its containers."""
        meta = pod["metadata"]
        key = (meta["uid"], container, reason, message)
        try:
            name, count = self._said.pop(key, ("", 0))
            if name:
                again = {"count": count + 1, "lastTimestamp": timestamp()}
                self._objects.patch(EVENTS, name, again, meta["namespace"])
            else:
                name = f"{meta['name'][:230]}.{time.time_ns():x}"  # lists are in the order of names
                self._objects.create(EVENTS, self._event(pod, name, key, kind), meta["namespace"])
        except Refused as error:
            LOG.warning("event %s of pod %s was not written: %s", reason, meta["name"], error)
            return
        self._said[key] = (name, count + 1)
        if len(self._said) > REMEMBERED:
            del self._said[next(iter(self._said))]

    def _event(self, pod: Object, name: str, key: tuple[str, ...], kind: str) -> Object:
        uid, container, reason, message = key
        meta, at = pod["metadata"], timestamp()
        involved = {"apiVersion": "v1", "kind": "Pod", "name": meta["name"], "namespace": meta["namespace"]}
        path = {"fieldPath": f"spec.containers{{{container}}}"} if container else {}
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": meta["namespace"]},
            "involvedObject": {**involved, "uid": uid, **path},
            "reason": reason,
            "message": message,
            "type": kind,
            "count": 1,
            "firstTimestamp": at,
            "lastTimestamp": at,
            "source": {"component": "kubelet", "host": self._node},
            "reportingComponent": "kubelet",
            "reportingInstance": self._node,
        }
