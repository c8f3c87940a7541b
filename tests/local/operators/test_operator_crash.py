"""A crash after any write, then a fresh runner: the work is finished, and nothing is done twice."""

import katib_manifests
import pytest

from arena.local.machinery import traffic
from arena.local.machinery.clock import stamp
from arena.local.objects import (
    AUTOSCALERS,
    CONTROLLER_REVISIONS,
    DEPLOYMENTS,
    DISRUPTION_BUDGETS,
    HTTP_ROUTES,
    JOBS,
    JOBSETS,
    OBSERVATION_LOGS,
    POD_METRICS,
    SERVICES,
    STATEFULSETS,
)
from arena.local.operators.batch.cronjob import CRONJOBS
from arena.local.operators.elastic.manifests import SCALEINS, SCALEOUTS, TRAININGJOBS
from arena.local.operators.katib.kinds import TRIAL_LABEL, TRIALS
from arena.local.operators.kubeflow.jaxjob import JAXJOBS
from arena.local.operators.kubeflow.paddlejob import PADDLEJOBS
from arena.local.operators.kubeflow.pytorchjob import PYTORCHJOBS
from arena.local.operators.kubeflow.tfjob import TFJOBS
from arena.local.operators.kubeflow.xgboostjob import XGBOOSTJOBS
from arena.local.operators.lws.leaderworkerset import LEADER_WORKER_SETS
from arena.local.operators.mpi.mpijob import MPIJOBS
from arena.local.operators.ray.manifests import RAYJOBS
from arena.local.operators.trainer.trainjob import TRAINJOBS


class Crash(BaseException):
    """The process is gone; no handler may see it."""


class Fragile:
    """An API whose caller dies right after its k-th write."""

    def __init__(self, api, writes):
        self.api = api
        self.left = writes

    def __getattr__(self, name):
        return getattr(self.api, name)

    def _count(self):
        self.left -= 1
        if self.left == 0:
            raise Crash

    def create(self, *args, **kwargs):
        """Create, then perhaps die."""
        made = self.api.create(*args, **kwargs)
        self._count()
        return made

    def patch(self, *args, **kwargs):
        """Patch, then perhaps die."""
        made = self.api.patch(*args, **kwargs)
        self._count()
        return made

    def delete(self, *args, **kwargs):
        """Delete, then perhaps die."""
        self.api.delete(*args, **kwargs)
        self._count()


class FragileBench:
    """Plays one story on a bench whose runner crashes at every k-th write and is replaced."""

    def __init__(self, bench, every):
        self.bench = bench
        self.every = every
        self.crashes = 0
        bench.settled = self.settled
        self.fresh()

    def fresh(self):
        """The process starts again."""
        self.bench.runner = self.bench.new_runner(Fragile(self.bench.objects, self.every))

    def settled(self):
        """Work until idle, through however many crashes."""
        for _ in range(500):
            try:
                self.bench.runner.run_until_idle()
            except Crash:
                self.crashes += 1
                self.fresh()
            else:
                return self.bench
        raise AssertionError("no end of work")


def pytorch(bench):
    specs = {
        "Master": bench.replica(1, "pytorch", restartPolicy="ExitCode"),
        "Worker": bench.replica(2, "pytorch", restartPolicy="ExitCode"),
    }
    policy = {"cleanPodPolicy": "All", "backoffLimit": 2}
    spec = {"pytorchReplicaSpecs": specs, "runPolicy": policy}
    bench.submit(PYTORCHJOBS, {"metadata": {"name": "j"}, "spec": spec})
    bench.run(*bench.pods()).end("j-worker-0", code=137)
    assert "Failed" not in bench.holding(PYTORCHJOBS, "j")
    bench.run("j-worker-0").end("j-worker-0", "j-worker-1").end("j-master-0").bury()
    assert bench.holding(PYTORCHJOBS, "j") == {"Created", "Succeeded"}
    assert bench.pods() == {}


