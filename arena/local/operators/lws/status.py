"""The status of a LeaderWorkerSet: counts of groups, and its three conditions."""

from collections.abc import Iterable
from datetime import datetime

from arena.local.machinery import conditions
from arena.local.machinery.conditions import Condition
from arena.local.machinery.pod_template import selector
from arena.local.objects import Object
from arena.local.operators.lws.groups import Group
from arena.local.operators.lws.labels import NAME, WORKER
from arena.local.operators.lws.rollout import limits
from arena.tuples import NamedTuple

AVAILABLE = Condition("Available", "AllGroupsReady", "All replicas are ready")
PROGRESSING = Condition("Progressing", "GroupsProgressing", "Replicas are progressing")
UPDATING = Condition("UpdateInProgress", "GroupsUpdating", "Rolling Upgrade is in progress")


class Counts(NamedTuple):
    """Numbers of groups; the last four without those that a rollout adds for its time."""

    replicas: int
    ready: int
    updated: int
    wanted_ready: int
    """Ready ones among those that are wanted."""
    current: int
    """Those that a rollout updates: not below the partition of the spec."""
    current_updated: int
    current_finished: int
    """Updated and ready ones of these."""


def count(lws: Object, groups: Iterable[Group], revision: str) -> Counts:
    """Count the groups; one whose workers were not created yet is only there."""
    allowed = limits(lws["spec"])
    led = [one for one in groups if one.leader]
    states = [(one.index, one.state(revision)) for one in led if one.size == 1 or one.workers]
    wanted = [(index, state) for index, state in states if index < allowed.wanted]
    current = [state for index, state in wanted if index >= allowed.partition]
    return Counts(
        replicas=len(led),
        ready=sum(state.ready for _, state in states),
        updated=sum(state.updated for _, state in states),
        wanted_ready=sum(state.ready for _, state in wanted),
        current=len(current),
        current_updated=sum(state.updated for state in current),
        current_finished=sum(state.updated and state.ready for state in current),
    )


def is_finished(lws: Object, counts: Counts) -> bool:
    """Whether all groups are updated and ready, so that earlier revisions are of no use."""
    allowed = limits(lws["spec"])
    return allowed.partition == 0 and counts.current_finished == allowed.wanted


def status(lws: Object, counts: Counts, now: datetime) -> tuple[Object, Condition | None]:
    """The status, and the condition that holds since now; None if none is new."""
    before = lws.get("status") or {}
    chosen = _chosen(lws, counts)
    name = lws["metadata"]["name"]
    found = {
        **before,
        "observedGeneration": lws["metadata"].get("generation", 1),
        "replicas": counts.replicas,
        "readyReplicas": counts.ready,
        "updatedReplicas": counts.updated,
        "hpaPodSelector": selector({NAME: name, WORKER: "0"}),
        "conditions": _conditions(lws, chosen, now),
    }
    is_new = not conditions.holds(before, chosen[0].type)
    return found, chosen[0] if is_new else None


def _chosen(lws: Object, counts: Counts) -> list[Condition]:
    """The conditions that hold, the most important first."""
    if counts.current_updated < counts.current:
        return [UPDATING, PROGRESSING]
    everything = counts.wanted_ready == limits(lws["spec"]).wanted
    return [AVAILABLE] if everything and counts.current_finished == counts.current else [PROGRESSING]


def _conditions(lws: Object, chosen: list[Condition], now: datetime) -> list[Object]:
    """All conditions: Available excludes the two others, which end with it only."""
    before, generation = lws.get("status") or {}, lws["metadata"].get("generation", 1)
    held = {one.type for one in chosen}
    found = []
    for one in before.get("conditions") or []:
        ends = (one["type"] == AVAILABLE.type) != (AVAILABLE.type in held)
        if one["type"] not in held and ends and one["status"] == "True":
            ended = Condition(one["type"], one["reason"], one["message"], "False")
            one = conditions.following(one, ended, now)
        found.append(one)
    for condition in chosen:
        old = conditions.find(before, condition.type)
        found = conditions.placed(found, conditions.following(old, condition, now))
    return [{**one, "observedGeneration": generation} for one in found]
