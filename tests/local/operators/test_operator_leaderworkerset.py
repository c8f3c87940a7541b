"""LeaderWorkerSets: groups that start, restart, scale and are updated as one."""

import pytest

from arena.local.api.patches.merge import merge
from arena.local.api.request_options import WriteOptions
from arena.local.machinery.loopback import allotted_ports
from arena.local.objects import CONTROLLER_REVISIONS, PERSISTENT_VOLUME_CLAIMS, PODS, SERVICES, Refused
from arena.local.operators.lws.leaderworkerset import LEADER_WORKER_SETS
from arena.local.operators.lws.rollout import Progress, State, step

USER = WriteOptions(manager="test")
PREFIX = "leaderworkerset.sigs.k8s.io/"
REVISION = f"{PREFIX}template-revision-hash"
PORT = [{"containerPort": 6379}]


@pytest.fixture
def submit(bench):
    """Submit the LeaderWorkerSet `v`, two groups of a leader and two workers if nothing else is said."""
    bench.node()

    def make(replicas=2, size=3, template=(), annotations=None, **spec):
        both = {"leaderTemplate": bench.template("c", ports=PORT), "workerTemplate": bench.template("c")}
        body = {"replicas": replicas, "leaderWorkerTemplate": {"size": size, **both, **dict(template)}}
        meta = {"name": "v", "annotations": annotations or {}}
        return bench.submit(LEADER_WORKER_SETS, {"metadata": meta, "spec": {**body, **spec}})

    return make


def patch(bench, spec):
    """Change the spec, and let the operators work."""
    bench.objects.patch(LEADER_WORKER_SETS, "v", {"spec": spec}, "default")
    bench.settled()


def change(bench, value="2"):
    """Change the template of the workers."""
    annotations = {"metadata": {"annotations": {"v": value}}}
    patch(bench, {"leaderWorkerTemplate": {"workerTemplate": annotations}})


def rerun(bench):
    """The kubelet: what was deleted ends, and what waits runs."""
    bench.bury()
    waiting = [name for name, pod in bench.pods().items() if pod["status"]["phase"] == "Pending"]
    return bench.run(*waiting)


def going(bench):
    """The pods that were deleted and have not ended."""
    return [name for name, pod in bench.pods().items() if pod["metadata"].get("deletionTimestamp")]


def revisions(bench):
    """Pod -> the hash of its revision."""
    return {name: pod["metadata"]["labels"][REVISION] for name, pod in bench.pods().items()}


def uids(bench):
    """Pod -> its uid."""
    return {name: pod["metadata"]["uid"] for name, pod in bench.pods().items()}


def test_names_and_labels(bench, submit):
    """Pods are named and labelled as by the real operator, and workers belong to their leader."""
    submit()
    assert list(bench.pods()) == ["v-0", "v-0-1", "v-0-2", "v-1", "v-1-1", "v-1-2"]
    leader, worker = bench.read(PODS, "v-1"), bench.read(PODS, "v-1-2")
    labels = {
        name.removeprefix(PREFIX): value
        for name, value in worker["metadata"]["labels"].items()
        if name.startswith(PREFIX)
    }
    assert len(labels.pop("template-revision-hash")) == 10
    # printf default/v-1 | sha1sum
    key = "6817f6f3a1898228d97accdc5cea2de097a3702c"
    assert labels == {"name": "v", "group-index": "1", "worker-index": "2", "group-key": key}
    notes = worker["metadata"]["annotations"]
    assert (notes[f"{PREFIX}size"], notes[f"{PREFIX}leader-name"]) == ("3", "v-1")
    assert f"{PREFIX}leader-name" not in leader["metadata"]["annotations"]
    assert [one["uid"] for one in worker["metadata"]["ownerReferences"]] == [leader["metadata"]["uid"]]
    assert (worker["spec"]["hostname"], worker["spec"]["subdomain"]) == ("v-1-2", "v")
    selector = bench.read(SERVICES, "v")["spec"]
    assert (selector["clusterIP"], selector["selector"]) == ("None", {f"{PREFIX}name": "v"})


