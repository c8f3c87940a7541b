"""Explainers: their order, their cost, and their findings."""

import ast
import re
from dataclasses import replace
from pathlib import Path

import pytest

from arena.actions.diagnosis import explain
from arena.actions.diagnosis.explainer import Explainer
from arena.actions.diagnosis.explainers import error_line
from arena.kinds.workload.finding_ids import IDS
from arena.kinds.workload.instance_findings import survivors, trouble
from arena.model.findings import NO_INSTANCES, SILENT, STALLED, STILL_RUNNING, Evidence, Finding
from arena.model.instances import Container, Instance
from arena.model.jobs import Job, Phase
from arena.resources import EVENTS

ROOT = Path(__file__).parents[2]
JOB = Job(name="bert", namespace="n", kind="pytorchjob", phase=Phase.PENDING, uid="u", wanted=1)
GENERAL = Finding("instances.none", "no instance exists yet")
LEFT = Instance(name="bert-worker-1", namespace="n", uid="w", phase="Running", status="Running", node="a")


def instance(reason="", message="", phase="Pending", **container) -> Instance:
    main = (Container(name="main", **container),) if container else ()
    return Instance(
        name="bert-worker-1", namespace="n", role="worker", index=1,
        phase=phase, reason=reason, message=message, containers=main,
    )  # fmt: skip


def refusal(message, reason="FailedCreatePod"):
    about = {"kind": "PyTorchJob", "name": "bert", "uid": "u"}
    meta = {"name": "bert.1", "namespace": "n"}
    return {"metadata": meta, "involvedObject": about, "reason": reason, "message": message}


@pytest.mark.parametrize(
    ("one", "id", "cause"),
    [
        (instance("ImagePullBackOff", "no such image"), "image.pull", "ImagePullBackOff on worker-1"),
        (
            instance("CrashLoopBackOff", exit_code=3),
            "exit.nonzero",
            "CrashLoopBackOff on worker-1 after exit code 3",
        ),
        (
            instance("CreateContainerConfigError"),
            "config.missing",
            "CreateContainerConfigError on worker-1",
        ),
        (
            instance("Unschedulable", "0/3 nodes: Insufficient cpu"),
            "sched.cpu-short",
            "0/3 nodes: Insufficient cpu",
        ),
        (instance("Unschedulable", "0/3 nodes: taint"), "sched.taint", "0/3 nodes: taint"),
        (instance("Unschedulable"), "sched.unschedulable", "no node for worker-1"),
        (instance("Strange"), "waiting", "Strange on worker-1"),
        (instance(phase="Failed", exit_code=3, reason=""), "exit.nonzero", "exit code 3 on worker-1"),
        (instance("Evicted", phase="Failed"), "evicted", "Evicted on worker-1"),
        (instance("Odd", phase="Failed"), "failed", "Odd on worker-1"),
        (
            Instance(
                name="bert-worker-1",
                namespace="n",
                role="worker",
                index=1,
                phase="Failed",
                containers=(Container(name="m", exit_code=137, reason="OOMKilled"),),
            ),
            "oom.host",
            "OOMKilled on worker-1",
        ),
    ],
)
def test_what_is_wrong_with_an_instance(one, id, cause):
    """A finding about an instance has an id for scripts, a cause for people, and the pod as evidence."""
    found = trouble([instance("ContainerCreating"), one])
    assert (found.id, found.cause) == (id, cause)
    assert found.evidence[0].subject == "pod/bert-worker-1"


def test_nothing_is_wrong():
    """An instance that is about to start, or has succeeded, is not a finding."""
    assert trouble([instance("ContainerCreating"), instance("Completed"), instance()]) is None
    assert survivors([instance()]) is None


def test_the_reason_is_the_first_finding():
    """A finding comes before earlier ones and replaces one with its id; the first cause is the reason."""
    job = JOB.explained(GENERAL).explained(Finding("a", "first")).explained(Finding("b", "second"))
    again = job.explained(Finding("a", "third"), phase=Phase.QUEUING)
    assert [one.cause for one in again.findings] == ["third", "second", GENERAL.cause]
    assert (JOB.reason, job.reason, again.reason, again.phase) == ("", "second", "third", Phase.QUEUING)


def test_what_still_runs_is_added_to_the_reason():
    """The reason of a job that failed says what of it still runs, too."""
    job = JOB.explained(Finding(STILL_RUNNING, "1 instance still runs")).explained(Finding("a", "it failed"))
    assert job.reason == "it failed; 1 instance still runs"


def test_the_order_of_explainers():
    """Each explainer has an order of its own, so that the first finding does not depend on names of files."""
    orders = [one.order for one in explain.explainers()]
    assert orders == sorted(set(orders))


@pytest.mark.parametrize(
    ("message", "id", "cause"),
    [
        (
            'pods "a" is forbidden: exceeded quota: team, used: 1',
            "quota.namespace",
            "exceeded quota: team, used: 1",
        ),
        ("Error creating: admission webhook denied", "webhook.refused", "admission webhook denied"),
    ],
)
def test_pods_that_the_cluster_refuses(shelf, message, id, cause):
    """What refuses the pods of a job comes before what the job itself says, with the event as evidence."""
    shelf.put(EVENTS, "n", refusal(message))
    [found] = explain.jobs(shelf.cluster, "n", [JOB.explained(GENERAL)])
    assert [one.id for one in found.findings] == [id, GENERAL.id]
    assert found.reason == cause
    shown = Evidence("event", "pytorchjob/bert", f"[FailedCreatePod] {message}")
    assert found.findings[0].evidence == (shown,)


