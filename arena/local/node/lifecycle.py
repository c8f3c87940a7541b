"""Runs the probes and hooks of containers when they are due, and acts on the results."""

import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial

from arena.local.node import probes, withdrawal
from arena.local.node.containers import Container
from arena.local.node.node_context import NodeContext
from arena.local.node.probes import Answer, Probe, Target
from arena.local.node.value_sources import Missing
from arena.local.objects import Object
from arena.local.runtime import ExecSpec

Work = Callable[[], Answer]

HOOK = 3600.0
"""Seconds after which a postStart hook counts as failed."""


def _target(context: NodeContext, container: Container) -> Target:
    uid, name = container.uid, container.name

    def port(declared: int) -> int:
        return context.runtime.port(uid, declared) or declared

    def exec_spec(command: list[str]) -> ExecSpec:
        found = context.runtime.exec_spec(uid, name, command)
        if found is None:
            raise Missing(f"container {name} does not run")
        return found

    return Target(container.spec, port, exec_spec)


def _ask(probe: Object, target: Target) -> Answer:
    try:
        return probes.ask(probe, target)
    except Missing as error:
        return Answer(False, str(error))


def _hook(context: NodeContext, container: Container, kind: str, timeout: float) -> Work | None:
    """What runs a lifecycle hook, if the container has one of this kind."""
    hook = ((container.spec.get("lifecycle") or {}).get(kind)) or {}
    if not hook:
        return None
    if "sleep" in hook:
        hook = {"exec": {"command": ["sleep", str(hook["sleep"].get("seconds", 0))]}}
    asked = {**hook, "timeoutSeconds": timeout}
    return partial(_ask, asked, _target(context, container))


def _farewell(
    context: NodeContext, pod: Object, container: Container, grace: float
) -> "Future[Answer] | None":
    """Start what precedes SIGTERM: the preStop hook, or else the end of the pod's traffic."""
    hook = _hook(context, container, "preStop", grace)
    if hook is None and withdrawal.is_due(pod):
        hook = partial(_withdraw, context, pod)
    return context.submit(container.uid, hook) if hook else None


def _withdraw(context: NodeContext, pod: Object) -> Answer:
    withdrawal.wait(context.objects, pod)
    return Answer(True)


def greet(context: NodeContext, container: Container) -> None:
    """Start the postStart hook of a run that has just started."""
    if hook := _hook(context, container, "postStart", HOOK):
        container.hooked = context.submit(container.uid, hook)


def stop(context: NodeContext, pod: Object, container: Container, grace: float) -> None:
    """Begin to terminate a container, and write an Event about it once."""
    if container.ending is None and container.live:
        context.events.say(pod, "Killing", f"Stopping container {container.name}", container.name)
    container.stop(grace, lambda: _farewell(context, pod, container, grace))


def turn(context: NodeContext, pod: Object, container: Container, grace: float) -> float | None:
    """Run the probes that are due, act on the results, and return the seconds until the next one."""
    if container.hooked is not None:
        if not container.hooked.done():
            return None
        answer = container.hooked.result()
        if not answer.good:
            text = f"PostStartHook failed: {answer.message}"
            context.events.warn(pod, "FailedPostStartHook", text, container.name)
            stop(context, pod, container, grace)
            return container.tend()
    if container.probes is None:
        return None
    _count(context, pod, container)
    dead = container.probes.dead
    if dead:
        text = f"Container {container.name} failed {dead} probe, will be restarted"
        context.events.say(pod, "Killing", text, container.name)
        container.stop(grace, lambda: _farewell(context, pod, container, grace))
        return container.tend()
    return _begin(context, container)


def _count(context: NodeContext, pod: Object, container: Container) -> None:
    for kind, probe in container.probes.turn().items() if container.probes else ():
        if probe.asked is None or not probe.asked.done():
            continue
        answer = probe.asked.result()
        probe.count(answer.good, time.monotonic())
        if not answer.good:
            text = f"{kind.capitalize()} probe failed: {answer.message}"
            context.events.warn(pod, "Unhealthy", text, container.name)


def _begin(context: NodeContext, container: Container) -> float | None:
    """Start the probes that are due, and return the seconds until the next one."""
    waits = []
    now = time.monotonic()
    for probe in container.probes.turn().values() if container.probes else ():
        if probe.asked is not None:
            continue
        if probe.due <= now:
            _submit(context, container, probe)
        else:
            waits.append(probe.due - now)
    return min(waits, default=None)


def _submit(context: NodeContext, container: Container, probe: Probe) -> None:
    probe.asked = context.submit(container.uid, partial(_ask, probe.spec, _target(context, container)))