def test_variables_come_first(bench, submit):
    """Every container learns its place in the group, before its own variables, which may refer to that."""
    env = [{"name": "RANK", "value": "$(LWS_WORKER_INDEX)"}, {"name": "LWS_GROUP_SIZE", "value": "9"}]
    submit(template={"workerTemplate": bench.template("c", env=env)})
    found = bench.read(PODS, "v-0-2")["spec"]["containers"][0]["env"]
    assert [(one["name"], one["value"]) for one in found] == [
        ("LWS_LEADER_ADDRESS", "127.0.0.1"),
        ("LWS_GROUP_SIZE", "3"),
        ("LWS_WORKER_INDEX", "2"),
        ("RANK", "$(LWS_WORKER_INDEX)"),
    ]


def test_workers_know_the_port_of_their_leader(bench, submit):
    """A variable with a port of the leader names the one allotted to it; ports of the worker stay its own."""
    env = [{"name": "RAY_PORT", "value": "6379"}, {"name": "HTTP_PORT", "value": "8000"}]
    ports = [{"containerPort": 8000}]
    submit(template={"workerTemplate": bench.template("c", env=env, ports=ports)})
    allotted = {name: allotted_ports(bench.read(PODS, name)) for name in ("v-0", "v-1")}
    assert allotted["v-0"][6379] != allotted["v-1"][6379]
    for name, real in allotted.items():
        assert bench.env(f"{name}-1")["RAY_PORT"] == str(real[6379])
        assert bench.env(f"{name}-1")["HTTP_PORT"] == "8000"


def test_one_template_with_a_port_of_the_leader(bench, submit):
    """Where leader and workers declare the same port, MASTER_PORT is the leader's and HTTP_PORT their own."""
    env = [{"name": "MASTER_PORT", "value": "29500"}, {"name": "HTTP_PORT", "value": "29500"}]
    worker = bench.template("c", env=env, ports=[{"containerPort": 29500}])
    submit(1, 2, {"leaderTemplate": None, "workerTemplate": worker})
    real = allotted_ports(bench.read(PODS, "v-0"))[29500]
    assert bench.env("v-0")["MASTER_PORT"] == "29500"  # which its node replaces
    assert bench.env("v-0-1")["MASTER_PORT"] == str(real)
    assert bench.env("v-0-1")["HTTP_PORT"] == "29500"


@pytest.mark.parametrize("api", [range(0)], indirect=True)
def test_names_on_a_cluster(bench, submit):
    """Where no ports are allotted, leaders are known by name, with the Service of all or of the group."""
    submit(1)
    assert bench.env("v-0-1")["LWS_LEADER_ADDRESS"] == "v-0.v.default"
    bench.objects.delete(LEADER_WORKER_SETS, "v", "default")
    bench.settled().bury().bury()
    submit(1, networkConfig={"subdomainPolicy": "UniquePerReplica"})
    assert bench.env("v-0-1")["LWS_LEADER_ADDRESS"] == "v-0.v-0.default"
    assert bench.read(SERVICES, "v-0")["spec"]["selector"][f"{PREFIX}group-index"] == "0"
    assert bench.read(SERVICES, "v") is None


def test_services_of_groups_go_with_them(bench, submit):
    """A group with a Service of its own takes it along when it is surplus."""
    submit(networkConfig={"subdomainPolicy": "UniquePerReplica"})
    assert bench.read(SERVICES, "v-1")
    patch(bench, {"replicas": 1})
    assert bench.read(SERVICES, "v-1") is None
    assert bench.read(SERVICES, "v-0")


