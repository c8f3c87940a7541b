"""Common mistakes with jobs on a real cluster, kind by kind.

Of what else is known to trap: releases that are told apart by their fields in `test_plain_jobs.py` and
`tests/actions/test_releases.py`, queues that ignore a job in `tests/actions/test_queues.py`, the newest
launcher in `test_reading.py`, jobs that are refused by an event alone in `test_operator_mpijob.py`.
"""

import itertools
import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from arena import kinds, labels
from arena.errors import MissingOperator, SpecError
from arena.kinds import validators
from arena.kinds.kind import Kind
from arena.kinds.spec import options
from arena.kinds.training.base import training_operator
from arena.model.jobs import Phase
from arena.units import quantity

Object = dict[str, Any]
Submit = Callable[..., list[Object]]

KINDS = kinds.training_kinds()
each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
OPERATED = [kind for kind in KINDS if kind.resources[0].group == "kubeflow.org"]
each_operated = pytest.mark.parametrize("kind", OPERATED, ids=lambda kind: kind.name)
EVERYTHING = (
    "--workers",
    "2",
    "--gpus",
    "1",
    "-e",
    "N=1",
    "-l",
    "level=1",
    "-a",
    "on=true",
    "-a",
    "port=8002",
)


def made(submit: Submit, kind: Kind, *given: str, name: str = "x") -> list[Object]:
    """What a command line with these words makes."""
    return submit(kind.name, "--name", name, "--image", "i", *given, "--", "true")


def has(kind: Kind, name: str) -> bool:
    """Whether the kind has an option of that name."""
    return any(one.name == name for one in options(kind.spec))


def nodes(part: Any) -> Iterator[Object]:
    """Every mapping in an object."""
    if isinstance(part, dict):
        yield part
        part = list(part.values())
    for one in part if isinstance(part, list) else ():
        yield from nodes(one)


def templates(job: Object) -> list[Object]:
    """The pod templates of a job, as (metadata, spec) mappings; Spark writes its two without a spec."""
    found = [one for one in nodes(job["spec"]) if "containers" in (one.get("spec") or {})]
    return found + [job["spec"][role] for role in ("driver", "executor") if role in job["spec"]]


# ---- what the webhooks see


@each_operated
def test_replicas_are_said(kind: Kind, submit: Submit) -> None:
    """Every role says how many replicas it has: the webhook judges before the defaults are filled in."""
    for given in ((), ("--workers", "3")):
        (roles,) = [
            one for key, one in made(submit, kind, *given)[0]["spec"].items() if "ReplicaSpecs" in key
        ]
        assert all(isinstance(role["replicas"], int) for role in roles.values())
        assert all(roles[title]["replicas"] == 1 for title in ("Master", "Launcher") if title in roles)


@pytest.mark.parametrize("word", ["tfjob", "pytorchjob"])
def test_releases_that_would_drop_the_run_policy(word: str, submit: Submit) -> None:
    """A TFJob or PyTorchJob of before the runPolicy is not submitted to: it would lose every limit."""
    today, former = kinds.find(word).resources
    assert "runPolicy" in submit(word, "--name", "x", "--image", "i", "true", resource=today)[0]["spec"]
    with pytest.raises(MissingOperator, match="has no runPolicy"):
        submit(word, "--name", "x", "--image", "i", "true", resource=former)
    assert (today, former) == training_operator.resources(today.plural, today.kind)


@each_kind
def test_the_version_is_the_clusters(kind: Kind, submit: Submit) -> None:
    """A job suits the release that the cluster serves, or an error says that the release is too old."""
    written = set()
    for resource in kind.resources:
        with suppress(MissingOperator):
            job = submit(kind.name, "--name", "x", "--image", "i", "--", "true", resource=resource)[0]
            assert (job["apiVersion"], job["kind"]) == (resource.api_version, resource.kind)
            written.add(resource)
    assert kind.resources[0] in written


