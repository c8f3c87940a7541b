"""Why a serving is not ready: what holds up one of its instances, with the line of its log that says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from arena.actions.diagnosis.explainers import error_line
from arena.kinds.workload import instance_findings
from arena.model.instances import Instance
from arena.model.servings import Serving
from arena.units import by_age

if TYPE_CHECKING:
    from arena.kube import Cluster


class Reasons:
    """Says why servings are not ready; reads the log of each crash once."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._lines: dict[tuple[str, int], str] = {}

    def of(self, one: Serving) -> str:
        """Why it is not ready; "" if it is, or if nothing is known."""
        if one.is_ready:
            return ""
        # Those of the newest revision are the youngest; old ones only wait for them.
        waiting = [each for each in one.instances if not each.is_ready and each.status != "Terminating"]
        for instance in sorted(waiting, key=by_age, reverse=True):
            if found := instance_findings.trouble([instance]):
                line = self._line(instance)
                return f"{found.cause}: {line}" if line else found.cause
        if waiting and waiting[0].phase == "Running":
            return f"{waiting[0].name} runs, but is not ready yet"
        return one.rollout.failure or self._refused(one)

    def _line(self, instance: Instance) -> str:
        """The line of its log that shows why it crashed."""
        restarts = sum(part.restarts for part in instance.containers)
        if instance.exit_code is None and not restarts:
            return ""
        key = instance.uid, restarts
        if key not in self._lines:
            self._lines[key] = error_line.error_of(self._cluster, instance)
        return self._lines[key]

    def _refused(self, one: Serving) -> str:
        """Why no instance could be created, such as a quota."""
        failed = (each for each in one.conditions if each.type == "ReplicaFailure" and each.status == "True")
        return next((each.message or each.reason for each in failed), "")
