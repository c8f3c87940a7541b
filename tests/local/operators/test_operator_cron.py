"""CronJobs and Crons: the runs that start, concurrency policies, and the history."""

from datetime import datetime, timezone

import pytest

from arena.local.machinery.clock import stamp
from arena.local.objects import JOBS, JOBSETS, Refused
from arena.local.operators.batch.cron import CRONS
from arena.local.operators.batch.cronjob import CRONJOBS
from arena.local.operators.kubeflow.pytorchjob import PYTORCHJOBS
from arena.local.operators.ray.rayjob import RAYJOBS

START = datetime(2026, 1, 31, 12, 0, 0, tzinfo=timezone.utc)
"""Where the bench's clock begins."""
ENDED = "2026-01-31T12:01:30Z"
MINUTE = int(START.timestamp()) // 60


def job_spec(bench):
    """The spec of a Job of one pod."""
    template = bench.template("main")
    template["spec"]["restartPolicy"] = "Never"
    return {"template": template, "backoffLimit": 0}


def begin(bench, resource, spec):
    """Create the recurring object `c` as one that has looked at its schedule up to the bench's present.

    The API stamps objects with the real time, which the bench's clock knows nothing of.
    """
    bench.objects.create(resource, {"metadata": {"name": "c"}, "spec": spec}, "default")
    bench.objects.patch(resource, "c", {"status": {"lastScheduleTime": stamp(START)}}, "default", "status")
    bench.settled()


@pytest.fixture
def cronjob(bench):
    """Submit the CronJob `c`, due every minute."""
    bench.node()

    def make(schedule="* * * * *", **spec):
        template = {"metadata": {"labels": {"team": "a"}}, "spec": job_spec(bench)}
        begin(bench, CRONJOBS, {"schedule": schedule, "timeZone": "UTC", "jobTemplate": template, **spec})

    return make


@pytest.fixture
def cron(bench):
    """Submit the Cron `c` of PyTorchJobs, due every minute."""
    bench.node()

    def make(**spec):
        replicas = {"Master": bench.replica(1, "pytorch", restartPolicy="Never")}
        workload = {"metadata": {"labels": {"team": "a"}}, "spec": {"pytorchReplicaSpecs": replicas}}
        template = {"apiVersion": "kubeflow.org/v1", "kind": "PyTorchJob", "workload": workload}
        begin(bench, CRONS, {"schedule": "CRON_TZ=UTC * * * * *", "template": template, **spec})

    return make


def runs(bench, resource=JOBS):
    """The names of the runs, without that of the cron."""
    return [one["metadata"]["name"][2:] for one in bench.objects.list(resource, "default")]


def minutes(*numbers):
    """The ends of the names of a CronJob's runs, by minutes since the start."""
    return [str(MINUTE + number) for number in numbers]


def end(bench, code=0):
    """Let the pods that have not ended end."""
    return bench.end(*[name for name, pod in bench.pods().items() if not ended(pod)], code=code)


def ended(pod):
    return pod["status"]["phase"] in ("Succeeded", "Failed")


def test_runs_on_time(bench, cronjob):
    """A Job is created at each moment of the schedule, with the template's labels, an owner and an Event."""
    cronjob()
    bench.later(59)
    assert runs(bench) == []
    bench.later(1)
    assert runs(bench) == minutes(1)
    (job,) = bench.objects.list(JOBS, "default")
    assert job["metadata"]["labels"]["team"] == "a"
    assert job["metadata"]["ownerReferences"][0]["kind"] == "CronJob"
    status = bench.status(CRONJOBS, "c")
    assert [one["name"] for one in status["active"]] == [job["metadata"]["name"]]
    assert status["lastScheduleTime"] == "2026-01-31T12:01:00Z"
    end(bench).later(60)
    assert runs(bench) == minutes(1, 2)
    assert bench.status(CRONJOBS, "c")["lastSuccessfulTime"] == "2026-01-31T12:01:00Z"
    assert {"SuccessfulCreate", "SawCompletedJob"} <= set(bench.events("c"))


