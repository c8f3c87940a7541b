"""One observation about a job, and what the modules that make them share."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from arena import labels
from arena.diagnosis import placement, standing
from arena.diagnosis.json_fields import items, mapping, moment, name, number, owners, text
from arena.diagnosis.records import Record
from arena.tuples import NamedTuple

Object = dict[str, Any]
LONGEST = 4000
"""Characters of a message that are looked at; those of the API have fewer."""


class Signal(NamedTuple):
    """An observation that still holds."""

    where: str
    """Where it was seen, in the terms of rules: `refusal`, `unscheduled`, `waiting`, `ended` ..."""
    subject: str
    """The object, such as `pod/bert-worker-0`."""
    reason: str
    """The word of the cluster, such as `FailedMount`."""
    text: str
    time: datetime | None = None
    kind: str = "status"
    """`status` or `event`."""
    pod: str = ""
    """The pod that it keeps waiting, if the subject is something else."""


class Case:
    """A job and what is known around it.

    Args:
        record: what was looked at.
    """

    def __init__(self, record: Record) -> None:
        self.record = record
        self.job: Object = record.job or {}
        self.name = record.name
        self.uid = text(self.job, "metadata", "uid")
        self.created = moment(self.job, "metadata", "creationTimestamp")
        self.phase = standing.phase(record)
        self._decisive: dict[tuple[str, str], placement.Reason | None] = {}
        self.is_final = self.phase == "succeeded" or bool(true(self.job, "Failed", "FailureTarget"))

    @cached_property
    def events(self) -> list[Object]:
        """The events, the oldest first."""
        return sorted(self.record.events, key=lambda one: _order(stamp(one)))

    def of(self, obj: Object) -> list[Object]:
        """The events about an object, the oldest first."""
        return [one for one in self.named(name(obj)) if concerns(one, obj)]

    def named(self, called: str) -> list[Object]:
        """The events about objects of this name, the oldest first."""
        return self._by_name.get(called, [])

    @cached_property
    def _by_name(self) -> dict[str, list[Object]]:
        found: dict[str, list[Object]] = {}
        for one in self.events:
            found.setdefault(text(target(one), "name"), []).append(one)
        return found

    def is_older(self, time: datetime | None, span: timedelta) -> bool:
        """Whether a time was so long before the job was looked at; True if nothing tells when that was."""
        seen = self.record.seen
        return time is not None and (seen is None or seen == time or seen - time > span)

    @cached_property
    def wanted(self) -> int:
        """The number of pods that the job wants, at least 1."""
        return max(_wanted(mapping(self.job, "spec")), 1)

    @cached_property
    def pods(self) -> list[Object]:
        """The pods that the job consists of, without those that were replaced after they failed."""
        live = [one for one in self.record.pods if text(one, "status", "phase") != "Failed"]
        return live if self.job and len(live) >= self.wanted else list(self.record.pods)

    @property
    def lacks_pods(self) -> bool:
        """Whether fewer pods exist than the job wants, while it goes on."""
        live = [one for one in self.pods if not text(one, "metadata", "deletionTimestamp")]
        return not self.is_final and len(live) < self.wanted

    @property
    def runs(self) -> bool:
        """Whether all pods that the job wants run, or have succeeded."""
        phases = [text(one, "status", "phase") for one in self.pods]
        return not self.lacks_pods and all(one in ("Running", "Succeeded") for one in phases)

    def pod(self, called: str) -> Object | None:
        """The pod of this name, if the job has it."""
        return self._pods.get(called)

    @cached_property
    def _pods(self) -> dict[str, Object]:
        return {name(one): one for one in self.pods}

    def node(self, pod: Object) -> Object | None:
        """The node of a pod, if it is known."""
        return self._nodes.get(text(pod, "spec", "nodeName"))

    @cached_property
    def _nodes(self) -> dict[str, Object]:
        return {name(one): one for one in self.nodes}

    @cached_property
    def nodes(self) -> list[Object]:
        """The nodes of the cluster, as far as they are known."""
        return list(self.record.of_kind("Node"))

    def decisive(self, said: str, pod: Object) -> placement.Reason | None:
        """The decisive reason in a scheduler's message about a pod; pods that are alike share the answer."""
        spec = mapping(pod, "spec")
        asked = [spec.get(key) for key in ("nodeSelector", "affinity", "tolerations")]
        asked += [one.get("resources") for one in items(spec, "containers")]
        key = said, repr(asked)
        if key not in self._decisive:
            self._decisive[key] = placement.decisive(said, pod, self.nodes, self._placed)
        return self._decisive[key]

    @cached_property
    def _placed(self) -> list[Object]:
        known = (*self.record.pods, *self.record.of_kind("Pod"))
        return [one for one in known if text(one, "spec", "nodeName")]

    def is_ours(self, obj: Object) -> bool:
        """Whether an object belongs to the job, by its owners, its labels or its name."""
        if any(self._is_member(one) for one in owners(obj)):
            return True
        if self.uid and text(obj, "metadata", "labels", labels.KUEUE_JOB_UID) == self.uid:
            return True
        # Kueue adds the type before the name, and digits at the end; Volcano adds a uid.
        pattern = rf"(?:podgroup-|[a-z]+-)?{re.escape(self.name)}(?:-[0-9a-f-]+)?"
        return bool(re.fullmatch(pattern, name(obj))) and not any(text(one, "uid") for one in owners(obj))

    def _is_member(self, owner: Object) -> bool:
        """Whether an owner is the job, or one of its pods."""
        uid = text(owner, "uid")
        for one in (self.job, *self.record.pods):
            mine = text(one, "metadata", "uid")
            if mine == uid if mine and uid else name(one) == text(owner, "name"):
                return True
        return False