def frameworks(bench):
    for resource, specs, container, roles in (
        (JAXJOBS, "jaxReplicaSpecs", "jax", {"Worker": 2}),
        (XGBOOSTJOBS, "xgbReplicaSpecs", "xgboost", {"Master": 1, "Worker": 1}),
        (PADDLEJOBS, "paddleReplicaSpecs", "paddle", {"Master": 1, "Worker": 1}),
    ):
        replicas = {
            name: bench.replica(count, container, restartPolicy="ExitCode") for name, count in roles.items()
        }
        policy = {"cleanPodPolicy": "All", "backoffLimit": 2}
        bench.submit(resource, {"metadata": {"name": "j"}, "spec": {specs: replicas, "runPolicy": policy}})
        bench.run(*bench.pods()).end("j-worker-0", code=137).run("j-worker-0")
        bench.end(*bench.pods()).bury()
        assert bench.holding(resource, "j") == {"Created", "Succeeded"}
        assert bench.pods() == {}


def tensorflow(bench):
    specs = {"PS": bench.replica(1, "tensorflow"), "Worker": bench.replica(1, "tensorflow")}
    spec = {"tfReplicaSpecs": specs, "runPolicy": {"suspend": True, "ttlSecondsAfterFinished": 9}}
    bench.submit(TFJOBS, {"metadata": {"name": "j"}, "spec": spec})
    bench.objects.patch(TFJOBS, "j", {"spec": {"runPolicy": {"suspend": False}}}, "default")
    bench.settled()
    bench.run(*bench.pods()).end("j-worker-0")
    assert bench.holding(TFJOBS, "j") == {"Created", "Succeeded"}
    bench.later(10)
    bench.bury()
    assert bench.read(TFJOBS, "j") is None
    assert bench.pods() == {}


def mpi(bench):
    specs = {"Launcher": bench.replica(1, "l"), "Worker": bench.replica(2, "w")}
    spec = {"mpiReplicaSpecs": specs, "runPolicy": {"cleanPodPolicy": "Running"}}
    bench.submit(MPIJOBS, {"metadata": {"name": "j"}, "spec": spec})
    assert len(bench.pods()) == 3
    bench.run(*bench.pods())
    assert bench.holding(MPIJOBS, "j") == {"Created", "Running"}
    bench.end(*bench.pods("training.kubeflow.org/job-role=launcher")).bury()
    assert bench.holding(MPIJOBS, "j") == {"Created", "Succeeded"}
    assert len(bench.pods()) == 1


def job(bench):
    template = bench.template("c")
    template["spec"]["restartPolicy"] = "Never"
    spec = {"parallelism": 2, "completions": 3, "completionMode": "Indexed", "template": template}
    bench.submit(JOBS, {"metadata": {"name": "j"}, "spec": spec})
    first, second = bench.pods()
    bench.end(first, code=1).later(10)
    bench.end(second)
    for _ in range(3):
        bench.end(*[name for name, pod in bench.pods().items() if pod["status"]["phase"] == "Pending"])
    status = bench.status(JOBS, "j")
    assert (status["succeeded"], status["failed"], status["completedIndexes"]) == (3, 1, "0-2")
    assert "Complete" in bench.holding(JOBS, "j")
    assert len(bench.pods()) == 4


def sweep(bench):
    run = katib_manifests.job()
    run["spec"]["template"]["metadata"] = {"labels": {TRIAL_LABEL: "hp-1"}}
    bench.submit(TRIALS, katib_manifests.trial(run))
    bench.run(*bench.pods())
    (pod,) = bench.pods().values()
    latest = {"time": stamp(bench.now), "value": "1"}
    metric = {"name": "loss", "container": "main", "count": 1, "min": "1", "max": "1", "latest": latest}
    meta = {"name": pod["metadata"]["uid"], "labels": pod["metadata"]["labels"]}
    status = {"complete": True, "metrics": [{**metric, "values": []}]}
    bench.objects.create(OBSERVATION_LOGS, {"metadata": meta, "pod": {}, "status": status}, "default")
    bench.end(pod["metadata"]["name"])
    assert bench.holding(TRIALS, "hp-1") == {"Created", "Succeeded"}
    assert bench.status(TRIALS, "hp-1")["observation"]["metrics"][0]["latest"] == "1"
    assert bench.objects.list(JOBS, "default") == []


