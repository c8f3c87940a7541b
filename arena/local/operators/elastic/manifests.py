"""The manifests of a TrainingJob: host file, key, workers with their Services, and launcher.

On the loopback no ssh daemon is needed: workers run `remote.py serve`, and in the launcher `ssh` is its
client, so programs that reach workers by ssh work here as well.
"""

import base64
import copy
import json
import secrets
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from arena.accelerators import NVIDIA
from arena.digits import whole
from arena.local.machinery.loopback import openmpi_environment
from arena.local.machinery.pod_template import add_volume, selector, set_env
from arena.local.objects import Object, Resource
from arena.local.programs import remote_shell

GROUP = "kai.alibabacloud.com"
TRAININGJOBS = Resource(GROUP, "v1alpha1", "trainingjobs", "TrainingJob")
SCALEINS = Resource(GROUP, "v1alpha1", "scaleins", "ScaleIn")
SCALEOUTS = Resource(GROUP, "v1alpha1", "scaleouts", "ScaleOut")

GROUP_NAME = "group-name"
JOB_NAME = "training-job-name"
ROLE = "training-job-role"
INDEX = "replica-index"
SSH_SECRET = "arena.kubeflow.org/ssh-secret"
SUSPENDED = "job-supervisor.kube-ai.io/job-suspended"

MOUNT = "/etc/edl"
DEEPSPEED = "/job"
SSH_PORT = 22
REMOTE_PORT = 2222

RUN = f'PATH={MOUNT}:$PATH; export PATH; exec "$@"'
"""Lets a launcher find the `ssh` that reaches its workers."""


@dataclass
class Job:
    """One TrainingJob: its object, and the status that the pass writes."""

    obj: Object
    status: Object

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.obj["metadata"]["name"])

    @property
    def launcher(self) -> str:
        """The name of its launcher."""
        return f"{self.name}-launcher"

    @property
    def config(self) -> str:
        """The name of its ConfigMap."""
        return f"{self.name}-config"

    @property
    def secret(self) -> str:
        """The name of the Secret with what launcher and workers on this machine share."""
        return f"{self.name}-remote"

    @property
    def spec(self) -> Object:
        """Its spec."""
        found: Object = self.obj["spec"]
        return found

    def role(self, name: str) -> Object:
        """The replica spec of `launcher` or `worker`."""
        return self.spec["etReplicaSpecs"].get(name) or {}

    @property
    def suspended(self) -> bool:
        """Whether it is suspended, so that it has no pods."""
        return (self.obj["metadata"].get("annotations") or {}).get(SUSPENDED) == "true"

    @property
    def size(self) -> int:
        """The number of workers that it starts with."""
        return int(self.role("worker").get("replicas") or 1)

    @property
    def worker_policy(self) -> str:
        """When a worker that ended is replaced."""
        return str(self.role("worker").get("restartPolicy") or "Never")

    @property
    def limits(self) -> tuple[int, int | None]:
        """The fewest and the most workers that it may be scaled to."""
        worker = self.role("worker")
        return int(worker.get("minReplicas") or 1), worker.get("maxReplicas")

    @property
    def target(self) -> list[str]:
        """The names of the workers that it is to have."""
        return list(self.status.get("targetWorkers") or map(self.worker, range(self.size)))

    @property
    def slots(self) -> int:
        """Ranks for each worker: as given, else one a GPU."""
        given = self.spec.get("slotsPerWorker")
        if given is None:
            resources = self.role("worker")["template"]["spec"]["containers"][0].get("resources") or {}
            given = (resources.get("limits") or {}).get(NVIDIA)
        return int(given or 1)

    def worker(self, index: int) -> str:
        """The name of a worker, and of its Service."""
        return f"{self.name}-worker-{index}"

    def index(self, name: str) -> int:
        """The number of a worker; -1 for any other name."""
        number = name.removeprefix(f"{self.name}-worker-")
        found = whole(number)
        return -1 if found is None else found

    def labels(self, role: str = "", name: str = "") -> dict[str, str]:
        """The labels of its pods, with the role and, of a worker, the number."""
        found = {GROUP_NAME: GROUP, JOB_NAME: self.name}
        found |= {ROLE: role} if role else {}
        return found | ({INDEX: str(self.index(name))} if name else {})

    def selector(self, role: str) -> str:
        """The label selector of the pods of one role."""
        return selector(self.labels(role))


def service(job: Job, name: str) -> Object:
    """The headless Service that gives a worker its name."""
    own = job.labels("worker", name)
    return {
        "metadata": {"name": name, "labels": own},
        "spec": {
            "clusterIP": "None",
            "selector": own,
            "ports": [{"name": "ssh-port", "port": SSH_PORT, "protocol": "TCP"}],
        },
    }


def files(job: Job, workers: Sequence[str], ports: Mapping[str, int] | None) -> dict[str, str]:
    """What the job's ConfigMap holds.

    Args:
        job: the job.
        workers: those that its program may use now.
        ports: where each worker of this machine listens; None elsewhere.
    """
    hosts = "".join(f"{name}:{job.slots}\n" for name in workers)
    script = "#!/bin/sh\n" + "".join(f"echo {name}:{job.slots}\n" for name in workers)
    found = {
        "hostfile": hosts,
        "discover_hosts.sh": script,
        "deepspeed-hostfile": "".join(f"{name} slots={job.slots}\n" for name in workers),
    }
    if ports is not None:
        call = f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -I -S "${{0%/*}}/remote.py" "$@"\n'
        found |= {"hosts.json": json.dumps(dict(ports)), "ssh": call, "kubexec.sh": call}
        found["remote.py"] = Path(remote_shell.__file__).read_text(encoding="utf-8")
    return found