def _order(time: datetime | None) -> float:
    return time.timestamp() if time else 0.0


def _wanted(spec: Object) -> int:
    for key, roles in spec.items():
        if key.endswith("ReplicaSpecs") and isinstance(roles, dict):
            return sum(_count(one) for one in roles.values())
    if tasks := items(spec, "tasks"):
        return sum(_count(one) for one in tasks)
    if nodes := number(spec, "trainer", "numNodes"):
        return nodes
    parallel, whole = number(spec, "parallelism"), number(spec, "completions")
    return min(one for one in (parallel, whole, 10**6) if one is not None) if parallel or whole else 1


def _count(role: Any) -> int:
    count = number(role, "replicas")
    return 1 if count is None else count


def target(event: Object) -> Object:
    """The reference to the object that an event is about, in either version of the API."""
    return mapping(event, "involvedObject") or mapping(event, "regarding")


def about(event: Object) -> str:
    """The object that an event is about, in the form `pod/bert-worker-0`."""
    return f"{text(target(event), 'kind').lower()}/{text(target(event), 'name')}"


def concerns(event: Object, obj: Object) -> bool:
    """Whether an event is about an object; one without a uid is known by its name."""
    mine, its = text(obj, "metadata", "uid"), text(target(event), "uid")
    if mine and its:
        return mine == its
    kinds = {text(obj, "kind"), text(target(event), "kind")} - {""}
    return bool(name(obj)) and text(target(event), "name") == name(obj) and len(kinds) <= 1


def message(event: Object) -> str:
    """What an event says, in either version of the API."""
    return (text(event, "message") or text(event, "note"))[:LONGEST]


def stamp(event: Object) -> datetime | None:
    """When an event occurred last, in either version of the API."""
    last = moment(event, "series", "lastObservedTime") or moment(event, "lastTimestamp")
    last = last or moment(event, "deprecatedLastTimestamp")
    return last or moment(event, "eventTime") or moment(event, "metadata", "creationTimestamp")


def told(event: Object, where: str) -> Signal:
    """An event as a signal."""
    return Signal(where, about(event), text(event, "reason"), message(event), stamp(event), "event")


def conditions(obj: Object) -> list[Object]:
    """The conditions of an object."""
    return items(obj, "status", "conditions")


def true(obj: Object, *types: str) -> Object | None:
    """The first of the conditions of these types that is true."""
    found = (one for one in conditions(obj) if text(one, "type") in types)
    return next((one for one in found if text(one, "status").lower() == "true"), None)


def changed(condition: Object) -> datetime | None:
    """When a condition became what it is."""
    return moment(condition, "lastTransitionTime")


def stated(obj: Object, condition: Object, where: str, kind: str = "") -> Signal:
    """A condition of an object as a signal."""
    said = " ".join(text(condition, "message")[:LONGEST].split())
    subject = standing.subject(obj, kind)
    return Signal(where, subject, text(condition, "reason"), said, changed(condition))


def containers(pod: Object) -> list[Object]:
    """The states of a pod's containers, init containers first."""
    return [*items(pod, "status", "initContainerStatuses"), *items(pod, "status", "containerStatuses")]
