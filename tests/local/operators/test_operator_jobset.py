"""JobSets: their Jobs, their ends and restarts, and what is refused."""

import pytest

from arena.local.machinery import pod_status
from arena.local.machinery.loopback import allotted_ports
from arena.local.objects import JOBS, JOBSETS, PODS, SERVICES, Refused
from arena.local.operators.jobset.child_jobs import ATTEMPT, PREFIX


@pytest.fixture
def group(bench):
    """A replicated job."""

    def make(name="worker", pods=2, job=None, **fields):
        template = bench.template("main", ports=[{"containerPort": 29500}])
        spec = {
            "parallelism": pods,
            "completions": pods,
            "backoffLimit": 0,
            "template": template,
            **(job or {}),
        }
        return {"name": name, "template": {"spec": spec}, **fields}

    return make


@pytest.fixture
def submit(bench, group):
    """Submit the JobSet `s`, by default of one group of two workers."""
    bench.node()

    def make(*groups, **spec):
        body = {"metadata": {"name": "s"}, "spec": {"replicatedJobs": list(groups) or [group()], **spec}}
        return bench.submit(JOBSETS, body)

    return make


def jobs(bench):
    """The names of its Jobs."""
    return sorted(one["metadata"]["name"] for one in bench.objects.list(JOBS, "default"))


def active(bench, role="worker"):
    """The pods of a role that run or may run."""
    found = bench.pods(f"{PREFIX}replicatedjob-name={role}")
    return [name for name, pod in found.items() if pod_status.is_active(pod)]


def state(bench):
    """How it ended, and why."""
    status = bench.status(JOBSETS, "s")
    ends = [one["reason"] for one in status["conditions"] if one["type"] == status.get("terminalState")]
    return status.get("terminalState"), *ends


def test_pods_know_their_place(bench, submit, group):
    """Jobs and pods have labels for their position in the JobSet, host names, and the coordinator's name."""
    chief = {"replicatedJob": "chief", "jobIndex": 0, "podIndex": 0}
    submit(group("chief", 1), group("worker", 2, replicas=2), coordinator=chief)
    assert jobs(bench) == ["s-chief-0", "s-worker-0", "s-worker-1"]
    (pod,) = bench.pods(
        f"{PREFIX}job-global-index=2,{PREFIX}job-index=1,batch.kubernetes.io/job-completion-index=1"
    ).values()
    assert (pod["spec"]["hostname"], pod["spec"]["subdomain"]) == ("s-worker-1-1", "s")
    assert pod["spec"]["restartPolicy"] == "OnFailure"
    assert pod["metadata"]["annotations"][f"{PREFIX}coordinator"] == "s-chief-0-0.s"
    service = bench.read(SERVICES, "s")
    assert service["spec"]["clusterIP"] == "None"
    assert list(allotted_ports(service)) == [29500]


def test_success(bench, submit):
    """When all its Jobs are complete the JobSet is, and its counts have said how far it was."""
    submit()
    bench.run(*active(bench))
    (count,) = bench.status(JOBSETS, "s")["replicatedJobsStatus"]
    assert count == {"name": "worker", "ready": 1, "succeeded": 0, "failed": 0, "active": 1, "suspended": 0}
    bench.end(*active(bench))
    assert state(bench) == ("Completed", "AllJobsCompleted")
    assert bench.holding(JOBSETS, "s") == {"Completed"}


def test_success_of_some(bench, submit, group):
    """The end of the Jobs that the successPolicy names is that of the JobSet; the others are removed."""
    policy = {"operator": "All", "targetReplicatedJobs": ["chief"]}
    submit(group("chief", 1), group(), successPolicy=policy)
    bench.run(*active(bench), *active(bench, "chief")).end(*active(bench, "chief"))
    assert state(bench) == ("Completed", "AllJobsCompleted")
    bench.bury()
    assert jobs(bench) == ["s-chief-0"]
    assert len(bench.pods()) == 1


def test_failure(bench, submit):
    """Without a policy the first Job that fails ends the JobSet, and the message names it and why."""
    submit()
    bench.run(*active(bench)).end(active(bench)[0], code=1)
    assert state(bench) == ("Failed", "FailedJobs")
    (told,) = bench.messages("s", "FailedJobs")
    assert told.endswith("(first failed job: s-worker-0: BackoffLimitExceeded)")


def test_restarts(bench, submit, group):
    """After a failure all start again when the last pods have ended; one failure too many is the end."""
    submit(group(), group("reader", 1), failurePolicy={"maxRestarts": 1})
    first = bench.read(JOBS, "s-reader-0")["metadata"]["uid"]
    bench.run(*active(bench), *active(bench, "reader")).end(active(bench)[0], code=1)
    assert bench.status(JOBSETS, "s")["restarts"] == 1
    assert jobs(bench) == []
    bench.bury()
    assert bench.read(JOBS, "s-reader-0")["metadata"]["uid"] != first
    assert {pod["metadata"]["labels"][ATTEMPT] for pod in bench.pods().values()} == {"1"}
    bench.end(active(bench)[0], code=1)
    assert state(bench) == ("Failed", "ReachedMaxRestarts")


