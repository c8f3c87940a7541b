"""Case files: a command line, and the manifests it gives.

ARENA_REGENERATE=1 writes what is given now into them; read the difference before you commit it.
"""

import contextlib
import os

import crds
import pytest
import yaml
from case_files import CASES, line_of, read

from arena import kinds, manifests
from arena.errors import MissingOperator

JUDGED = {
    "deepspeedjob": {"kai.alibabacloud.com/v1alpha1"},
    "distributed": {"leaderworkerset.x-k8s.io/v1"},
    "etjob": {"kai.alibabacloud.com/v1alpha1"},
    "evaluatejob": {"batch/v1"},
    "horovodjob": {"kubeflow.org/v1", "kubeflow.org/v2beta1"},
    "jaxjob": {"kubeflow.org/v1"},
    "job": {"batch/v1"},
    "jobset": {"jobset.x-k8s.io/v1alpha2"},
    "kserve": {"serving.kserve.io/v1beta1"},
    "mpijob": {"kubeflow.org/v1", "kubeflow.org/v2beta1"},
    "paddlejob": {"kubeflow.org/v1"},
    "pytorchjob": {"kubeflow.org/v1"},
    "rayjob": {"ray.io/v1"},
    "seldon": {"machinelearning.seldon.io/v1"},
    "sparkjob": {"sparkoperator.k8s.io/v1beta2"},
    "tfjob": {"kubeflow.org/v1"},
    "trainjob": {"trainer.kubeflow.org/v1alpha1"},
    "vllm-nodes": {"leaderworkerset.x-k8s.io/v1"},
    "volcanojob": {"batch.volcano.sh/v1alpha1"},
    "xgboostjob": {"kubeflow.org/v1"},
}
"""The versions that jobs of a kind (or a case) are judged by: all that they can be sent to; a new kind may
have none.
"""


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_command_line_gives_manifests(case, submit):
    """The command line of a case file gives the manifests below it, and nothing else."""
    line, (kind, words) = line_of(case), read(case)
    made = submit(kind, *words)
    if os.environ.get("ARENA_REGENERATE"):
        head = yaml.safe_dump(line, default_style="|", allow_unicode=True)
        case.write_text(head + "---\n" + manifests.dump(made))
    wanted = list(manifests.load_all(case.read_text(), case.name))[1:]
    assert made == wanted


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_manifests_are_valid(case, submit):
    """The published definition of the kind refuses nothing in the job, in any release it can be sent to."""
    kind, words = read(case)
    judged = set()
    for resource in filter(crds.defines, kind.carriers):
        # Releases that are too old to submit to are refused instead: see test_traps.py.
        with contextlib.suppress(MissingOperator):
            job = submit(kind, *words, resource=resource)[0]
            if resource in kind.also and job["kind"] != resource.kind:
                continue  # the options of this case choose another type
            judged.add(job["apiVersion"])
            assert crds.faults(job) == []
    assert judged == JUDGED.get(case.stem, JUDGED.get(kind.name, set()))


def test_every_kind_has_cases():
    """Each kind of each family has a case file."""
    assert {kind.name for kind in kinds.all_kinds()} == {read(case)[0].name for case in CASES}


def test_checker_refuses(submit):
    """The checker finds an unknown field, a wrong type and a missing one, so its silence means something."""
    job = submit("pytorch", "--name", "x", "--image", "i", "true")[0]
    master = job["spec"]["pytorchReplicaSpecs"]["Master"]
    master["template"]["spec"]["containers"][0]["colour"] = "red"
    master["replicas"] = "one"
    assert len(crds.faults(job)) == 2
    del job["spec"]["pytorchReplicaSpecs"]
    assert crds.faults(job)