def config(job: Job, data: Mapping[str, str]) -> Object:
    """The ConfigMap with the host files."""
    return {
        "metadata": {"name": job.config, "labels": {"app": job.name}},
        "data": dict(data),
    }


def secret(job: Job) -> Object:
    """The Secret with what launcher and workers on this machine know each other by."""
    return {
        "metadata": {"name": job.secret, "labels": {"app": job.name}},
        "data": {"key": base64.b64encode(secrets.token_bytes(32)).decode()},
    }


def worker(job: Job, name: str, local: bool) -> Object:
    """The pod of one worker."""
    template = _template(job, "worker", job.labels("worker", name), local)
    container = template["spec"]["containers"][0]
    if not container.get("command"):
        container["command"] = _daemon(job, container, local)
    template["metadata"]["name"] = name
    return template


def _daemon(job: Job, container: Object, local: bool) -> list[str]:
    """The command of a worker that has none: the daemon through which the launcher reaches it."""
    if not local:
        ssh = job.spec.get("launcherAttachMode") in (None, "ssh")
        return ["sh", "-c", "/usr/sbin/sshd && sleep 365d" if ssh else "sleep 365d"]
    container["ports"] = [*(container.get("ports") or []), {"name": "remote", "containerPort": REMOTE_PORT}]
    where = {"fieldRef": {"fieldPath": "metadata.annotations['local.arena.io/ports']"}}
    container["env"] = [*(container.get("env") or []), {"name": "ARENA_PORTS", "valueFrom": where}]
    return [sys.executable, "-I", "-S", f"{MOUNT}/remote.py", "serve", str(REMOTE_PORT)]


def launcher(job: Job, local: bool) -> Object:
    """The pod that runs the user's command."""
    template = _template(job, "launcher", job.labels("launcher"), local)
    container = template["spec"]["containers"][0]
    if local:
        if container.get("command"):
            container["command"] = ["/bin/sh", "-c", RUN, "launcher", *container["command"]]
        set_env(container, openmpi_environment())
    template["metadata"]["name"] = job.launcher
    return template


def script(job: Job, command: Sequence[str], variables: Sequence[Object], local: bool) -> Object:
    """A pod template that runs a command with the launcher's image, variables and host files."""
    template = _template(job, "launcher", {}, local)
    container = template["spec"]["containers"][0]
    container["command"] = list(command)
    container.pop("args", None)
    container["env"] = [*(container.get("env") or []), *variables]
    return {"metadata": template["metadata"], "spec": template["spec"]}


def _template(job: Job, role: str, labels: Mapping[str, str], local: bool) -> Object:
    """The user's pod template with labels, host files and (not on the loopback) key added."""
    found: Object = copy.deepcopy(job.role(role)["template"])
    meta = found.get("metadata") or {}
    spec = found["spec"]
    spec["restartPolicy"] = "Never"
    for name, path, source in _volumes(job, role, local):
        add_volume(spec, name, path, source)
    return {
        "metadata": {
            "labels": {**(meta.get("labels") or {}), **labels},
            "annotations": dict(meta.get("annotations") or {}),
        },
        "spec": spec,
    }


def _volumes(job: Job, role: str, local: bool) -> list[tuple[str, str, Object]]:
    """The volumes that a pod of that role needs besides the user's own, as (name, path, source)."""
    files = ["hostfile", "discover_hosts.sh"]
    sources: list[Object] = []
    if local:
        files += ["hosts.json", "remote.py", "ssh", "kubexec.sh"]
        sources = [{"secret": {"name": job.secret}}]
    executable = ("discover_hosts.sh", "ssh", "kubexec.sh")
    items = [{"key": one, "path": one, "mode": 0o555 if one in executable else 0o444} for one in files]
    sources.append({"configMap": {"name": job.config, "items": items}})
    deepspeed = [{"key": "deepspeed-hostfile", "path": "hostfile"}]
    found: list[tuple[str, str, Object]] = []
    if local or role == "launcher":
        found.append(("training-job-hosts", MOUNT, {"projected": {"sources": sources}}))
    if role == "launcher":
        found.append(("deepspeed-hosts", DEEPSPEED, {"configMap": {"name": job.config, "items": deepspeed}}))
    if not local:
        found.append(("ssh-auth", "/root/.ssh", _keys(job)))
    return found


def _keys(job: Job) -> Object:
    """The volume with the job's SSH key, which the submitter creates."""
    name = (job.obj["metadata"].get("annotations") or {}).get(SSH_SECRET) or job.name
    paths = {
        "id_rsa": "id_rsa",
        "id_rsa.pub": "id_rsa.pub",
        "authorized_keys": "id_rsa.pub",
        "config": "config",
    }
    items = [{"key": source, "path": path} for path, source in paths.items()]
    return {"secret": {"secretName": name, "items": items, "defaultMode": 0o600}}
