"""When a container's probes and hooks are asked, and what follows from their answers."""

import time
from concurrent.futures import Future
from functools import partial

from arena.local.node import probes
from arena.local.node.containers import Container
from arena.local.node.probes import Answer, Probe, Target
from arena.local.node.references import Missing
from arena.local.node.tools import Tools
from arena.local.objects import Object
from arena.local.runtime import Surroundings

HOOK = 3600.0
"""Seconds after which a postStart hook counts as failed."""


def _target(tools: Tools, container: Container) -> Target:
    uid, name = container.uid, container.name

    def port(declared: int) -> int:
        return tools.inside.port(uid, declared) or declared

    def surroundings(command: list[str]) -> Surroundings:
        found = tools.inside.surroundings(uid, name, command)
        if found is None:
            raise Missing(f"container {name} does not run")
        return found

    return Target(container.spec, port, surroundings)


def _ask(probe: Object, target: Target) -> Answer:
    try:
        return probes.ask(probe, target)
    except Missing as error:
        return Answer(False, str(error))


def _hook(tools: Tools, container: Container, kind: str, timeout: float) -> "Future[Answer] | None":
    """Start a lifecycle hook, if the container has one of this kind."""
    hook = ((container.spec.get("lifecycle") or {}).get(kind)) or {}
    if not hook:
        return None
    if "sleep" in hook:
        hook = {"exec": {"command": ["sleep", str(hook["sleep"].get("seconds", 0))]}}
    asked = {**hook, "timeoutSeconds": timeout}
    return tools.submit(container.uid, partial(_ask, asked, _target(tools, container)))


def greet(tools: Tools, container: Container) -> None:
    """Start the postStart hook of a run that has just begun."""
    container.hooked = _hook(tools, container, "postStart", HOOK)


def stop(tools: Tools, pod: Object, container: Container, grace: float) -> None:
    """Begin to end a container, and say so once."""
    if container.ending is None and container.live:
        tools.events.say(pod, "Killing", f"Stopping container {container.name}", container.name)
    container.stop(grace, lambda: _hook(tools, container, "preStop", grace))


def turn(tools: Tools, pod: Object, container: Container, grace: float) -> float | None:
    """Ask the probes whose turn it is and act on the answers; seconds until the next turn."""
    if container.hooked is not None:
        if not container.hooked.done():
            return None
        answer = container.hooked.result()
        if not answer.good:
            text = f"PostStartHook failed: {answer.message}"
            tools.events.warn(pod, "FailedPostStartHook", text, container.name)
            stop(tools, pod, container, grace)
            return container.tend()
    if container.probes is None:
        return None
    _count(tools, pod, container)
    dead = container.probes.dead
    if dead:
        text = f"Container {container.name} failed {dead} probe, will be restarted"
        tools.events.say(pod, "Killing", text, container.name)
        container.stop(grace, lambda: _hook(tools, container, "preStop", grace))
        return container.tend()
    return _begin(tools, container)


def _count(tools: Tools, pod: Object, container: Container) -> None:
    for kind, probe in container.probes.turn().items() if container.probes else ():
        if probe.asked is None or not probe.asked.done():
            continue
        answer = probe.asked.result()
        probe.count(answer.good, time.monotonic())
        if not answer.good:
            text = f"{kind.capitalize()} probe failed: {answer.message}"
            tools.events.warn(pod, "Unhealthy", text, container.name)


def _begin(tools: Tools, container: Container) -> float | None:
    """Ask what is due; seconds until the next is."""
    waits = []
    now = time.monotonic()
    for probe in container.probes.turn().values() if container.probes else ():
        if probe.asked is not None:
            continue
        if probe.due <= now:
            _submit(tools, container, probe)
        else:
            waits.append(probe.due - now)
    return min(waits, default=None)


def _submit(tools: Tools, container: Container, probe: Probe) -> None:
    probe.asked = tools.submit(container.uid, partial(_ask, probe.spec, _target(tools, container)))
