"""LeaderWorkerSet: groups of pods that start, restart and are updated as one, as servers of a large model do.

What the real operator (lws 0.10) does; `manifests` says what it does in another way.
"""

from functools import cached_property

from arena.local.definitions import Definition
from arena.local.machinery import pod_status, volume_claims
from arena.local.machinery.operator import Key, Operator
from arena.local.machinery.pod_template import replica_count
from arena.local.machinery.reconciler import Reconciler
from arena.local.machinery.writes import RETRY, create_pod
from arena.local.objects import CONTROLLER_REVISIONS, PODS, SERVICES, Object, Objects, Resource, key
from arena.local.operators.lws import groups, manifests, revisions, rollout, status, validation
from arena.local.operators.lws.groups import Group
from arena.local.operators.lws.labels import AFTER_START, NAME, SIZE

LEADER_WORKER_SETS = Resource("leaderworkerset.x-k8s.io", "v1", "leaderworkersets", "LeaderWorkerSet")


def operator() -> Operator:
    """The operator of LeaderWorkerSets."""
    return LeaderWorkerSet.operator(owns=(SERVICES, CONTROLLER_REVISIONS), related={PODS: _of_pod})


def _of_pod(objects: Objects, pod: Object) -> list[Key]:
    name = (pod["metadata"].get("labels") or {}).get(NAME)
    return [(key(pod)[0], name)] if name else []