def test_spellings_of_overrides(submit: Submit) -> None:
    """What a TrainJob lays over its runtime is spelled in one of three ways, and in no other beside it."""
    spellings = {one.field for one in kinds.find("trainjob").resources}
    assert len(spellings) == 3
    for resource in kinds.find("trainjob").resources:
        words = ("--name", "x", "--image", "i", "--selector", "disk=ssd", "true")
        spec = submit("trainjob", *words, resource=resource)[0]["spec"]
        assert spellings & spec.keys() == {resource.field}
        assert spec["trainer"], "without a trainer the runtime injects no variables"


# ---- suspending


def test_a_volcano_job_is_suspended_by_a_command() -> None:
    """A Job of Volcano has no field for it: a Command asks, and nothing is deleted."""
    suspend = kinds.find("volcanojob").suspend
    obj = {"metadata": {"name": "x", "namespace": "n", "uid": "u"}, "spec": {}}
    for on, action in ((True, "AbortJob"), (False, "ResumeJob")):
        change = suspend(obj, on) if suspend else None
        assert change
        assert change.patch is None
        assert change.request
        assert change.request["action"] == action
        assert change.request["target"]["name"] == "x"


def test_a_ray_job_that_is_suspended_shuts_down(submit: Submit) -> None:
    """A RayJob may be suspended, or wait in a queue, only where its cluster goes with it; so does its ttl."""
    job = made(submit, kinds.find("rayjob"), "--queue-name", "q", "--ttl-after-finished", "1h")[0]
    assert job["spec"]["shutdownAfterJobFinishes"] is True
    assert job["spec"]["ttlSecondsAfterFinished"] == 3600
    for given in (("--suspend",), ("--queue-name", "q")):
        with pytest.raises(SpecError, match="needs --shutdown-after-finished"):
            made(submit, kinds.find("rayjob"), "--no-shutdown-after-finished", *given)


# ---- what is text, and how long it may be


@each_kind
def test_texts_are_texts(kind: Kind, submit: Submit) -> None:
    """Quantities, labels, annotations and variables that look like numbers or booleans are texts."""
    objects = made(submit, kind, *EVERYTHING)
    parts = [part for obj in objects for part in nodes(json.loads(json.dumps(obj)))]
    keys = ("labels", "annotations", "matchLabels", "nodeSelector", "requests", "limits")
    texts = [(key, *entry) for part in parts for key in keys for entry in (part.get(key) or {}).items()]
    texts += [("sizeLimit", "", part["sizeLimit"]) for part in parts if "sizeLimit" in part]
    texts += [("env", part["name"], part["value"]) for part in parts if part.keys() == {"name", "value"}]
    assert [one for one in texts if not isinstance(one[2], str)] == []
    assert all(quantity(value) > 0 for key, _, value in texts if key in ("requests", "limits"))
    assert {("labels", "level", "1"), ("annotations", "on", "true"), ("annotations", "port", "8002")} <= set(
        texts
    )
    assert ("env", "N", "1") in texts


@each_kind
def test_the_longest_name(kind: Kind, submit: Submit) -> None:
    """The longest name that a kind takes fits into every label, and into every name that is made from it."""
    longest = validators.LONGEST - len(kind.spec.suffix)
    name = "a" * longest
    given = ("--secret", "A=1", *(("--tensorboard", "--logdir", "/l") if has(kind, "tensorboard") else ()))
    objects = made(submit, kind, *given, name=name)
    assert objects[0]["metadata"]["name"] == name
    assert max(len(one["metadata"]["name"]) for one in objects) <= validators.LONGEST
    values = {
        value for obj in objects for part in nodes(obj) for value in (part.get("labels") or {}).values()
    }
    legal = re.compile("([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
    assert name in values
    assert [value for value in values if not legal.fullmatch(value)] == []
    with pytest.raises(SpecError) as caught:
        made(submit, kind, name=name + "a")
    assert "--name" in caught.value.message
    assert f"at most {longest}" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("word", "appended"),
    [
        *((kind.name, f"-{role}-99999") for kind in OPERATED for role in ("worker", "master")),
        ("tfjob", "-evaluator-0"),
        ("mpijob", "-launcher"),
        ("etjob", "-worker-9999"),
        ("job", "-99999"),
        ("jobset", "-worker-0-99999-abcde"),
        ("trainjob", "-node-0-99999-abcde"),
        ("rayjob", "-abcde-head-svc"),
        ("volcanojob", "-task-0-999"),
        ("sparkjob", "-driver"),
        *((kind.name, "-tensorboard") for kind in KINDS),
    ],
)
def test_room_for_what_is_appended(word: str, appended: str) -> None:
    """A kind's names leave room for what its operator, or arena, appends to make names of 63 characters."""
    assert len(kinds.find(word).spec.suffix) >= len(appended)