def test_rules(bench, submit):
    """The first matching rule decides: it can end the JobSet, or allow restarts without counting them."""
    rules = [
        {"action": "FailJobSet", "onJobFailureReasons": ["DeadlineExceeded"]},
        {"action": "RestartJobSetAndIgnoreMaxRestarts", "targetReplicatedJobs": ["worker"]},
    ]
    late = {"activeDeadlineSeconds": 60}
    submit(_late(bench, late), failurePolicy={"maxRestarts": 0, "rules": rules})
    for attempt in (1, 2):
        bench.end(active(bench)[0], code=1).bury()
        assert bench.status(JOBSETS, "s")["restarts"] == attempt
    bench.later(60)
    assert state(bench) == ("Failed", "FailJobSetFailurePolicyAction")


def _late(bench, job):
    template = bench.template("main")
    spec = {"parallelism": 1, "completions": 1, "backoffLimit": 0, "template": template, **job}
    return {"name": "worker", "template": {"spec": spec}}


def test_one_job_again(bench, submit, group):
    """With the action RestartJob only the Job that failed starts again."""
    submit(group(replicas=2), failurePolicy={"maxRestarts": 1, "rules": [{"action": "RestartJob"}]})
    other = bench.read(JOBS, "s-worker-1")["metadata"]["uid"]
    bench.run(*active(bench)).end(active(bench)[0], code=1).bury()
    assert jobs(bench) == ["s-worker-0", "s-worker-1"]
    assert bench.read(JOBS, "s-worker-1")["metadata"]["uid"] == other
    assert len(active(bench)) == 4


def test_suspend(bench, submit):
    """A suspended JobSet has suspended Jobs and no pods; a resumed one continues with the same Jobs."""
    submit()
    uid = bench.read(JOBS, "s-worker-0")["metadata"]["uid"]
    bench.objects.patch(JOBSETS, "s", {"spec": {"suspend": True}}, "default")
    bench.settled().bury()
    assert bench.holding(JOBSETS, "s") == {"Suspended"}
    assert bench.pods() == {}
    bench.objects.patch(JOBSETS, "s", {"spec": {"suspend": False}}, "default")
    bench.settled()
    assert bench.holding(JOBSETS, "s") == set()
    assert bench.read(JOBS, "s-worker-0")["metadata"]["uid"] == uid
    assert len(active(bench)) == 2


def test_made_suspended(bench, submit):
    """A JobSet that is created suspended starts no Jobs before it is resumed."""
    submit(suspend=True)
    assert jobs(bench) == []
    assert bench.holding(JOBSETS, "s") == {"Suspended"}


@pytest.mark.parametrize(("status", "code"), [("Ready", None), ("Complete", 0)])
def test_dependencies(bench, submit, group, status, code):
    """A group that depends on another starts when that is ready, or complete."""
    submit(group("store", 1), group(dependsOn=[{"name": "store", "status": status}]))
    assert jobs(bench) == ["s-store-0"]
    bench.run(*active(bench, "store"))
    if code is not None:
        assert jobs(bench) == ["s-store-0"]
        bench.end(*active(bench, "store"))
    assert jobs(bench) == ["s-store-0", "s-worker-0"]


def test_in_order(bench, submit, group):
    """With startupPolicyOrder InOrder each group waits until the one before it is ready."""
    submit(group("a", 1), group("b", 1), startupPolicy={"startupPolicyOrder": "InOrder"})
    assert jobs(bench) == ["s-a-0"]
    bench.run(*active(bench, "a"))
    assert jobs(bench) == ["s-a-0", "s-b-0"]


def test_ttl(bench, submit):
    """A finished JobSet goes, with all it has, when its time to live is over."""
    submit(ttlSecondsAfterFinished=5)
    bench.end(*active(bench)).later(5)
    assert bench.read(JOBSETS, "s") is None
    assert (jobs(bench), bench.pods(), bench.read(SERVICES, "s")) == ([], {}, None)
    assert bench.objects.list(PODS, "default") == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"replicatedJobs": []}, "spec.replicatedJobs: Required value"),
        ({"twice": True}, 'spec.replicatedJobs[1]: Duplicate value: {"name":"worker"}'),
        ({"name": "w" * 60}, "must be DNS-1035 labels of at most 57"),
        ({"dependsOn": [{"name": "x", "status": "Ready"}]}, "must name an earlier replicated job"),
        ({"successPolicy": {"operator": "Some"}}, 'Unsupported value: "Some"'),
        ({"failurePolicy": {"rules": [{"action": "Shrug"}]}}, 'Unsupported value: "Shrug"'),
        ({"coordinator": {"replicatedJob": "x"}}, 'spec.coordinator.replicatedJob: Invalid value: "x"'),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_refused(bench, submit, group, change, told):
    """The rules of JobSet's webhook apply, and a refusal names the field and the reason."""
    fields = {name: change.pop(name) for name in ("name", "dependsOn") if name in change}
    groups = [group(**fields)] * (2 if change.pop("twice", False) else 1)
    with pytest.raises(Refused, match=r".*") as caught:
        submit(*groups, **change)
    assert told in caught.value.message
