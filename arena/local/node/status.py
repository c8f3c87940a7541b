"""Computes a pod's status from the runs of its containers, without I/O."""

from collections.abc import Sequence
from typing import Any

from arena.local.node.container_runs import ENDED, RUNNING, Run
from arena.local.node.events import timestamp
from arena.local.node.value_sources import HOST
from arena.local.objects import Object
from arena.tuples import NamedTuple

ALWAYS, ON_FAILURE, NEVER = "Always", "OnFailure", "Never"


class View(NamedTuple):
    """What a container's status is computed from.

    Attributes:
        run: the newest run; `previous` is the one before.
        waiting: reason and message while the next run cannot start.
    """

    spec: Object
    run: Run | None
    previous: Run | None
    waiting: tuple[str, str] | None
    ready: bool
    started: bool

    @property
    def sidecar(self) -> bool:
        """Whether it is a sidecar: an init container that runs as long as the others."""
        return self.spec.get("restartPolicy") == ALWAYS

    @property
    def begun(self) -> bool:
        """Whether it ever ran."""
        return self.run is not None and (self.run.state in (RUNNING, ENDED) or self.run.number > 0)

    @property
    def ended(self) -> bool:
        """Whether its newest run has ended."""
        return self.run is not None and self.run.state == ENDED

    @property
    def succeeded(self) -> bool:
        """Whether its newest run has ended with success."""
        return self.ended and self.run is not None and self.run.code == 0


def restarts(container: Object, policy: str, code: int) -> bool:
    """Whether a container that ended with this code is restarted: by its own rules, its policy, its pod's."""
    for rule in container.get("restartPolicyRules") or []:
        codes = rule["exitCodes"]
        if (code in (codes.get("values") or [])) is (codes["operator"] == "In"):
            return True
    policy = container.get("restartPolicy") or policy
    return policy == ALWAYS or (policy == ON_FAILURE and code != 0)


def identity(uid: str, run: Run, name: str) -> str:
    """Return the container id, which differs for each run."""
    return f"process://{uid}/{name}/{run.number}"


def terminated(uid: str, name: str, run: Run) -> Object:
    """Return the state of a run that has ended."""
    state: dict[str, Any] = {
        "exitCode": run.code,
        "reason": run.reason,
        "startedAt": timestamp(run.started),
        "finishedAt": timestamp(run.finished),
        "containerID": identity(uid, run, name),
    }
    return {"terminated": state | ({"message": run.message} if run.message else {})}


def _state(uid: str, view: View) -> Object:
    if view.waiting is not None:
        reason, message = view.waiting
        return {"waiting": {"reason": reason} | ({"message": message} if message else {})}
    if view.run is None or view.run.state not in (RUNNING, ENDED):
        return {"waiting": {"reason": "ContainerCreating"}}
    if view.run.state == RUNNING:
        return {"running": {"startedAt": timestamp(view.run.started)}}
    return terminated(uid, view.spec["name"], view.run)


def container(uid: str, view: View) -> Object:
    """One entry of containerStatuses."""
    name, run = view.spec["name"], view.run
    last = run if view.waiting is not None and view.ended else view.previous
    image = view.spec.get("image", "")
    return {
        "name": name,
        "state": _state(uid, view),
        "lastState": terminated(uid, name, last) if last is not None and last.state == ENDED else {},
        "ready": view.ready,
        "started": view.started,
        "restartCount": run.number if run else 0,
        "image": image,
        "imageID": image if run else "",
        **({"containerID": identity(uid, run, name)} if run else {}),
    }


def phase(policy: str, init: Sequence[View], main: Sequence[View]) -> str:
    """Return the pod's phase by the rules of the kubelet."""
    if any(_failed(policy, view) for view in init if not view.sidecar):
        return "Failed"
    if not all(view.begun if view.sidecar else view.succeeded for view in init):
        return "Pending"
    if not all(view.begun for view in main):
        return "Running" if any(view.run and view.run.state == RUNNING for view in main) else "Pending"
    if not over(policy, main) or any(view.run and not view.ended for view in init):
        return "Running"
    return "Succeeded" if all(view.succeeded for view in main) else "Failed"


def _failed(policy: str, view: View) -> bool:
    """Whether a container has failed for good."""
    return bool(view.ended and not view.succeeded and view.run) and over(policy, [view])


def over(policy: str, main: Sequence[View]) -> bool:
    """Whether all of the containers have ended for good."""
    return all(view.run and view.ended and not restarts(view.spec, policy, view.run.code) for view in main)


def conditions(
    phase: str, init: Sequence[View], main: Sequence[View], before: Sequence[Object]
) -> list[Object]:
    """Return the pod's conditions; those of others are kept, and times change only with the status."""
    undone = [one.spec["name"] for one in init if not (one.started if one.sidecar else one.succeeded)]
    lasting = [*(view for view in init if view.sidecar), *main]
    unready = [view.spec["name"] for view in lasting if not view.ready]
    made = [
        _condition("Initialized", undone, "ContainersNotInitialized", "incomplete", phase),
        _condition("Ready", unready, "ContainersNotReady", "unready", phase),
        _condition("ContainersReady", unready, "ContainersNotReady", "unready", phase),
        {"type": "PodScheduled", "status": "True"},
    ]
    old = {one["type"]: one for one in before}
    for one in made:
        former = old.pop(one["type"], {})
        same = former.get("status") == one["status"]
        one["lastTransitionTime"] = former.get("lastTransitionTime") if same else timestamp()
    return [*made, *old.values()]


def _condition(kind: str, lacking: list[str], reason: str, word: str, phase: str) -> Object:
    if phase == "Succeeded" and kind == "Initialized":
        return {"type": kind, "status": "True", "reason": "PodCompleted"}
    if phase in ("Succeeded", "Failed") and kind != "Initialized":
        return {
            "type": kind,
            "status": "False",
            "reason": "PodCompleted" if phase == "Succeeded" else "PodFailed",
        }
    if not lacking:
        return {"type": kind, "status": "True"}
    message = f"containers with {word} status: [{' '.join(lacking)}]"
    return {"type": kind, "status": "False", "reason": reason, "message": message}


class Verdict(NamedTuple):
    """Why a pod is Failed regardless of its containers."""

    reason: str
    message: str


def pod(spec_of: Object, init: Sequence[View], main: Sequence[View], verdict: Verdict | None) -> Object:
    """Return the pod's status as a merge patch of the present one."""
    meta, old = spec_of["metadata"], spec_of.get("status") or {}
    policy = spec_of["spec"].get("restartPolicy", ALWAYS)
    found = "Failed" if verdict else phase(policy, init, main)
    status: dict[str, Any] = {
        "phase": found,
        "conditions": conditions(found, init, main, old.get("conditions") or []),
        "startTime": old.get("startTime") or timestamp(),
        "hostIP": HOST,
        "podIP": HOST,
        "podIPs": [{"ip": HOST}],
        "containerStatuses": [container(meta["uid"], view) for view in main],
    }
    if init:
        done = [view if view.sidecar else view._replace(ready=view.succeeded) for view in init]
        status["initContainerStatuses"] = [container(meta["uid"], view) for view in done]
    if verdict:
        status |= {"reason": verdict.reason, "message": verdict.message}
    return status
