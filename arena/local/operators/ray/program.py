"""The pod that runs the program of a RayJob once all nodes of its cluster have joined."""

import copy

from arena.local.objects import Object
from arena.local.operators.ray import manifests
from arena.local.operators.ray.manifests import CLUSTER, HeadAddress, Job

WAIT = """
import sys, time, ray
ray.init(logging_level="ERROR", log_to_driver=False)
wanted, told = int(sys.argv[1]), time.monotonic()
while (there := sum(node["Alive"] for node in ray.nodes())) < wanted:
    if time.monotonic() > told + 10:
        told = time.monotonic()
        print(f"waiting for the Ray cluster: {there} of {wanted} nodes", file=sys.stderr, flush=True)
    time.sleep(0.1)
"""
SUBMIT = '"$(command -v python || command -v python3)" -c "$1" "$2" && shift 2 && exec "$@"'
"""Starts the program when all nodes have joined, as readiness probes would ensure on a real cluster."""


def command(spec: Object) -> list[str]:
    """The command of the program: the entrypoint, else the submitter's own; [] if there is neither."""
    if spec.get("entrypoint"):
        return ["sh", "-c", spec["entrypoint"]]
    own = (spec.get("submitterPodTemplate") or {}).get("spec") or {}
    container: Object = next(iter(own.get("containers") or []), {})
    return [*(container.get("command") or []), *(container.get("args") or [])]


def pod(job: Job, address: HeadAddress) -> Object:
    """The pod that runs the program with the image, variables and volumes of the head's container."""
    template = copy.deepcopy(job.spec["rayClusterSpec"]["headGroupSpec"]["template"])
    given = job.spec.get("submitterPodTemplate") or template
    meta, spec = given.get("metadata") or {}, template["spec"]
    container = spec["containers"][0]
    for field in ("lifecycle", "args", "ports", "resources"):
        container.pop(field, None)
    manifests.set_variables(container, job, address)
    container["name"] = "ray-job-submitter"
    nodes = str(1 + len(job.workers))
    container["command"] = ["sh", "-c", SUBMIT, "sh", WAIT, nodes, *command(job.spec)]
    spec.update(containers=[container], restartPolicy="Never")
    labels = {name: value for name, value in job.labels().items() if name != CLUSTER}
    return {
        "metadata": {
            "name": job.submitter,
            "labels": {**(meta.get("labels") or {}), **labels},
            "annotations": dict(meta.get("annotations") or {}),
        },
        "spec": spec,
    }