class LeaderWorkerSet(Reconciler):
    """One pass over one LeaderWorkerSet."""

    resource = LEADER_WORKER_SETS

    def reconcile(self) -> float | None:
        """Take one step towards groups that are complete and of the current template."""
        refused = [self._tend(group) for group in self._existing() if not self._removed(group)]
        self._report()
        return RETRY if any(refused) else None

    @cached_property
    def history(self) -> list[Object]:
        """The revisions, the newest last, which is that of the spec."""
        found = self.owned(CONTROLLER_REVISIONS)
        found.sort(key=lambda one: int(one["revision"]))
        if found and revisions.is_current(self.obj, found[-1]):
            return found
        before = found[-1] if found else None
        begun = rollout.begin(revisions.progress(before) if before else None, self.obj["spec"])
        made = revisions.create(self.objects, self.parent, before, begun)
        what = "updated LWS" if before else "a newly created LeaderWorkerSet"
        self.event("CreatingRevision", f"Creating revision with key {revisions.hash_of(made)} for {what}")
        return [*found, made]

    @property
    def mark(self) -> str:
        """The hash of the newest revision."""
        return revisions.hash_of(self.history[-1])

    @cached_property
    def progress(self) -> rollout.Progress:
        """How far the rollout of the newest revision has come, with the step of this pass."""
        before = revisions.progress(self.history[-1])
        found = self._groups()
        states = [found.get(index, Group(index=index)).state(self.mark) for index in range(before.groups)]
        reached = rollout.step(before, self.obj["spec"], states)
        revisions.record(self.objects, self.history[-1], reached)
        return reached

    def _groups(self) -> dict[int, Group]:
        name = self.obj["metadata"]["name"]
        return groups.by_index(self.objects.list(PODS, key(self.obj)[0], f"{NAME}={name}"))

    def _existing(self) -> list[Group]:
        """The groups that exist, and those that are missing, by index."""
        found = self._groups()
        return [
            found.get(index, Group(index=index)) for index in sorted({*found, *range(self.progress.groups)})
        ]

    def _removed(self, group: Group) -> bool:
        """Whether the group goes: it is surplus, of an old revision though it is its turn, or broken."""
        leader = group.leader
        outdated = leader is not None and group.revision != self.mark
        goes = outdated and group.index >= self.progress.partition
        if group.index >= self.progress.groups:
            self._drop_service(group.index)
            goes = True
        if not goes and leader and pod_status.is_active(leader) and self._must_restart(group):
            text = f"deleted leader pod {key(leader)[1]} to recreate group {group.index}"
            self.event("RecreateGroup", f"Worker pod {key(group.broken[0])[1]} failed, {text}")
            goes = True
        if goes or (leader and not pod_status.is_active(leader)):
            self.remove_pods(group.pods)
            return True
        return False

    def _must_restart(self, group: Group) -> bool:
        """Whether a group with a broken pod starts again as one."""
        policy = self.obj["spec"]["leaderWorkerTemplate"].get("restartPolicy")
        if policy == "None" or not group.broken:
            return False
        patient = AFTER_START in (self.obj["metadata"].get("annotations") or {})
        return not (group.is_starting and (policy == "RecreateGroupAfterStart" or patient))

    def _tend(self, group: Group) -> bool:
        """Create the missing pods of a group; True if one was refused."""
        if group.leader is None and group.pods:  # whose names and ports are free when they have ended
            self.remove_pods(group.pods)
            return False
        revision = self._revision_of(group)
        leader = group.leader
        if leader is None:
            body = manifests.leader(self.obj, revision, group.index, self._service(revision, group.index))
            leader = self._create(body, revision, self.parent)
            if leader is None:
                return True
            self.event("GroupsProgressing", f"Created leader pod {key(leader)[1]}")
        self.remove_pods([*group.strangers, *filter(pod_status.is_finished, group.workers)])
        waits = self.obj["spec"].get("startupPolicy") == "LeaderReady" and not pod_status.is_ready(leader)
        return False if waits else self._fill(group, leader, revision)

    def _fill(self, group: Group, leader: Object, revision: Object) -> bool:
        """Create the missing workers of a group; True if one was refused."""
        service = self._service(revision, group.index)
        there = {key(pod)[1] for pod in (*group.workers, *group.strangers)}
        first, size = key(leader)[1], int(leader["metadata"]["annotations"][SIZE])
        missing = [index for index in range(1, size) if f"{first}-{index}" not in there]
        for index in missing:
            body = manifests.worker(self.obj, revision, leader, index, service)
            if self._create(body, revision, (PODS, leader)) is None:
                return True
        if missing and not group.workers:
            self.event("GroupsProgressing", f"Created the workers of leader pod {first}")
        return False

    def _revision_of(self, group: Group) -> Object:
        """The revision of a group's pods: its leader's, or that of which it is to be."""
        known = {revisions.hash_of(one): one for one in self.history}
        if group.leader:
            return known.get(group.revision, self.history[-1])
        earlier = [one for mark, one in known.items() if mark != self.mark]
        return earlier[-1] if earlier and group.index < self.progress.partition else self.history[-1]

    def _service(self, revision: Object, index: int) -> Object:
        """The headless Service of a group's pods."""
        if manifests.is_unique(revision):
            return self.ensure(SERVICES, manifests.group_service(self.obj, revision, index))
        return self.ensure(SERVICES, manifests.service(self.obj, revision))

    def _drop_service(self, index: int) -> None:
        """Remove the Service of a surplus group, if it has one of its own."""
        namespace, name = key(self.obj)
        service = self.objects.get(SERVICES, f"{name}-{index}", namespace)
        if service and manifests.is_ours(service, name):
            self.remove(SERVICES, service)

    def _create(self, body: Object, revision: Object, owner: tuple[Resource, Object]) -> Object | None:
        """Create a pod with its claims; None if it is refused."""
        spec = revisions.spec_of(revision)["leaderWorkerTemplate"]
        pod = key(self.obj)[0], body["metadata"]["name"]
        labels = {NAME: self.obj["metadata"]["name"]}
        volume_claims.create(self.objects, spec.get("volumeClaimTemplates") or [], pod, labels)
        return create_pod(self.objects, body, owner, self.now)

    def _report(self) -> None:
        """Write the status; once everything is updated, earlier revisions go."""
        counts = status.count(self.obj, self._groups().values(), self.mark)
        self.status, new = status.status(self.obj, counts, self.now)
        if new:
            numbers = f"{counts.ready} groups ready of total {replica_count(self.obj['spec'])} groups"
            self.event(new.reason, f"{new.message}, with {numbers}")
        self.write_status()
        if status.is_finished(self.obj, counts):
            for one in self.history[:-1]:
                self.remove(CONTROLLER_REVISIONS, one)


DEFINITIONS = (
    Definition(
        resource=LEADER_WORKER_SETS,
        check=validation.check,
        change=validation.check_change,
        fill=validation.fill,
    ),
)