def test_events_that_may_not_be_read(shelf):
    """A user who may not read what an explainer needs sees the job unchanged, with a note."""
    shelf.put(EVENTS, "n", refusal("exceeded quota: team"))
    shelf.refused.add("events")
    [found] = explain.jobs(shelf.cluster, "n", [JOB])
    assert replace(found, unread=()) == JOB
    assert [(one.effect, one.forbidden) for one in found.unread] == [("reasons may be missing", True)]


def test_a_cluster_that_does_not_answer(shelf):
    """A job whose reason the cluster cannot report at present says so."""
    shelf.put(EVENTS, "n")
    assert explain.jobs(shelf.cluster, "n", [JOB]) == [JOB]
    shelf.leave()
    [found] = explain.jobs(shelf.cluster, "n", [JOB])
    assert [(one.effect, one.forbidden) for one in found.unread] == [("reasons may be missing", False)]


def test_what_a_list_does_not_ask(shelf):
    """An explainer that takes a request for each job runs for a single job, never for a list."""
    assert error_line.EXPLAINER.for_one
    failed = JOB.explained(Finding("exit.nonzero", "exit code 3"))
    failed = Job(
        name="bert", namespace="n", kind="pytorchjob", uid="u", phase=Phase.FAILED,
        findings=failed.findings, instances=(instance(phase="Failed", exit_code=3),),
    )  # fmt: skip
    assert error_line.EXPLAINER.concerns(failed)
    assert explain.jobs(shelf.cluster, "n", [failed] * 3) == [failed] * 3
    assert shelf.asked == []
    explain.job(shelf.cluster, failed)
    assert len(shelf.asked) == 1


@pytest.mark.parametrize(
    ("job", "well"),
    [
        (replace(JOB, phase=Phase.SUCCEEDED), True),
        (replace(JOB, phase=Phase.SUCCEEDED, instances=(LEFT,)), False),
        (replace(JOB, phase=Phase.RUNNING, instances=(LEFT,)), True),
        (replace(JOB, phase=Phase.RUNNING), False),
        (replace(JOB, phase=Phase.RUNNING, instances=(LEFT,), findings=(GENERAL,)), False),
        (replace(JOB, phase=Phase.FAILED), False),
        (JOB, False),
    ],
)
def test_explainers_get_what_waits_fails_or_is_left(job, well, monkeypatch):
    """A job that runs with all its instances, or has succeeded without leaving any, asks for no explainer."""
    asked = []
    one = Explainer(order=1, concerns=lambda job: asked.append(job) or False, explain=lambda job, facts: job)
    monkeypatch.setattr(explain, "explainers", lambda: (one,))
    assert explain.without_cluster([job]) == [job]
    assert (job.is_well, asked) == (well, [] if well else [job])


def test_what_ends_those_that_still_run():
    """The finding that instances still run has the command that ends them, without a request."""
    ended = Finding(STILL_RUNNING, "1 instance still runs")
    [whole, ray] = explain.without_cluster(
        Job(
            name="bert",
            namespace="n",
            kind=kind,
            phase=Phase.SUCCEEDED,
            uid=kind,
            instances=(LEFT,),
            findings=(ended,),
        )
        for kind in ("pytorchjob", "rayjob")
    )
    remedy = "arena delete bert -n n --still-running ends what still runs; the job is kept"
    assert whole.finding(STILL_RUNNING).remedy == remedy
    assert (
        ray.finding(STILL_RUNNING).remedy == "arena delete bert -n n ends what still runs and deletes the job"
    )


def test_the_line_of_an_error_is_evidence():
    """The line in the log is evidence of the first finding, and the error of the job."""
    job = Job(
        name="bert", namespace="n", kind="pytorchjob", phase=Phase.FAILED, uid="u",
        findings=(Finding("exit.nonzero", "exit code 3"),),
        instances=(instance(phase="Failed", exit_code=3),),
    )  # fmt: skip
    told = error_line.explain(job, {"u": "ValueError: bad lr"})
    assert told.findings[0].evidence == (Evidence("log", "pod/bert-worker-1", "ValueError: bad lr"),)
    assert (told.reason, told.error, job.error) == ("exit code 3", "ValueError: bad lr", "")
    assert error_line.explain(job, {}) == job


def spelled(node):
    """The expressions that give an id where a finding is made."""
    if isinstance(node, ast.Call) and ast.unparse(node.func) in ("Finding", "_finding", "waits"):
        return [*node.args[:1], *(one.value for one in node.keywords if one.arg == "id")]
    if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "id":
        return [node.value]
    return node.args.defaults if isinstance(node, ast.FunctionDef) and node.name == "waits" else []


def values(node):
    """What an expression may give: the branches of a choice, the default of a look-up, a text."""
    if isinstance(node, ast.IfExp):
        return {*values(node.body), *values(node.orelse)}
    if isinstance(node, ast.Call):
        return values(node.args[-1]) if node.args else set()
    return {node.value} if isinstance(node, ast.Constant) else set()


def ids():
    """The ids in the code, and those of the reasons of pods."""
    found = {NO_INSTANCES, STILL_RUNNING, STALLED, SILENT, *IDS}
    for path in (ROOT / "arena").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            found |= {value for one in spelled(node) for value in values(one)}
    return {one for one in found if isinstance(one, str) and re.fullmatch(r"[a-z]+([.-][a-z]+)*", one)}


def test_the_documentation_lists_every_id():
    """docs/errors.md has the id of every finding, and no others."""
    page = (ROOT / "docs" / "errors.md").read_text("utf-8")
    table = page.partition("## Findings")[2].partition("\n## ")[0]
    rows = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]
    names = [one for row in rows for one in re.findall(r"`([a-z.-]+)`", row)]
    assert sorted(names) == sorted(set(names))
    assert set(names) == ids()
