"""The manifests of an MPIJob: Service, hostfile, key, workers and launcher."""

import base64
import copy
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from arena.local.machinery.loopback import openmpi_environment
from arena.local.machinery.pod_template import add_volume, replica_count, set_env
from arena.local.machinery.training_labels import JOB_NAME, JOB_ROLE, OPERATOR_NAME, REPLICA_INDEX
from arena.local.objects import Object, key

MOUNT = "/etc/mpi"
PORT = 22

WAIT = "exec 2>/dev/null; trap 'exit 0' TERM INT; while :; do sleep 3600 & wait $!; done"
"""The command of a worker without an ssh daemon: it waits for SIGTERM."""

NO_GPUS = {"NVIDIA_VISIBLE_DEVICES": "", "NVIDIA_DRIVER_CAPABILITIES": ""}


@dataclass(frozen=True)
class Job:
    """One MPIJob."""

    obj: Object

    @property
    def name(self) -> str:
        """Its name, which is also its Service's."""
        return str(self.obj["metadata"]["name"])

    @property
    def launcher(self) -> str:
        """The name of its launcher."""
        return f"{self.name}-launcher"

    @property
    def policy(self) -> Object:
        """Its runPolicy."""
        return self.obj["spec"].get("runPolicy") or {}

    @property
    def specs(self) -> Object:
        """Its replica specs: Launcher and usually Worker."""
        return self.obj["spec"].get("mpiReplicaSpecs") or {}

    @property
    def size(self) -> int:
        """The number of workers."""
        return replica_count(self.specs.get("Worker", {"replicas": 0}))

    @property
    def slots(self) -> int:
        """Ranks for each worker."""
        return int(self.obj["spec"].get("slotsPerWorker") or 1)

    @property
    def launcher_works(self) -> bool:
        """Whether ranks run in the launcher's pod as well."""
        return bool(self.obj["spec"].get("runLauncherAsWorker"))

    @property
    def implementation(self) -> str:
        """`OpenMPI`, `Intel` or `MPICH`."""
        return str(self.obj["spec"].get("mpiImplementation") or "OpenMPI")


def flaw(job: Job) -> str:
    """Why the job can never run; "" when nothing is wrong."""
    launcher = job.specs.get("Launcher")
    if not launcher:
        return "spec.mpiReplicaSpecs needs a Launcher"
    if launcher.get("replicas") not in (None, 1):
        return "spec.mpiReplicaSpecs[Launcher].replicas must be 1"
    if "Worker" in job.specs and job.size < 1:
        return "spec.mpiReplicaSpecs[Worker].replicas must be 1 or more"
    for name, spec in job.specs.items():
        if not ((spec.get("template") or {}).get("spec") or {}).get("containers"):
            return f"spec.mpiReplicaSpecs[{name}].template needs a container"
        if spec.get("restartPolicy") not in (None, "Never", "OnFailure"):
            return f"spec.mpiReplicaSpecs[{name}].restartPolicy must be Never or OnFailure"
    if len(f"{job.name}-worker-{max(job.size - 1, 0)}") > 63:
        return f'the name "{job.name}" is too long: that of its last worker would exceed 63 characters'
    return ""


def labels(job: Job, role: str = "") -> dict[str, str]:
    """The labels of its pods, including the role if given."""
    found = {OPERATOR_NAME: "mpi-operator", JOB_NAME: job.name}
    return {**found, JOB_ROLE: role} if role else found


def selector(job: Job, role: str) -> str:
    """The label selector of the pods of one role."""
    return ",".join(f"{name}={value}" for name, value in labels(job, role).items())


def service(job: Job) -> Object:
    """The headless Service that gives the workers names."""
    return {
        "metadata": {"name": job.name, "labels": {"app": job.name}},
        "spec": {
            "clusterIP": "None",
            "selector": labels(job),
            "publishNotReadyAddresses": True,
            "ports": [{"name": "ssh", "port": PORT, "protocol": "TCP"}],
        },
    }


def config(job: Job, local: bool) -> Object:
    """The ConfigMap with the hostfile."""
    hosts = ["localhost"] if local else _hosts(job)
    slots = job.slots * (job.size + job.launcher_works or 1) if local else job.slots
    line = "{} slots={}\n" if job.implementation == "OpenMPI" else "{}:{}\n"
    script = "#!/bin/sh\n" + "".join(f"echo {host}:{slots}\n" for host in hosts)
    return {
        "metadata": {"name": f"{job.name}-config", "labels": {"app": job.name}},
        "data": {
            "hostfile": "".join(line.format(host, slots) for host in hosts),
            "discover_hosts.sh": script,
        },
    }


def _hosts(job: Job) -> list[str]:
    domain = f"{job.name}.{key(job.obj)[0]}.svc"
    own = [f"{job.launcher}.{domain}"] if job.launcher_works else []
    return [*own, *(f"{job.name}-worker-{index}.{domain}" for index in range(job.size))]


def secret(job: Job) -> Object:
    """The Secret with the job's ssh key, which is empty where this machine has no ssh-keygen."""
    return {
        "type": "kubernetes.io/ssh-auth",
        "metadata": {"name": f"{job.name}-ssh", "labels": {"app": job.name}},
        "data": {name: base64.b64encode(text).decode() for name, text in _pair().items()},
    }