def test_keeps_some(bench, cronjob):
    """Only the newest succeeded and failed runs are kept, as many as the limits say."""
    cronjob(successfulJobsHistoryLimit=1, failedJobsHistoryLimit=2)
    for code in (1, 0, 1, 0, 1):
        end(bench.later(60), code)
    assert runs(bench) == minutes(3, 4, 5)


def test_forbid(bench, cronjob):
    """Under Forbid the next run starts once the one before has ended, and at once if it was due."""
    cronjob(concurrencyPolicy="Forbid")
    bench.later(60).later(60)
    assert runs(bench) == minutes(1)
    assert "JobAlreadyActive" in bench.events("c")
    end(bench)
    assert runs(bench) == minutes(1, 2)


def test_replace(bench, cronjob):
    """Under Replace the next run ends the one before; by default both continue."""
    cronjob(concurrencyPolicy="Replace")
    bench.later(60).later(60).bury()
    assert runs(bench) == minutes(2)
    bench.objects.patch(CRONJOBS, "c", {"spec": {"concurrencyPolicy": "Allow"}}, "default")
    bench.later(60)
    assert runs(bench) == minutes(2, 3)


def test_missed(bench, cronjob):
    """Only the last of several missed runs is made up for, unless it is too late."""
    cronjob("0 * * * *")
    bench.later(5 * 3600 + 600)
    assert runs(bench) == minutes(300)
    bench.objects.patch(CRONJOBS, "c", {"spec": {"startingDeadlineSeconds": 300}}, "default")
    bench.later(3600)
    assert runs(bench) == minutes(300)
    bench.later(50 * 60)
    assert runs(bench) == minutes(300, 420)


def test_suspended(bench, cronjob):
    """A suspended CronJob starts no runs, and continues when it is resumed."""
    cronjob(suspend=True, startingDeadlineSeconds=10)
    bench.later(90)
    assert runs(bench) == []
    bench.objects.patch(CRONJOBS, "c", {"spec": {"suspend": False}}, "default")
    bench.later(30)
    assert runs(bench) == minutes(2)


def test_name_taken(bench, cronjob):
    """A Job with the run's name and another owner is left alone, and an Event reports it."""
    cronjob("1 * * * *")
    body = {"metadata": {"name": f"c-{MINUTE + 1}"}, "spec": job_spec(bench)}
    bench.objects.create(JOBS, body, "default")
    bench.later(60)
    assert bench.events("c") == ["FailedCreate"]
    bench.objects.delete(JOBS, f"c-{MINUTE + 1}", "default", grace=0)
    bench.later(5)
    assert bench.status(CRONJOBS, "c")["lastScheduleTime"] == "2026-01-31T12:01:00Z"


def test_cron_runs(bench, cron):
    """A Cron makes jobs of its kind, named by the second, and keeps their history."""
    cron(historyLimit=2)
    for code in (0, 1, 0):
        bench.later(60)
        end(bench, code)
    bench.bury()
    names = [f"c-{int(START.timestamp()) + 60 * number}" for number in (2, 3)]
    made = bench.objects.list(PYTORCHJOBS, "default")
    assert [one["metadata"]["name"] for one in made] == names
    assert made[0]["metadata"]["labels"] == {"team": "a", "kubedl.io/cron-name": "c"}
    status = bench.status(CRONS, "c")
    history = [(one["object"]["name"], one["object"]["kind"], one["status"]) for one in status["history"]]
    assert history == [(names[0], "PyTorchJob", "Failed"), (names[1], "PyTorchJob", "Succeeded")]
    assert status["history"][1]["finished"] == "2026-01-31T12:03:00Z"
    assert "active" not in status


def jobset_spec(bench):
    """The spec of a JobSet of one Job."""
    return {"replicatedJobs": [{"name": "w", "template": {"spec": job_spec(bench)}}]}


def ray_spec(bench):
    """The spec of a RayJob without workers."""
    head = {"rayStartParams": {}, "template": bench.template("ray-head")}
    return {"entrypoint": "python tune.py", "rayClusterSpec": {"headGroupSpec": head}}


