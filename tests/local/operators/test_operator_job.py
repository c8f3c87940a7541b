"""Jobs: counting, indexes, backoff, limits."""

import pytest

from arena.local.objects import JOBS, PODS
from arena.local.operators.batch import completion_indexes


@pytest.fixture
def submit(bench):
    """Submit the Job `j`."""
    bench.node()

    def make(restart="Never", **spec):
        template = bench.template("main")
        template["spec"]["restartPolicy"] = restart
        return bench.submit(JOBS, {"metadata": {"name": "j"}, "spec": {"template": template, **spec}})

    return make


def active(bench):
    """The names of the pods that run or may run."""
    return [name for name, pod in bench.pods().items() if pod["status"]["phase"] in ("Pending", "Running")]


def test_one_pod(bench, submit):
    """A Job of one pod is active, then complete."""
    submit()
    (name,) = bench.pods("batch.kubernetes.io/job-name=j,job-name=j")
    assert bench.status(JOBS, "j")["active"] == 1
    bench.run(name)
    assert bench.status(JOBS, "j")["ready"] == 1
    bench.end(name)
    status = bench.status(JOBS, "j")
    assert bench.holding(JOBS, "j") == {"Complete", "SuccessCriteriaMet"}
    assert (status["active"], status["succeeded"], status["completionTime"]) == (0, 1, "2026-01-31T12:00:00Z")
    assert bench.events("j").count("Completed") == 1


def test_parallelism(bench, submit):
    """No more than `parallelism` pods at a time until `completions` have succeeded."""
    submit(parallelism=2, completions=3)
    assert len(active(bench)) == 2
    bench.end(*active(bench))
    assert len(active(bench)) == 1
    bench.end(*active(bench))
    assert "Complete" in bench.holding(JOBS, "j")
    assert len(bench.pods()) == 3


def test_work_queue(bench, submit):
    """Without completions, no pod is created after the first success, and the Job ends with the last pod."""
    submit(parallelism=2)
    first, second = active(bench)
    bench.end(first)
    assert active(bench) == [second]
    bench.end(second)
    assert "Complete" in bench.holding(JOBS, "j")


def test_indexed(bench, submit):
    """Each index has a pod that knows it, and is done when one of its pods succeeded."""
    submit(parallelism=3, completions=3, completionMode="Indexed", backoffLimit=2)
    by_index = {
        pod["metadata"]["labels"][completion_indexes.INDEX]: name for name, pod in bench.pods().items()
    }
    assert {number: bench.env(name)["JOB_COMPLETION_INDEX"] for number, name in by_index.items()} == {
        "0": "0",
        "1": "1",
        "2": "2",
    }
    assert bench.read(PODS, by_index["1"])["spec"]["hostname"] == "j-1"
    bench.end(by_index["0"], by_index["2"]).end(by_index["1"], code=1)
    assert bench.status(JOBS, "j")["completedIndexes"] == "0,2"
    bench.later(10)
    (again,) = active(bench)
    assert again.startswith("j-1-")
    bench.end(again)
    assert bench.status(JOBS, "j")["completedIndexes"] == "0-2"
    assert "Complete" in bench.holding(JOBS, "j")


def test_backoff(bench, submit):
    """Failed pods are replaced after 1, then 2 seconds; one failure too many fails the Job."""
    submit(backoffLimit=2)
    for wait in (1, 2):
        bench.end(*active(bench), code=1).later(wait - 1)
        assert active(bench) == []
        bench.later(1)
        assert len(active(bench)) == 1
    bench.end(*active(bench), code=1)
    assert bench.holding(JOBS, "j") == {"Failed", "FailureTarget"}
    assert bench.status(JOBS, "j")["failed"] == 3
    assert bench.status(JOBS, "j")["conditions"][-1]["reason"] == "BackoffLimitExceeded"


def test_deleted_pods_stay_counted(bench, submit):
    """A failed or succeeded pod that a user deletes still counts."""
    submit(completions=2, backoffLimit=1)
    (first,) = active(bench)
    bench.end(first)
    bench.objects.delete(PODS, first, "default")
    bench.settled()
    bench.end(*active(bench))
    assert "Complete" in bench.holding(JOBS, "j")
    assert bench.status(JOBS, "j")["succeeded"] == 2


def test_restarts_in_place(bench, submit):
    """With OnFailure the restarts of the pod count against backoffLimit."""
    submit(restart="OnFailure", backoffLimit=2)
    (name,) = active(bench)
    bench.restart(name, 1)
    assert bench.holding(JOBS, "j") == set()
    bench.restart(name, 2)
    assert "Failed" in bench.holding(JOBS, "j")
    assert bench.bury().pods() == {}


def test_deadline(bench, submit):
    """The limit activeDeadlineSeconds fails the Job and ends its pods."""
    submit(activeDeadlineSeconds=30)
    bench.run(*active(bench)).later(30)
    assert bench.status(JOBS, "j")["conditions"][-1]["reason"] == "DeadlineExceeded"
    assert bench.bury().pods() == {}


def test_ttl(bench, submit):
    """A finished Job goes, with its pods, when its time to live is over."""
    submit(ttlSecondsAfterFinished=5)
    bench.end(*active(bench)).later(5)
    assert bench.read(JOBS, "j") is None
    assert bench.pods() == {}


def test_suspend(bench, submit):
    """Suspending ends the pods without counting them as failures; resuming makes new ones."""
    submit(parallelism=2, completions=2, backoffLimit=0)
    bench.run(*active(bench))
    bench.objects.patch(JOBS, "j", {"spec": {"suspend": True}}, "default")
    bench.settled()
    bench.end(*bench.pods(), code=143).bury()
    assert bench.holding(JOBS, "j") == {"Suspended"}
    assert bench.pods() == {}
    bench.objects.patch(JOBS, "j", {"spec": {"suspend": False}}, "default")
    bench.settled()
    assert bench.holding(JOBS, "j") == set()
    assert len(active(bench)) == 2


@pytest.mark.parametrize("text", ["", "0", "0-2", "1,3", "0-1,4,7-9"])
def test_index_text(text):
    """Index sets survive being written and read."""
    assert completion_indexes.text(completion_indexes.parse(text)) == text