def _pair() -> dict[str, bytes]:
    program = shutil.which("ssh-keygen")
    if program is None:
        return {"ssh-privatekey": b"", "ssh-publickey": b""}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "key"
        subprocess.run(
            [program, "-q", "-t", "ecdsa", "-b", "521", "-N", "", "-C", "", "-f", str(path)], check=True
        )
        public = path.with_suffix(".pub")
        return {"ssh-privatekey": path.read_bytes(), "ssh-publickey": public.read_bytes()}


def worker(job: Job, index: int, local: bool) -> Object:
    """The pod of one worker."""
    template = _template(job, "Worker", local)
    spec, container = template["spec"], template["spec"]["containers"][0]
    spec["restartPolicy"] = job.specs["Worker"].get("restartPolicy") or "Never"
    if not container.get("command") and not container.get("args"):
        container["command"] = ["/bin/sh", "-c", WAIT] if local else ["/usr/sbin/sshd", "-De"]
    name = f"{job.name}-worker-{index}"
    if not local:
        spec.update(hostname=name, subdomain=job.name)
    set_env(container, {"K_MPI_JOB_ROLE": "worker"})
    position = index + 1 if job.launcher_works else index
    return {
        "metadata": {
            "name": name,
            "annotations": template["metadata"].get("annotations") or {},
            "labels": {**template["metadata"]["labels"], REPLICA_INDEX: str(position)},
        },
        "spec": spec,
    }


def launcher(job: Job, local: bool) -> Object:
    """The batch Job that runs mpirun."""
    template = _template(job, "Launcher", local)
    spec = template["spec"]
    spec["restartPolicy"] = job.specs["Launcher"].get("restartPolicy") or "OnFailure"
    if not local:
        spec.update(hostname=job.launcher, subdomain=job.name)
    if job.launcher_works:
        template["metadata"]["labels"][REPLICA_INDEX] = "0"
    set_env(spec["containers"][0], _environment(job, local))
    rules = {
        "backoffLimit": job.policy.get("backoffLimit"),
        "ttlSecondsAfterFinished": job.policy.get("ttlSecondsAfterFinished"),
        "activeDeadlineSeconds": job.policy.get("activeDeadlineSeconds"),
    }
    return {
        "metadata": {"name": job.launcher, "labels": {"app": job.name}},
        "spec": {**{name: value for name, value in rules.items() if value is not None}, "template": template},
    }


def _template(job: Job, replica: str, local: bool) -> Object:
    """The user's pod template with labels, hostfile and, off the loopback, key."""
    template: Object = copy.deepcopy(job.specs[replica]["template"])
    meta = template.setdefault("metadata", {}) or {}
    meta["labels"] = {**(meta.get("labels") or {}), **labels(job, replica.lower())}
    template["metadata"] = meta
    volumes = {"mpi-job-config": (MOUNT, {"configMap": {"name": f"{job.name}-config", "items": _items()}})}
    if not local:
        folder = job.obj["spec"].get("sshAuthMountPath") or "/root/.ssh"
        volumes["ssh-auth"] = (folder, {"secret": {"secretName": f"{job.name}-ssh", "items": _keys()}})
    if replica == "Worker":
        volumes.pop("mpi-job-config")
    for name, (path, source) in volumes.items():
        add_volume(template["spec"], name, path, source)
    return template


def _items() -> list[Object]:
    return [
        {"key": "hostfile", "path": "hostfile", "mode": 0o444},
        {"key": "discover_hosts.sh", "path": "discover_hosts.sh", "mode": 0o555},
    ]


def _keys() -> list[Object]:
    return [
        {"key": "ssh-privatekey", "path": "id_rsa", "mode": 0o600},
        {"key": "ssh-publickey", "path": "id_rsa.pub"},
        {"key": "ssh-publickey", "path": "authorized_keys"},
    ]


def _environment(job: Job, local: bool) -> dict[str, str]:
    """The launcher's variables, by implementation."""
    found = {"K_MPI_JOB_ROLE": "launcher"}
    hosts = f"{MOUNT}/hostfile"
    if job.implementation == "Intel":
        found.update(I_MPI_HYDRA_HOST_FILE=hosts, I_MPI_PERHOST=str(job.slots))
        found["I_MPI_HYDRA_BOOTSTRAP_EXEC_EXTRA_ARGS"] = "-o ConnectionAttempts=10"
    elif job.implementation == "MPICH":
        found.update(HYDRA_HOST_FILE=hosts, HYDRA_LAUNCH_EXTRA_ARGS="-o ConnectionAttempts=10")
    else:
        found.update(
            OMPI_MCA_orte_keep_fqdn_hostnames="true",
            OMPI_MCA_orte_default_hostfile=hosts,
            OMPI_MCA_plm_rsh_args="-o ConnectionAttempts=10",
            OMPI_MCA_orte_set_default_slots=str(job.slots),
        )
    if local:
        found.update(openmpi_environment())
    if not job.launcher_works and not local:
        found.update(NO_GPUS)
    return found
