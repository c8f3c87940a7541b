"""When a follower of logs knows that nothing more comes."""

import threading

from arena.actions.jobs.logs.follow import _Rest
from arena.actions.jobs.logs.lines import Options
from arena.kinds import find
from arena.model.jobs import Job


def job(worker: str) -> Job:
    """A job that has succeeded, with a worker in that phase."""
    done = [{"type": "Succeeded", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}]
    pod = {
        "metadata": {
            "name": "bert-worker-0",
            "namespace": "default",
            "uid": "u",
            "labels": {
                "training.kubeflow.org/replica-type": "worker",
                "training.kubeflow.org/replica-index": "0",
            },
        },
        "spec": {"nodeName": "n", "containers": [{"name": "pytorch"}]},
        "status": {"phase": worker},
    }
    meta = {"name": "bert", "namespace": "default"}
    return find("pytorchjob").read({"metadata": meta, "spec": {}, "status": {"conditions": done}}, [pod])


def test_a_log_that_ends_before_its_pod_does():
    """A follower waits until the job shows the end of an instance, so that it is not reported as running."""
    ended = threading.Thread(target=lambda: None)
    ended.start()
    ended.join()
    for options, at_once in ((Options(), False), (Options(container="proxy"), True)):
        rest = _Rest(options)
        rest.note(job("Running"))
        assert rest.is_over({"u": ended}) is at_once
        rest.note(job("Succeeded"))
        assert rest.is_over({"u": ended})