@pytest.mark.parametrize(
    ("words_given", "room"),
    [
        (("trainjob", "--dataset", "hf://a/b"), 33),
        (("trainjob", "--pretrained", "hf://a/b"), 35),
        (("volcanojob", "--task-name", "a-very-long-name-of-a-task"), 32),
    ],
)
def test_room_for_what_options_append(words_given: tuple[str, ...], room: int, submit: Submit) -> None:
    """An option that makes the names of pods longer leaves that much less for the name of the job."""
    word, *given = words_given
    made(submit, kinds.find(word), *given, name="a" * room)
    with pytest.raises(SpecError, match=r"--name: .* cannot name a job"):
        made(submit, kinds.find(word), *given, name="a" * (room + 1))


@each_kind
@pytest.mark.parametrize("name", ["1x", "-x", "x-", "x.y", "X", "x_y", ""])
def test_names_of_services(kind: Kind, name: str, submit: Submit) -> None:
    """A job's name is one that a Service may have: it begins with a letter and has no dots."""
    with pytest.raises(SpecError, match="--name"):
        made(submit, kind, name=name)


# ---- pods


RESTARTED = {
    "job": ["Never"],
    "jobset": ["Never"],
    "rayjob": ["Never", "OnFailure", "Never"],  # head, workers, the pod that submits
    "volcanojob": ["Never"],
}
"""What the pod templates of a kind say; those of others say nothing."""


@each_kind
def test_restart_policies(kind: Kind, submit: Submit) -> None:
    """A pod template says how it is restarted where no operator says so itself, and nowhere else."""
    for given in ((), ("--retry", "2")) if has(kind, "retry") else ((),):
        found = templates(made(submit, kind, *given)[0])
        said = [one.get("spec", one).get("restartPolicy") for one in found]
        assert said == RESTARTED.get(kind.name, [None] * (len(found) or 1))


@each_kind
def test_shared_memory(kind: Kind, submit: Submit) -> None:
    """Containers have more shared memory than the 64 MiB of a runtime, which loaders of data outgrow."""
    if not has(kind, "share_memory"):
        assert kind.name == "sparkjob"  # whose processes share none
        return
    specs = [one["spec"] for one in templates(made(submit, kind, "--share-memory", "3Gi")[0])]
    programs = [one for one in specs if one["containers"][0]["name"] != "ray-job-submitter"]
    assert programs
    for spec in programs:
        (volume,) = [one for one in spec["volumes"] if one["name"] == "dshm"]
        assert volume["emptyDir"] == {"medium": "Memory", "sizeLimit": "3Gi"}
        for container in spec["containers"]:
            assert {"name": "dshm", "mountPath": "/dev/shm"} in container["volumeMounts"]


@each_kind
def test_proxies_are_not_injected(kind: Kind, submit: Submit) -> None:
    """No proxy is injected into a pod of a job, which would never end for it."""
    found = templates(made(submit, kind, "--workers", "2")[0])
    assert found or kind.name == "trainjob"
    for template in found:
        notes = template.get("metadata", template)["annotations"]
        assert notes[labels.ISTIO_INJECT] == "false"