def test_startup_after_the_leader(bench, submit):
    """With the policy LeaderReady workers are created once their leader is ready."""
    submit(1, startupPolicy="LeaderReady")
    assert list(bench.pods()) == ["v-0"]
    bench.run("v-0")
    assert list(bench.pods()) == ["v-0", "v-0-1", "v-0-2"]


def test_status(bench, submit):
    """A group is ready with all its pods; conditions and selector are those of the real operator."""
    submit()
    assert bench.holding(LEADER_WORKER_SETS, "v") == {"Progressing"}
    bench.run("v-0", "v-0-1", "v-0-2", "v-1", "v-1-1")
    status = bench.status(LEADER_WORKER_SETS, "v")
    assert (status["replicas"], status["readyReplicas"], status["updatedReplicas"]) == (2, 1, 2)
    bench.run("v-1-2")
    assert bench.holding(LEADER_WORKER_SETS, "v") == {"Available"}
    status = bench.status(LEADER_WORKER_SETS, "v")
    assert status["hpaPodSelector"] == f"{PREFIX}name=v,{PREFIX}worker-index=0"
    reasons = {one["type"]: (one["status"], one["reason"]) for one in status["conditions"]}
    assert reasons["Available"] == ("True", "AllGroupsReady")
    assert reasons["Progressing"] == ("False", "GroupsProgressing")
    told = bench.messages("v", "AllGroupsReady")
    assert told == ["All replicas are ready, with 2 groups ready of total 2 groups"]


def test_a_restart_recreates_the_group(bench, submit):
    """A container that starts again takes its whole group down, which comes back once all pods have ended."""
    submit()
    bench.run(*bench.pods())
    before = uids(bench)
    bench.restart("v-0-2", 1)
    assert going(bench) == ["v-0", "v-0-1", "v-0-2"]
    bench.objects.delete(PODS, "v-0", "default", grace=0)
    bench.settled()
    assert "v-0" not in bench.pods()
    rerun(bench)
    after = uids(bench)
    assert {name for name in before if before[name] != after[name]} == {"v-0", "v-0-1", "v-0-2"}
    assert bench.holding(LEADER_WORKER_SETS, "v") == {"Available"}
    assert bench.messages("v", "RecreateGroup") == [
        "Worker pod v-0-2 failed, deleted leader pod v-0 to recreate group 0"
    ]


def test_no_restart_of_the_group(bench, submit):
    """With the policy None a deleted worker comes back alone; a deleted leader takes its workers along."""
    submit(1, template={"restartPolicy": "None"})
    bench.run(*bench.pods())
    before = uids(bench)
    bench.restart("v-0-1", 3)
    bench.objects.delete(PODS, "v-0-2", "default")
    rerun(bench.settled())
    after = uids(bench)
    assert {name for name in before if before[name] != after[name]} == {"v-0-2"}
    bench.objects.delete(PODS, "v-0", "default")
    rerun(bench.settled())
    assert not set(after.values()) & set(uids(bench).values())


def test_restarts_while_the_group_starts(bench, submit):
    """With RecreateGroupAfterStart a restart recreates the group only once all pods run."""
    submit(1, template={"restartPolicy": "RecreateGroupAfterStart"})
    bench.run("v-0", "v-0-1").restart("v-0-1", 1)
    assert going(bench) == []
    bench.run("v-0-2")
    assert going(bench) == ["v-0", "v-0-1", "v-0-2"]


def test_scale(bench, submit):
    """Scaling changes the number of groups; the last ones go first."""
    submit(1)
    patch(bench, {"replicas": 3})
    assert "v-2-2" in bench.pods()
    patch(bench, {"replicas": 1})
    assert set(bench.pods()) - set(going(bench)) == {"v-0", "v-0-1", "v-0-2"}
    bench.bury()
    patch(bench, {"replicas": 0})
    bench.bury()
    assert bench.pods() == {}
    assert bench.status(LEADER_WORKER_SETS, "v")["replicas"] == 0