COMPLETED = {
    "type": "Completed",
    "status": "True",
    "lastTransitionTime": ENDED,
    "reason": "All",
    "message": "",
}


@pytest.mark.parametrize(
    ("resource", "spec", "end"),
    [
        (JOBSETS, jobset_spec, {"terminalState": "Completed", "conditions": [COMPLETED]}),
        (RAYJOBS, ray_spec, {"jobDeploymentStatus": "Complete", "endTime": ENDED}),
    ],
    ids=("jobset", "rayjob"),
)
def test_cron_ends(bench, cron, resource, spec, end):
    """A Cron recognises the end of a run whose kind reports it in its own way, and then starts the next."""
    workload = {"spec": spec(bench)}
    template = {"apiVersion": resource.api_version, "kind": resource.kind, "workload": workload}
    cron(concurrencyPolicy="Forbid", template=template)
    bench.later(60)
    first = f"c-{int(START.timestamp()) + 60}"
    assert [one["name"] for one in bench.status(CRONS, "c")["active"]] == [first]
    bench.objects.patch(resource, first, {"status": end}, "default", "status")
    bench.settled()
    status = bench.status(CRONS, "c")
    assert "active" not in status
    assert [(one["status"], one["finished"]) for one in status["history"]] == [("Succeeded", ENDED)]
    bench.later(60)
    assert len(runs(bench, resource)) == 2


def test_cron_deadline(bench, cron):
    """After its deadline a Cron starts no runs, and an Event says why."""
    cron(deadline="2026-01-31T14:01:30+02:00")
    bench.later(60).later(60)
    assert len(runs(bench, PYTORCHJOBS)) == 1
    assert bench.events("c").count("Deadline") == 1


def test_cron_policies(bench, cron):
    """A Cron treats concurrent runs by the same policies."""
    cron(concurrencyPolicy="Replace")
    bench.later(60).later(60).bury()
    assert runs(bench, PYTORCHJOBS) == [str(int(START.timestamp()) + 120)]
    bench.objects.patch(CRONS, "c", {"spec": {"concurrencyPolicy": "Forbid"}}, "default")
    bench.later(60)
    assert runs(bench, PYTORCHJOBS) == [str(int(START.timestamp()) + 120)]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"schedule": "61 * * * *"}, "spec.schedule"),
        ({"schedule": "TZ=UTC * * * * *"}, "spec.schedule"),
        ({"timeZone": "Mars/Olympus"}, "spec.timeZone"),
        ({"concurrencyPolicy": "Maybe"}, "spec.concurrencyPolicy"),
        ({"failedJobsHistoryLimit": -1}, "spec.failedJobsHistoryLimit"),
        ({"startingDeadlineSeconds": -1}, "spec.startingDeadlineSeconds"),
        (
            {"jobTemplate": {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "i"}]}}}}},
            "restartPolicy",
        ),
    ],
)
def test_refused(bench, cronjob, change, field):
    """A Cron that could never run is refused, with the name of the field."""
    with pytest.raises(Refused, match=field) as caught:
        cronjob(**change)
    assert caught.value.code == 422


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"schedule": "0 0 22 * * ?"}, "spec.schedule"),
        ({"deadline": "tomorrow"}, "spec.deadline"),
        ({"deadline": "2026-01-31T12:00:00"}, "spec.deadline"),
        ({"concurrencyPolicy": "Maybe"}, "spec.concurrencyPolicy"),
        ({"historyLimit": -1}, "spec.historyLimit"),
        ({"template": {"apiVersion": "v1", "kind": "Pod", "workload": {}}}, "spec.template.kind"),
        ({"template": {"apiVersion": "batch/v1", "kind": "Job"}}, "spec.template.workload"),
    ],
)
def test_cron_refused(bench, cron, change, field):
    """The same of a Cron."""
    with pytest.raises(Refused, match=field) as caught:
        cron(**change)
    assert caught.value.code == 422