@each_operated
def test_pods_of_finished_jobs(kind: Kind, submit: Submit) -> None:
    """The clean-up policy is always sent; by default, pods that end by themselves are kept."""
    usual = "Running" if kind.name in ("mpijob", "horovodjob") else "None"
    served = [(("--ps", "1"), "Running"), (("--evaluator",), "Running"), (("--chief",), "None")]
    more = served if kind.name == "tfjob" else [(("--ps", "1"), "None")] if kind.name == "paddlejob" else []
    for given, policy in (((), usual), (("--clean-task-policy", "All"), "All"), *more):
        spec = made(submit, kind, *given)[0]["spec"]
        assert spec["runPolicy"]["cleanPodPolicy"] == policy


@pytest.mark.parametrize(
    ("version", "retry", "policy"),
    [
        ("v2beta1", "0", ("Never", 0)),
        ("v2beta1", "2", ("Never", 2)),
        # With a limit of 0 the training operator would remove the launcher, its log and its exit code.
        ("v1", "0", ("Never", None)),
        ("v1", "2", ("OnFailure", 3)),
    ],
)
def test_launchers_that_fail(
    version: str, retry: str, policy: tuple[str, int | None], submit: Submit
) -> None:
    """Where a Job starts the launcher a failed pod stays, with its log; elsewhere it restarts in place."""
    resource = next(one for one in kinds.find("mpi").resources if one.version == version)
    job = submit("mpi", "--name", "x", "--image", "i", "--retry", retry, "true", resource=resource)[0]
    spec = job["spec"]
    launcher = spec["mpiReplicaSpecs"]["Launcher"]
    assert (launcher["restartPolicy"], spec["runPolicy"].get("backoffLimit")) == policy


def test_launchers_that_come_too_early(submit: Submit) -> None:
    """A launcher is made once its workers run, where the operator can do so; else it is of their gang."""
    found = {}
    for resource in kinds.find("mpi").resources[:3]:
        words_given = ("--name", "x", "--image", "i", "--workers", "2", "--gang", "true")
        spec = submit("horovod", *words_given, resource=resource)[0]["spec"]
        gang = spec["runPolicy"]["schedulingPolicy"]["minAvailable"]
        found[resource.version, resource.field] = (spec.get("launcherCreationPolicy"), gang)
    assert found == {
        ("v2beta1", "launcherCreationPolicy"): ("WaitForWorkersReady", 2),
        ("v2beta1", ""): (None, 3),
        ("v1", ""): (None, 3),
    }


# ---- status


def condition(kind: str, status: str = "True") -> Object:
    return {"type": kind, "status": status, "message": "", "reason": kind}


def read(kind: Kind, conditions: tuple[Object, ...], **meta: Any) -> Phase:
    """The phase of a job of the kind with these conditions."""
    resource = kind.resources[0]
    obj = {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "metadata": {"name": "x", "namespace": "n", "uid": "u", **meta},
        "spec": {},
        "status": {"conditions": list(conditions)},
    }
    return kind.read(obj, []).phase


@each_operated
@pytest.mark.parametrize("last", ["Succeeded", "Failed"])
def test_the_order_of_conditions(kind: Kind, last: str) -> None:
    """What holds counts, by its weight: the place in the list of conditions means nothing."""
    for held in itertools.permutations((condition("Created"), condition("Running"), condition(last))):
        assert read(kind, held).value == last.upper()
    for held in itertools.permutations(
        (condition("Created"), condition("Running"), condition(last, "False"))
    ):
        assert read(kind, held) is Phase.RUNNING


@each_operated
@pytest.mark.parametrize("last", ["Succeeded", "Failed"])
def test_a_finished_job_of_a_queue(kind: Kind, last: str) -> None:
    """A job that has ended is not shown as waiting, whatever its queue leaves behind."""
    meta = {"labels": {labels.KUEUE_QUEUE: "q"}}
    for left in (condition("Suspended"), condition("Suspended", "False")):
        assert read(kind, (condition("Created"), left, condition(last)), **meta).value == last.upper()
