"""The workers of a TrainingJob: created, replaced when they are lost, and listed for the program."""

from collections.abc import Collection, Iterable
from datetime import datetime

from arena.local.machinery import pod_status
from arena.local.machinery.clock import earliest, left
from arena.local.machinery.job_lifecycle import JobLifecycle, Text
from arena.local.machinery.loopback import allotted_ports, is_local
from arena.local.machinery.writes import RETRY, difference
from arena.local.objects import CONFIGMAPS, PODS, SECRETS, SERVICES, Object, Objects, key
from arena.local.operators.elastic import manifests
from arena.local.operators.elastic.manifests import TRAININGJOBS, Job

CREATED = "WorkersCreated"
PAUSE, LONGEST = 10.0, 300.0
"""Seconds before the second worker in a row is replaced, doubled each time; and at most."""
RETRYABLE = 128
"""Exit codes above this replace a worker whose policy is ExitCode."""


class ElasticJob(JobLifecycle):
    """The objects of one pass over a TrainingJob.

    Attributes:
        job: the job from which its objects are created.
        local: whether the job's pods are processes of this machine.
        workers: name -> pod, including terminating ones.
        launcher: its pod, if there is one.
    """

    resource = TRAININGJOBS

    def __init__(self, objects: Objects, obj: Object, now: datetime) -> None:
        super().__init__(objects, obj, now)
        self.job = Job(obj, self.status)
        self.local = False
        self.workers: dict[str, Object] = {}
        self.launcher: Object | None = None
        self.read_pods()

    def read_pods(self) -> None:
        """Read the job's pods."""
        found = {one["metadata"]["name"]: one for one in self.owned(PODS)}
        self.launcher = found.pop(self.job.launcher, None)
        self.workers = {name: pod for name, pod in found.items() if self.job.index(name) >= 0}

    def running(self, names: Iterable[str]) -> list[str]:
        """Which of these workers run, in order."""
        alive = [name for name in names if name in self.workers and _runs(self.workers[name])]
        return sorted(alive, key=self.job.index)


def _runs(pod: Object) -> bool:
    return pod_status.phase(pod) == "Running" and not pod_status.is_going(pod)


def ensure_environment(elastic: ElasticJob, busy: Collection[str]) -> None:
    """Create what the pods need: Services, host files and, on this machine, a key.

    Args:
        elastic: the pass over the job.
        busy: workers that a request to scale adds or removes.
    """
    job = elastic.job
    staying = [name for name in job.target if name not in busy]
    services = [elastic.ensure(SERVICES, manifests.service(job, name)) for name in staying]
    elastic.local = any(map(is_local, services))
    files = manifests.files(job, [], {} if elastic.local else None)
    elastic.ensure(CONFIGMAPS, manifests.config(job, files))
    if elastic.local and elastic.objects.get(SECRETS, job.secret, key(job.obj)[0]) is None:
        elastic.ensure(SECRETS, manifests.secret(job))


def create_first(elastic: ElasticJob) -> float | None:
    """Create the first workers; the seconds until a refused one is tried again."""
    job = elastic.job
    made = [create_worker(elastic, name) for name in job.target if name not in elastic.workers]
    if not all(made):
        return RETRY
    elastic.set_condition(CREATED, Text(CREATED, f"{len(job.target)} workers are created."))
    return None


def create_worker(elastic: ElasticJob, name: str) -> bool:
    """Create a worker and its Service; return False if the pod is refused."""
    job = elastic.job
    elastic.ensure(SERVICES, manifests.service(job, name))
    body = manifests.worker(job, name, elastic.local)
    return elastic.create_pod(body) is not None


def remove_workers(elastic: ElasticJob, names: Iterable[str]) -> None:
    """Delete workers with their Services."""
    services = {one["metadata"]["name"]: one for one in elastic.owned(SERVICES)}
    for name in names:
        for resource, there in ((PODS, elastic.workers), (SERVICES, services)):
            if name in there:
                elastic.remove(resource, there[name])