def deployment(bench):
    labels = {"app": "w"}
    spec = {"replicas": 2, "selector": {"matchLabels": labels}, "template": bench.template("c", labels)}
    bench.submit(DEPLOYMENTS, {"metadata": {"name": "w"}, "spec": spec})
    bench.run(*bench.pods())
    patch = {"spec": {"template": {"metadata": {"annotations": {"v": "2"}}}}}
    bench.objects.patch(DEPLOYMENTS, "w", patch, "default")
    for _ in range(4):
        bench.settled()
        bench.run(*[name for name, pod in bench.pods().items() if pod["status"]["phase"] == "Pending"])
        bench.bury()
    status = bench.status(DEPLOYMENTS, "w")
    assert (status["replicas"], status["updatedReplicas"], status["availableReplicas"]) == (2, 2, 2)
    assert len(bench.pods()) == 2


def stateful(bench):
    size = {"requests": {"storage": "1Gi"}}
    claim = {"metadata": {"name": "d"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": size}}
    labels = {"app": "s"}
    spec = {"replicas": 2, "selector": {"matchLabels": labels}, "template": bench.template("c", labels)}
    spec.update(serviceName="s", volumeClaimTemplates=[claim])
    bench.submit(STATEFULSETS, {"metadata": {"name": "s"}, "spec": spec})
    bench.run("s-0").run("s-1")
    bench.objects.patch(STATEFULSETS, "s", {"spec": {"replicas": 0}}, "default")
    bench.settled()
    bench.bury().bury()
    assert bench.pods() == {}


def jobset(bench):
    template = bench.template("c", ports=[{"containerPort": 29500}])
    group = {
        "template": {"spec": {"parallelism": 2, "completions": 2, "backoffLimit": 0, "template": template}}
    }
    groups = [{"name": "a", **group}, {"name": "b", **group}]
    spec = {"replicatedJobs": groups, "failurePolicy": {"maxRestarts": 1}}
    bench.submit(JOBSETS, {"metadata": {"name": "s"}, "spec": spec})
    bench.run(*bench.pods()).end(next(iter(bench.pods())), code=1)
    for _ in range(4):
        bench.bury()
    assert bench.status(JOBSETS, "s")["restarts"] == 1
    assert len(bench.pods()) == 4
    bench.run(*bench.pods()).end(*bench.pods())
    assert bench.holding(JOBSETS, "s") == {"Completed"}


def trainjob(bench):
    spec = {"runtimeRef": {"name": "torch-distributed"}, "suspend": True}
    spec["trainer"] = {"numNodes": 2, "command": ["c"]}
    bench.submit(TRAINJOBS, {"metadata": {"name": "t"}, "spec": spec})
    bench.objects.patch(TRAINJOBS, "t", {"spec": {"suspend": False}}, "default")
    bench.settled()
    assert len(bench.pods()) == 2
    bench.run(*bench.pods()).end(*bench.pods())
    assert bench.holding(TRAINJOBS, "t") == {"Complete"}
    assert bench.status(TRAINJOBS, "t")["jobsStatus"][0]["succeeded"] == 1


def cronjob(bench):
    template = bench.template("c")
    template["spec"]["restartPolicy"] = "Never"
    spec = {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": template}}}
    spec |= {"concurrencyPolicy": "Forbid", "successfulJobsHistoryLimit": 2}
    bench.objects.create(CRONJOBS, {"metadata": {"name": "c"}, "spec": spec}, "default")
    bench.objects.patch(
        CRONJOBS, "c", {"status": {"lastScheduleTime": stamp(bench.now)}}, "default", "status"
    )
    for number in range(1, 4):
        bench.later(60)
        (waiting,) = [name for name, pod in bench.pods().items() if pod["status"]["phase"] == "Pending"]
        bench.end(waiting)
        assert bench.status(CRONJOBS, "c")["lastScheduleTime"] == f"2026-01-31T12:0{number}:00Z"
    assert len(bench.objects.list(JOBS, "default")) == 2


def rayjob(bench):
    group = {"groupName": "g", "replicas": 2, "minReplicas": 2, "maxReplicas": 2}
    cluster = {
        "headGroupSpec": {"template": bench.template("h")},
        "workerGroupSpecs": [{**group, "template": bench.template("w")}],
    }
    spec = {"entrypoint": "x", "backoffLimit": 1, "shutdownAfterJobFinishes": True, "rayClusterSpec": cluster}
    bench.submit(RAYJOBS, {"metadata": {"name": "j"}, "spec": spec})
    for code in (1, 0):
        bench.run(*bench.pods())
        submitter = bench.status(RAYJOBS, "j")["rayClusterName"] + "-submitter"
        bench.run(submitter).end(submitter, code=code).bury()
    status = bench.status(RAYJOBS, "j")
    assert (status["jobStatus"], status["failed"], status["succeeded"]) == ("SUCCEEDED", 1, 1)
    assert list(bench.pods()) == [submitter]


def elastic(bench):
    launcher, worker = bench.replica(1, "l"), bench.replica(2, "w", restartPolicy="OnFailure")
    spec = {"etReplicaSpecs": {"launcher": launcher, "worker": worker}, "restartPolicy": "OnFailure"}
    bench.submit(TRAININGJOBS, {"metadata": {"name": "j"}, "spec": spec})
    bench.run("j-worker-0", "j-worker-1").run("j-launcher").end("j-worker-0", code=1).run("j-worker-2")
    wish = {"selector": {"name": "j"}}
    bench.submit(SCALEOUTS, {"metadata": {"name": "o"}, "spec": {**wish, "toAdd": {"count": 2}}})
    bench.run("j-worker-3", "j-worker-4")
    bench.submit(SCALEINS, {"metadata": {"name": "i"}, "spec": {**wish, "toDelete": {"count": 1}}})
    bench.bury()
    status = bench.status(TRAININGJOBS, "j")
    assert (status["phase"], status["currentWorkers"]) == (
        "Running",
        ["j-worker-1", "j-worker-2", "j-worker-3"],
    )
    bench.end("j-launcher", code=1).bury()
    bench.run("j-worker-0", "j-worker-1").run("j-launcher").end("j-launcher").bury()
    status = bench.status(TRAININGJOBS, "j")
    assert (status["phase"], status["restartCount"]) == ("Succeeded", 1)
    assert list(bench.pods()) == ["j-launcher"]


def groups(bench):
    rolling = {"maxSurge": 1, "maxUnavailable": 0}
    size = {"size": 2, "workerTemplate": bench.template("c")}
    spec = {"replicas": 2, "leaderWorkerTemplate": size}
    spec["rolloutStrategy"] = {"type": "RollingUpdate", "rollingUpdateConfiguration": rolling}
    bench.submit(LEADER_WORKER_SETS, {"metadata": {"name": "v"}, "spec": spec})
    bench.run(*bench.pods()).restart("v-0-1", 1).bury()
    bench.run("v-0", "v-0-1")
    template = {"workerTemplate": {"metadata": {"annotations": {"v": "2"}}}}
    bench.objects.patch(LEADER_WORKER_SETS, "v", {"spec": {"leaderWorkerTemplate": template}}, "default")
    for _ in range(5):
        bench.settled()
        bench.run(*[name for name, pod in bench.pods().items() if pod["status"]["phase"] == "Pending"])
        bench.bury()
    assert bench.holding(LEADER_WORKER_SETS, "v") == {"Available"}
    assert list(bench.pods()) == ["v-0", "v-0-1", "v-1", "v-1-1"]
    assert {pod["metadata"]["annotations"]["v"] for pod in bench.pods().values()} == {"2"}
    assert len(bench.objects.list(CONTROLLER_REVISIONS, "default")) == 1


def autoscaled(bench):
    labels = {"app": "w"}
    template = bench.template("c", labels, resources={"requests": {"memory": "1Mi"}})
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    bench.submit(DEPLOYMENTS, {"metadata": {"name": "w"}, "spec": spec})
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "w"}
    memory = {"name": "memory", "target": {"type": "Utilization", "averageUtilization": 50}}
    spec = {"scaleTargetRef": target, "minReplicas": 2, "maxReplicas": 6}
    spec["metrics"] = [{"type": "Resource", "resource": memory}]
    bench.submit(AUTOSCALERS, {"metadata": {"name": "a"}, "spec": spec})
    bench.run(*bench.pods())
    moment, used = stamp(bench.now), [{"name": "c", "usage": {"memory": "1Mi"}}]
    bench.objects.measured[POD_METRICS] = lambda namespace, labels: [
        {"metadata": {"name": name}, "timestamp": moment, "containers": used} for name in bench.pods(labels)
    ]
    bench.later(5)
    bench.run(*bench.pods())
    bench.later(5)
    assert bench.read(DEPLOYMENTS, "w")["spec"]["replicas"] == 6
    bench.run(*bench.pods())
    status = bench.later(5).status(AUTOSCALERS, "a")
    assert (status["currentReplicas"], status["desiredReplicas"]) == (6, 6)
    assert bench.holding(AUTOSCALERS, "a") == {"AbleToScale", "ScalingActive", "ScalingLimited"}


def budget(bench):
    labels = {"app": "w"}
    spec = {"replicas": 3, "selector": {"matchLabels": labels}, "template": bench.template("c", labels)}
    bench.submit(DEPLOYMENTS, {"metadata": {"name": "w"}, "spec": spec})
    spec = {"maxUnavailable": 1, "selector": {"matchLabels": labels}}
    bench.submit(DISRUPTION_BUDGETS, {"metadata": {"name": "b"}, "spec": spec})
    for allowed, name in enumerate(sorted(bench.pods()), -1):
        bench.run(name)
        assert bench.status(DISRUPTION_BUDGETS, "b")["disruptionsAllowed"] == max(0, allowed)


def routes(bench):
    for name in ("s", "a", "b"):
        spec = {"selector": {"app": name}, "ports": [{"port": 80}]}
        bench.submit(SERVICES, {"metadata": {"name": name}, "spec": spec})
    backends = [{"name": "a", "port": 80, "weight": 9}, {"name": "b", "port": 80}]
    parent = {"group": "", "kind": "Service", "name": "s"}
    spec = {"parentRefs": [parent], "rules": [{"backendRefs": backends}]}
    bench.submit(HTTP_ROUTES, {"metadata": {"name": "r"}, "spec": spec})
    (parent,) = bench.status(HTTP_ROUTES, "r")["parents"]
    assert [one["status"] for one in parent["conditions"]] == ["True", "True"]
    for weight in (9, 8, 7, 6):
        backends = [{**backends[0], "weight": weight}, backends[1]]
        change = {"spec": {"rules": [{"backendRefs": backends}]}}
        bench.objects.patch(HTTP_ROUTES, "r", change, "default")
        bench.settled()
        assert [one.weight for one in traffic.shares(bench.read(SERVICES, "s"))] == [weight, 1]
    bench.objects.delete(HTTP_ROUTES, "r", "default")
    bench.settled()
    assert traffic.shares(bench.read(SERVICES, "s")) == []


@pytest.mark.parametrize("every", [1, 2, 3, 5, 7])
@pytest.mark.parametrize(
    "story",
    [
        pytorch,
        frameworks,
        tensorflow,
        mpi,
        job,
        sweep,
        jobset,
        trainjob,
        deployment,
        stateful,
        cronjob,
        rayjob,
        elastic,
        groups,
        autoscaled,
        budget,
        routes,
    ],
)
def test_crashes(bench, story, every):
    """Every story ends the same when the operators die after each k-th write."""
    fragile = FragileBench(bench.node(), every)
    story(bench)
    assert fragile.crashes