def test_rollout_group_by_group(bench, submit):
    """A new template replaces whole groups from the last to the first, each when those after it are ready."""
    submit(3, 2)
    bench.run(*bench.pods())
    old = revisions(bench)["v-0"]
    change(bench)
    assert going(bench) == ["v-2", "v-2-1"]
    assert bench.holding(LEADER_WORKER_SETS, "v") >= {"UpdateInProgress", "Progressing"}
    bench.bury()
    assert going(bench) == []
    assert [name for name, one in revisions(bench).items() if one != old] == ["v-2", "v-2-1"]
    bench.run("v-2", "v-2-1")
    assert going(bench) == ["v-1", "v-1-1"]
    rerun(bench)
    assert going(bench) == ["v-0", "v-0-1"]
    rerun(bench)
    assert old not in revisions(bench).values()
    assert bench.holding(LEADER_WORKER_SETS, "v") == {"Available"}
    assert len(bench.objects.list(CONTROLLER_REVISIONS, "default")) == 1


def test_rollout_with_surge(bench, submit):
    """With a surge a new group is ready before an old one goes, and goes itself in the end."""
    rolling = {"maxSurge": 1, "maxUnavailable": 0}
    submit(2, 1, rolloutStrategy={"type": "RollingUpdate", "rollingUpdateConfiguration": rolling})
    bench.run(*bench.pods())
    change(bench)
    assert (list(bench.pods()), going(bench)) == (["v-0", "v-1", "v-2"], [])
    bench.run("v-2")
    assert going(bench) == ["v-1"]
    rerun(bench)
    assert going(bench) == ["v-0"]
    rerun(bench)
    assert going(bench) == ["v-2"]
    bench.bury()
    assert list(bench.pods()) == ["v-0", "v-1"]
    assert len(set(revisions(bench).values())) == 1


def test_a_partition_holds_old_groups(bench, submit):
    """Groups below the partition keep the old template, also when they start again."""
    rolling = {"partition": 1}
    submit(2, 2, rolloutStrategy={"type": "RollingUpdate", "rollingUpdateConfiguration": rolling})
    bench.run(*bench.pods())
    old = revisions(bench)["v-0"]
    change(bench)
    rerun(bench)
    assert [name for name, one in revisions(bench).items() if one == old] == ["v-0", "v-0-1"]
    bench.restart("v-0", 1)
    rerun(bench)
    assert [name for name, one in revisions(bench).items() if one == old] == ["v-0", "v-0-1"]
    assert "v" not in bench.read(PODS, "v-0-1")["metadata"]["annotations"]
    patch(bench, {"rolloutStrategy": {"rollingUpdateConfiguration": {"partition": 0}}})
    rerun(bench)
    assert old not in revisions(bench).values()


def test_back_in_the_middle_of_a_rollout(bench, submit):
    """The old template again: groups that still have it are left alone."""
    submit(3, 1)
    bench.run(*bench.pods())
    before = uids(bench)
    change(bench)
    bench.bury()
    change(bench, None)
    for _ in range(4):
        rerun(bench)
    assert {name for name, uid in uids(bench).items() if uid == before[name]} == {"v-0", "v-1"}
    assert len(set(revisions(bench).values())) == 1


def test_a_template_that_never_gets_ready(bench, submit):
    """A rollout stops at the first group that does not get ready; a better template goes on."""
    submit(3, 1)
    bench.run(*bench.pods())
    change(bench)
    bench.bury()
    assert bench.later(600).holding(LEADER_WORKER_SETS, "v") >= {"UpdateInProgress"}
    assert going(bench) == []
    change(bench, "3")
    assert going(bench) == ["v-2"]
    for _ in range(3):
        rerun(bench)
    assert len(set(revisions(bench).values())) == 1


