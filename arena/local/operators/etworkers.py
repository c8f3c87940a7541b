"""The workers of a TrainingJob: made, replaced when they are lost, and told to the program."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from arena.local.objects import CONFIGMAPS, PODS, SECRETS, SERVICES, Object, Objects, key
from arena.local.operators import conditions, et
from arena.local.operators import pods as facts
from arena.local.operators.clock import left
from arena.local.operators.conditions import Words
from arena.local.operators.et import Job
from arena.local.operators.runpolicy import earliest
from arena.local.operators.writes import RETRY, create_pod, difference, ensure, event, owned, remove

CREATED = "WorkersCreated"
PAUSE, LONGEST = 10.0, 300.0
"""Seconds before the second worker in a row is replaced, doubled each time; and at most."""
RETRYABLE = 128
"""Exit codes above this replace a worker whose policy is ExitCode."""


@dataclass
class Turn:
    """One pass over a job: what it works with.

    Attributes:
        local: whether the job's pods are processes of this machine.
        workers: name -> pod, those on their way out too.
        launcher: its pod, if there is one.
    """

    objects: Objects
    job: Job
    now: datetime
    local: bool = False
    workers: dict[str, Object] = field(default_factory=dict)
    launcher: Object | None = None

    @property
    def status(self) -> Object:
        """The job's status, which is being made."""
        return self.job.status

    def look(self) -> None:
        """Read the job's pods."""
        found = {one["metadata"]["name"]: one for one in owned(self.objects, PODS, self.job.obj)}
        self.launcher = found.pop(self.job.launcher, None)
        self.workers = {name: pod for name, pod in found.items() if self.job.index(name) >= 0}

    def tell(self, reason: str, message: str, urgency: str = "Normal") -> None:
        """An Event on the job."""
        event(self.objects, self.job.parent, self.now, urgency, reason, message)

    def running(self, names: Iterable[str]) -> list[str]:
        """Which of these workers run, in order."""
        alive = [name for name in names if name in self.workers and _runs(self.workers[name])]
        return sorted(alive, key=self.job.index)


def _runs(pod: Object) -> bool:
    return facts.phase(pod) == "Running" and not facts.is_going(pod)


def surround(turn: Turn, busy: Collection[str]) -> None:
    """Make what the pods need: Services, host files and, on this machine, a key.

    Args:
        turn: the pass.
        busy: workers that a request to scale cares for.
    """
    job, objects = turn.job, turn.objects
    staying = [name for name in job.target if name not in busy]
    services = [ensure(objects, SERVICES, et.service(job, name), job.parent) for name in staying]
    turn.local = any(map(et.is_local, services))
    ensure(objects, CONFIGMAPS, et.config(job, et.files(job, [], {} if turn.local else None)), job.parent)
    if turn.local and objects.get(SECRETS, job.secret, key(job.obj)[0]) is None:
        ensure(objects, SECRETS, et.secret(job), job.parent)


def start(turn: Turn) -> float | None:
    """Make the first workers; seconds until one that was refused is tried again."""
    job = turn.job
    made = [create(turn, name) for name in job.target if name not in turn.workers]
    if not all(made):
        return RETRY
    words = Words(CREATED, CREATED, f"{len(job.target)} workers are created.")
    conditions.put(turn.status, words, turn.now)
    return None


def create(turn: Turn, name: str) -> bool:
    """Make a worker and its Service; False where the pod is refused."""
    job = turn.job
    ensure(turn.objects, SERVICES, et.service(job, name), job.parent)
    body = et.worker(job, name, turn.local)
    return create_pod(turn.objects, body, job.parent, turn.now, "FailedCreatePod") is not None


def drop(turn: Turn, names: Iterable[str]) -> None:
    """Delete workers with their Services."""
    services = {one["metadata"]["name"]: one for one in owned(turn.objects, SERVICES, turn.job.obj)}
    for name in names:
        for resource, there in ((PODS, turn.workers), (SERVICES, services)):
            if name in there:
                remove(turn.objects, resource, there[name])


def mend(turn: Turn, busy: Collection[str]) -> float | None:
    """Replace workers that are lost, where their policy says so; seconds until the next is due.

    Args:
        turn: the pass.
        busy: workers that a request to scale cares for.
    """
    job = turn.job
    staying = [name for name in job.target if name not in busy]
    if job.worker_policy == "Never":
        for name in staying if turn.launcher else ():
            if name not in turn.workers and len(job.target) > 1:
                _forget(turn, name)
        return None
    lost = [name for name in staying if _is_replaced(turn.workers.get(name), job.worker_policy)]
    # What was made before a crash, and of which the status does not tell, is not made again.
    spare = [name for name, pod in turn.workers.items() if facts.is_active(pod)]
    spare = [name for name in spare if name not in busy and name not in job.target]
    waits = [_replace(turn, name, spare) for name in lost]
    return earliest(*waits)


def dead(turn: Turn) -> list[str]:
    """The workers that ended, or are gone, and will not be replaced."""
    policy = turn.job.worker_policy
    pods = {name: turn.workers.get(name) for name in turn.job.target}
    ended = {name: pod for name, pod in pods.items() if pod is None or facts.is_finished(pod)}
    return [name for name, pod in ended.items() if not _is_replaced(pod, policy)]


def _is_replaced(pod: Object | None, policy: str) -> bool:
    """Whether a worker with that policy makes way for another."""
    if policy == "Never":
        return False
    if pod is None or facts.is_going(pod):
        return True
    if policy == "Always":
        return facts.is_finished(pod)
    code = facts.exit_code(pod, "")
    return facts.phase(pod) == "Failed" and (policy == "OnFailure" or code is None or code > RETRYABLE)


def _forget(turn: Turn, name: str) -> None:
    turn.status["targetWorkers"] = [one for one in turn.job.target if one != name]
    text = f"worker {name} is gone, and is not replaced as its restart policy is Never"
    turn.tell("TrainingJobWorkerFailed", text, "Warning")


def _replace(turn: Turn, name: str, spare: list[str]) -> float | None:
    """Put a worker of a new name in its place, as programs shun hosts that failed; or seconds until then."""
    job, pod = turn.job, turn.workers.get(name)
    earlier = sum(facts.is_finished(one) for old, one in turn.workers.items() if old not in job.target)
    if pod is not None and earlier and not spare:
        wait = left(facts.finished_at(pod), min(PAUSE * 2 ** (earlier - 1), LONGEST), turn.now)
        if wait > 0:
            return wait
    new = spare.pop() if spare else job.worker(1 + max(map(job.index, (*job.target, *turn.workers))))
    if new not in turn.workers and not create(turn, new):
        return RETRY
    turn.status["targetWorkers"] = [new if one == name else one for one in job.target]
    turn.tell("TrainingJobWorkerCreated", f"worker {new} takes the place of {name}")
    return None


def publish(turn: Turn, names: Iterable[str]) -> None:
    """Write the workers that the program may use now into the host files."""
    job, objects = turn.job, turn.objects
    known = {name: facts.ports(pod).get(et.REMOTE_PORT) for name, pod in turn.workers.items()}
    ports = {name: port for name, port in known.items() if port}
    usable = turn.running(names)
    turn.status["currentWorkers"] = usable
    namespace = key(job.obj)[0]
    there = objects.get(CONFIGMAPS, job.config, namespace) or {}
    change = difference(there.get("data") or {}, et.files(job, usable, ports if turn.local else None))
    if change:
        objects.patch(CONFIGMAPS, job.config, {"data": change}, namespace)
