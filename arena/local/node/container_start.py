"""Starts a container's next run with its volumes, environment and command, or reports why it cannot start."""

import os
from dataclasses import replace
from pathlib import Path

from arena.local.node import environment, pod_runtime, retention, volumes
from arena.local.node.containers import Container
from arena.local.node.environment import Place, ports, upper
from arena.local.node.metrics.request import Invalid
from arena.local.node.mounts import Mount, relocate
from arena.local.node.node_context import NodeContext
from arena.local.node.value_sources import Missing
from arena.local.objects import COLLECT, Object

NO_COMMAND = "the local cluster has no container runtime: give a command"


def admit(context: NodeContext, pod: Object) -> dict[str, list[int]]:
    """Create the pod's folder and allocate its GPUs by container; raises gpus.Short if too few are free."""
    uid = pod["metadata"]["uid"]
    folder = context.pods / uid
    if not os.path.exists(folder / retention.PRESENT):
        (folder / "work").mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        retention.record(folder, context.objects, pod, ports(pod))
    return context.gpus.take(uid, pod, folder)


def start(context: NodeContext, pod: Object, container: Container, failures: int) -> float | None:
    """Start the next run, or report why it cannot start and return the seconds until the next attempt."""
    try:
        found = _volumes(context, pod)
    except Missing as error:
        return _put_off(context, pod, container, ("ContainerCreating", str(error), "FailedMount", str(error)))
    try:
        spec = _spec(context, pod, container, found)
    except Missing as error:
        reason = "CreateContainerConfigError"
        return _put_off(context, pod, container, (reason, str(error), "Failed", f"Error: {error}"))
    try:
        if spec["argv"]:
            _conflicts(context, pod, container)  # first, lest the container's own program be found there
            is_collected = _is_collected(context, pod, container, spec)
            container.start({**spec, "failures": failures})
            if is_collected:
                context.metrics.follow(container.folder)
            context.events.say(pod, "Created", f"Created container {container.name}", container.name)
        else:
            container.refuse(failures, NO_COMMAND)
    except OSError as error:  # a full disk, too many processes
        message = f"cannot start container {container.name}: {error.strerror}"
        return _put_off(
            context, pod, container, ("CreateContainerError", message, "Failed", f"Error: {message}")
        )
    context.retention.outdated(context.pods / pod["metadata"]["uid"], container.name)
    return 0 if not spec["argv"] else None


def _is_collected(context: NodeContext, pod: Object, container: Container, spec: Object) -> bool:
    """Whether the pod requests that the metrics of the new run are collected, which is recorded."""
    mounts = tuple(Mount(volume, path, Path(real)) for volume, path, real in spec["mounts"])
    try:
        return context.metrics.prepare(pod, container.folder, lambda path: relocate(path, mounts))
    except Invalid as error:
        text = f"no metrics are collected: the annotation {COLLECT} {error}"
        context.events.warn(pod, "InvalidCollector", text, container.name)
        return False


def _conflicts(context: NodeContext, pod: Object, container: Container) -> None:
    """Warn of declared ports that are in use: all pods share this machine's network."""
    for port in environment.declared_ports(container.spec):
        allotted = ports(pod).get(port)
        if allotted and pod_runtime.accepts(port):
            text = (
                f"port {port} is in use on this machine; let the program listen on $PORT, which is {allotted}"
            )
            context.events.warn(pod, "PortConflict", text, container.name)


def _put_off(
    context: NodeContext, pod: Object, container: Container, why: tuple[str, str, str, str]
) -> float:
    reason, message, event, text = why
    if container.waiting != (reason, message):
        context.events.warn(pod, event, text, container.name if event == "Failed" else "")
    container.waiting = (reason, message)
    return context.pace.retry


def refresh(context: NodeContext, pod: Object, kind: str, name: str) -> None:
    """Update the files of a ConfigMap or Secret (`kind`) that a pod mounts."""
    volumes.refresh(_room(context, pod), kind, name)


def _volumes(context: NodeContext, pod: Object) -> dict[str, Path]:
    return volumes.prepare(_room(context, pod))


def _room(context: NodeContext, pod: Object) -> volumes.Room:
    folder = context.pods / pod["metadata"]["uid"] / "volumes"
    return volumes.Room(context.objects, pod, folder, context.claims)


def _spec(context: NodeContext, pod: Object, container: Container, found: dict[str, Path]) -> Object:
    """The run's `spec.json` for the supervisor."""
    folder = context.pods / pod["metadata"]["uid"]
    held = admit(context, pod)[container.name]
    bare = Place(context.objects, pod, container.spec, (), context.gpus.variables(held), folder / "work")
    mounts = volumes.mounts(container.spec, found, lambda: environment.variables(bare))
    _warn(context, pod, container, mounts)
    place = replace(bare, mounts=mounts)
    env = environment.variables(place)
    return {
        "argv": environment.command(place, env),
        "env": env,
        "cwd": _folder(place),
        "process": environment.process(place),
        "mounts": [[one.volume, one.path, str(one.real)] for one in mounts],
        "stdin": bool(container.spec.get("stdin")),
        "stdin_once": bool(container.spec.get("stdinOnce")),
        "tty": bool(container.spec.get("tty")),
    }


def _folder(place: Place) -> str:
    """The working directory; the pod's own folder gets links to the volumes mounted below it."""
    found = environment.folder(place)
    if found == str(place.work):
        for name, real in environment.nested(place).items():
            if not os.path.lexists(place.work / name):
                (place.work / name).symlink_to(real)
    return found


def _warn(context: NodeContext, pod: Object, container: Container, mounts: tuple[Mount, ...]) -> None:
    """Warn if a program will see this machine's own folder instead of a volume."""
    scratch = {one["name"] for one in pod["spec"].get("volumes") or [] if "emptyDir" in one}
    for mount in mounts:
        if mount.shadowed and mount.volume not in scratch and os.path.realpath(mount.path) != str(mount.real):
            text = (
                f"{mount.path} exists on this machine, so programs find that and not volume {mount.volume}; "
                f"mount it elsewhere, or use the folder named by $ARENA_MOUNT_{upper(mount.volume)}"
            )
            context.events.warn(pod, "MountShadowed", text, container.name)