def test_claims(bench, submit):
    """Each pod has claims of its own, which outlive the LeaderWorkerSet."""
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    submit(1, 2, {"volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": spec}]})
    volumes = bench.read(PODS, "v-0-1")["spec"]["volumes"]
    assert volumes == [{"name": "data", "persistentVolumeClaim": {"claimName": "data-v-0-1"}}]
    bench.objects.delete(LEADER_WORKER_SETS, "v", "default")
    bench.settled().bury().bury()
    assert (bench.pods(), bench.read(SERVICES, "v")) == ({}, None)
    assert bench.objects.list(CONTROLLER_REVISIONS, "default") == []
    assert bench.read(PERSISTENT_VOLUME_CLAIMS, "data-v-0")


def test_subgroups(bench, submit):
    """The leader is in the first part of its group, as one more than its size or as one of it."""
    submit(1, 5, {"subGroupPolicy": {"subGroupSize": 2}})
    labels = {name: pod["metadata"]["labels"] for name, pod in bench.pods().items()}
    found = {name: one[f"{PREFIX}subgroup-index"] for name, one in labels.items()}
    assert found == {"v-0": "0", "v-0-1": "0", "v-0-2": "0", "v-0-3": "1", "v-0-4": "1"}
    keys = {one[f"{PREFIX}subgroup-key"] for one in labels.values()}
    assert len(keys) == 2


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ({"template": {"size": 0}}, "size must be equal or greater than 1"),
        ({"replicas": -1}, "spec.replicas in body should be greater than or equal to 0"),
        ({"template": {"subGroupPolicy": {"subGroupSize": 5}}}, "subGroupSize cannot be larger than size"),
        ({"template": {"subGroupPolicy": {}}}, "subGroupSize must be equal or greater than 1"),
        ({"template": {"size": 1001}}, "at most 1000"),
        ({"startupPolicy": "x"}, "spec.startupPolicy: Unsupported value"),
    ],
)
def test_refused(submit, spec, why):
    """What the webhook or the definition does not allow is refused, with the reason."""
    with pytest.raises(Refused, match=why):
        submit(**spec)


def test_refused_rollout(bench, submit):
    """A rollout that may neither add nor take a group away is refused, as is another size of parts."""
    rolling = {"maxUnavailable": 0, "maxSurge": "0%"}
    with pytest.raises(Refused, match="must not be 0 when `maxSurge` is 0"):
        submit(rolloutStrategy={"type": "RollingUpdate", "rollingUpdateConfiguration": rolling})
    submit(template={"subGroupPolicy": {"subGroupSize": 1}})
    for policy, why in (({"subGroupSize": 3}, "field is immutable"), (None, "cannot remove subGroupSize")):
        change = {"spec": {"leaderWorkerTemplate": {"subGroupPolicy": policy}}}
        with pytest.raises(Refused, match=why):
            bench.objects.change(
                LEADER_WORKER_SETS, "v", "default", lambda old, new=change: merge(old, new), how=USER
            )


GOOD, DOWN, NEW = State(True, False), State(False, False), State(True, True)


@pytest.mark.parametrize(
    ("unavailable", "states", "partition"),
    [
        (1, [GOOD, GOOD, GOOD, GOOD], 3),
        (2, [GOOD, GOOD, GOOD, GOOD], 2),
        (1, [GOOD, GOOD, GOOD, NEW], 2),
        (1, [GOOD, GOOD, NEW, DOWN], 3),
        (1, [DOWN, GOOD, GOOD, GOOD], 4),
        (2, [DOWN, GOOD, GOOD, GOOD], 3),
        (1, [DOWN, DOWN, DOWN, DOWN], 3),
        (4, [GOOD, GOOD, GOOD, GOOD], 0),
    ],
)
def test_partition(unavailable, states, partition):
    """No more groups are unavailable than allowed, but those that are anyway may be updated at once."""
    spec = {"replicas": 4, "rolloutStrategy": {"rollingUpdateConfiguration": {"maxUnavailable": unavailable}}}
    assert step(Progress(4, 4, 4), spec, states).partition == partition