def replace_lost(elastic: ElasticJob, busy: Collection[str]) -> float | None:
    """Replace lost workers according to their restart policy; return the seconds until the next replacement.

    Args:
        elastic: the pass over the job.
        busy: workers that a request to scale adds or removes.
    """
    job = elastic.job
    staying = [name for name in job.target if name not in busy]
    if job.worker_policy == "Never":
        for name in staying if elastic.launcher else ():
            if name not in elastic.workers and len(job.target) > 1:
                _forget(elastic, name)
        return None
    lost = [name for name in staying if _is_replaced(elastic.workers.get(name), job.worker_policy)]
    # A worker that was created before a crash, and that the status does not mention, is used first.
    spare = [name for name, pod in elastic.workers.items() if pod_status.is_active(pod)]
    spare = [name for name in spare if name not in busy and name not in job.target]
    waits = [_replace(elastic, name, spare) for name in lost]
    return earliest(*waits)


def lost_for_good(elastic: ElasticJob) -> list[str]:
    """The workers that have ended or are gone, and will not be replaced."""
    policy = elastic.job.worker_policy
    pods = {name: elastic.workers.get(name) for name in elastic.job.target}
    ended = {name: pod for name, pod in pods.items() if pod is None or pod_status.is_finished(pod)}
    return [name for name, pod in ended.items() if not _is_replaced(pod, policy)]


def _is_replaced(pod: Object | None, policy: str) -> bool:
    """Whether a worker with that policy is replaced."""
    if policy == "Never":
        return False
    if pod is None or pod_status.is_going(pod):
        return True
    if policy == "Always":
        return pod_status.is_finished(pod)
    code = pod_status.exit_code(pod, pod_status.first(pod))
    return pod_status.phase(pod) == "Failed" and (policy == "OnFailure" or code is None or code > RETRYABLE)


def _forget(elastic: ElasticJob, name: str) -> None:
    elastic.status["targetWorkers"] = [one for one in elastic.job.target if one != name]
    text = f"worker {name} is gone, and is not replaced because its restart policy is Never"
    elastic.event("TrainingJobWorkerFailed", text, "Warning")


def _replace(elastic: ElasticJob, name: str, spare: list[str]) -> float | None:
    """Replace a worker by one with a new name, as programs avoid failed hosts; or the seconds until then."""
    job, pod = elastic.job, elastic.workers.get(name)
    earlier = sum(
        pod_status.is_finished(one) for old, one in elastic.workers.items() if old not in job.target
    )
    if pod is not None and earlier and not spare:
        wait = left(pod_status.finished_at(pod), min(PAUSE * 2 ** (earlier - 1), LONGEST), elastic.now)
        if wait > 0:
            return wait
    new = spare.pop() if spare else job.worker(1 + max(map(job.index, (*job.target, *elastic.workers))))
    if new not in elastic.workers and not create_worker(elastic, new):
        return RETRY
    elastic.status["targetWorkers"] = [new if one == name else one for one in job.target]
    elastic.event("TrainingJobWorkerCreated", f"worker {new} replaces {name}")
    return None


def publish(elastic: ElasticJob, names: Iterable[str]) -> None:
    """Write the workers that the program may use now into the host files."""
    job, objects = elastic.job, elastic.objects
    known = {name: allotted_ports(pod).get(manifests.REMOTE_PORT) for name, pod in elastic.workers.items()}
    ports = {name: port for name, port in known.items() if port}
    usable = elastic.running(names)
    elastic.status["currentWorkers"] = usable
    namespace = key(job.obj)[0]
    there = objects.get(CONFIGMAPS, job.config, namespace) or {}
    files = manifests.files(job, usable, ports if elastic.local else None)
    change = difference(there.get("data") or {}, files)
    if change:
        objects.patch(CONFIGMAPS, job.config, {"data": change}, namespace)
