"""How many groups a LeaderWorkerSet has, and which of them are of its current template.

Groups are updated from the last to the first. The rules are those of the real operator
(`rollingUpdateParameters` of lws 0.10), which keeps the numbers in the StatefulSet of the leaders.
"""

from collections.abc import Sequence

from arena.local.machinery.pod_template import replica_count
from arena.local.machinery.quantities import scaled
from arena.local.objects import Object
from arena.tuples import NamedTuple


class Progress(NamedTuple):
    """How far a rollout has come."""

    groups: int
    """Number of groups, including those that a rollout adds for its time."""
    partition: int
    """The groups from this index on are of the current template."""
    wanted: int
    """The number of groups that the spec requested when this was written."""


class State(NamedTuple):
    """The state of one group."""

    ready: bool
    updated: bool


class Limits(NamedTuple):
    """What the spec allows a rollout."""

    wanted: int
    surge: int
    unavailable: int
    partition: int

    def groups(self, unready: int) -> int:
        """The number of groups while so many of those that are wanted are not ready and updated."""
        if unready > self.surge:
            return self.wanted + self.surge
        return self.wanted + max(0, unready - self.unavailable)


def limits(spec: Object) -> Limits:
    """The limits of a rollout by the spec of a LeaderWorkerSet."""
    wanted = replica_count(spec)
    rolling = (spec.get("rolloutStrategy") or {}).get("rollingUpdateConfiguration") or {}
    surge = scaled(rolling.get("maxSurge", 0), wanted, up=True)
    unavailable = scaled(rolling.get("maxUnavailable", 1), wanted, up=False)
    return Limits(wanted, min(surge, wanted), unavailable, int(rolling.get("partition") or 0))


def begin(before: Progress | None, spec: Object) -> Progress:
    """The first step after the template has changed; `before` is None for a new LeaderWorkerSet."""
    found = limits(spec)
    if before is None:
        return Progress(found.wanted, found.partition, found.wanted)
    groups = found.wanted if before.groups < found.wanted else found.groups(found.wanted)
    partition = max(min(found.wanted, before.groups), found.partition)
    return Progress(groups, partition, found.wanted)


def step(before: Progress, spec: Object, states: Sequence[State]) -> Progress:
    """The next step of a rollout, or of none; `states` are those of the groups of `before`."""
    found = limits(spec)
    if before.groups == found.wanted and before.partition == 0:
        groups, partition = found.wanted, 0
    elif before.groups < found.wanted:
        groups, partition = found.wanted, before.partition
    else:
        good = sum(one.ready and one.updated for one in states[: found.wanted])
        groups = found.groups(found.wanted - good)
        most = found.wanted + found.surge
        if before.wanted != found.wanted:
            partition = min(before.partition, most)
        else:
            pace = found.unavailable + found.surge - (most - before.groups)
            partition = min(before.partition, _partition(states, pace))
    return Progress(groups, max(partition, found.partition), found.wanted)


def _partition(states: Sequence[State], pace: int) -> int:
    """The first group to update, if so many more than those that are updated may be unavailable."""
    finished = 0
    for one in reversed(states):
        if not (one.ready and one.updated):
            break
        finished += 1
    least = max(0, len(states) - finished - pace)
    partition = least + sum(not one.ready for one in states[:least])
    # Groups that are unavailable anyway may be updated at once.
    for index in range(min(partition, len(states) - 1), least - 1, -1):
        if states[index].ready and not states[index].updated:
            break
        partition = index
    return partition
