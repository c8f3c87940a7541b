"""Experiments on a local cluster in this process, with the real node."""

from contextlib import suppress

import psutil
import pytest
from katib_manifests import experiment
from product import until

from arena.local.api import Api
from arena.local.machinery.runner import Runner
from arena.local.node.kubelet import Kubelet
from arena.local.objects import PODS
from arena.local.operators.katib.kinds import EXPERIMENT_LABEL, EXPERIMENTS, TRIALS

ENDS = ("Succeeded", "Failed")


class Sweeps:
    """Experiments on a local cluster in this process."""

    def __init__(self, api, node):
        self.api = api
        self.node = node

    def start(self, *command, **spec):
        """Create the Experiment `hp`."""
        self.api.create(EXPERIMENTS, experiment(*command, **spec), "default")

    def status(self):
        """Its status."""
        return self.api.get(EXPERIMENTS, "hp", "default").get("status") or {}

    def end(self, seconds=60):
        """The condition by which it ends."""

        def reached():
            last = (self.status().get("conditions") or [{}])[-1]
            return last if last.get("type") in ENDS else None

        return until(reached, seconds, "the end of the experiment")

    def ended(self):
        """The same once no trial is left that runs."""
        found = self.end()
        until(lambda: not self.status()["trialsRunning"] and not self.status()["trialsPending"])
        return found

    def trials(self):
        """Its trials in order of their creation."""
        return self.api.list(TRIALS, "default", f"{EXPERIMENT_LABEL}=hp")


def helpers():
    """The processes of this one that compute suggestions."""
    found = []
    for one in psutil.Process().children():
        with suppress(psutil.Error):
            if any("suggestions" in word for word in one.cmdline()):
                found.append(one)
    return found


@pytest.fixture
def sweeps(tmp_path):
    """API, operators and node; at the end no process is left."""
    api = Api(":memory:")
    runner, node = Runner(api), Kubelet(api, tmp_path)
    node.start()
    runner.start()
    yield Sweeps(api, node)
    for one in api.list(EXPERIMENTS):
        api.delete(EXPERIMENTS, one["metadata"]["name"], one["metadata"]["namespace"])
    until(lambda: not api.list(PODS) and not api.list(TRIALS) and not helpers())
    runner.stop()
    node.stop()
