"""Custom kinds: what their published definitions say of fields, limits, defaults and rules holds here."""

import copy
import functools

import pytest

from arena.local.api.request_options import WriteOptions
from arena.local.objects import JOBSETS, Refused, Resource

TORCH = Resource("kubeflow.org", "v1", "pytorchjobs", "PyTorchJob")
MPI = Resource("kubeflow.org", "v2beta1", "mpijobs", "MPIJob")
RAY = Resource("ray.io", "v1", "rayjobs", "RayJob")
TRAIN = Resource("trainer.kubeflow.org", "v1alpha1", "trainjobs", "TrainJob")
RUNTIME = Resource("trainer.kubeflow.org", "v1alpha1", "trainingruntimes", "TrainingRuntime")
STRICT = WriteOptions(validation="Strict", manager="test")

CONTAINER = {"name": "pytorch", "image": "i"}
POD = {"template": {"spec": {"containers": [CONTAINER], "restartPolicy": "Never"}}}
GROUP = {"name": "a", "template": {"spec": POD}}
SPECS = {
    TORCH: {"pytorchReplicaSpecs": {"Worker": {"replicas": 1, **POD}}},
    MPI: {"mpiReplicaSpecs": {"Launcher": POD}},
    JOBSETS: {"replicatedJobs": [GROUP]},
    TRAIN: {"runtimeRef": {"name": "torch-distributed"}},
    RUNTIME: {"template": {"spec": {"replicatedJobs": [GROUP]}}},
    RAY: {
        "entrypoint": "true",
        "rayClusterSpec": {
            "headGroupSpec": {"rayStartParams": {}, **POD},
            "workerGroupSpecs": [{"groupName": "w", "rayStartParams": {}, **POD}],
        },
    },
}
PODS = {TORCH: "pytorchReplicaSpecs.Worker.template.spec", RAY: "rayClusterSpec.headGroupSpec.template.spec"}


def at(spec, path):
    """The value at a path of names and numbers."""
    steps = (int(step) if step.isdigit() else step for step in path.split("."))
    return functools.reduce(lambda value, step: value[step], steps, spec)


def changed(resource, path, value):
    """An object of the kind with one value of its spec set; None removes it."""
    spec = copy.deepcopy(SPECS[resource])
    holder, _, name = path.rpartition(".")
    place = at(spec, holder) if holder else spec
    place[name] = value
    return {"metadata": {"name": "a"}, "spec": spec}


def causes(refused):
    """Field -> reason and message."""
    return {one["field"]: (one["reason"], one["message"]) for one in refused.value.details["causes"]}


def test_valid_objects_are_accepted(api):
    """What the cases below break is valid."""
    for resource, spec in SPECS.items():
        api.create(resource, {"metadata": {"name": "a"}, "spec": copy.deepcopy(spec)}, "default", STRICT)
