"""Begin a container's next run: volumes, environment, command; or tell why it cannot begin."""

import os
from dataclasses import replace
from pathlib import Path

from arena.local.node import environment, inside, volumes
from arena.local.node.containers import Container
from arena.local.node.environment import Mount, Place, ports, upper
from arena.local.node.references import Missing
from arena.local.node.tools import Tools
from arena.local.objects import Object

NO_COMMAND = "the local cluster has no container runtime: give a command"


def admit(tools: Tools, pod: Object) -> dict[str, list[int]]:
    """Make the pod's folder and give it its GPUs; container -> GPUs. gpus.Short where there are too few."""
    uid = pod["metadata"]["uid"]
    folder = tools.pods / uid
    if not (folder / "work").is_dir():
        (folder / "work").mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        inside.record(folder, {"name": pod["metadata"]["name"], "ports": ports(pod)})
    return tools.gpus.take(uid, pod, folder)


def start(tools: Tools, pod: Object, container: Container, failures: int) -> float | None:
    """Start the next run; else say why not, and in how many seconds to try again."""
    try:
        found = _volumes(tools, pod)
    except Missing as error:
        return _put_off(tools, pod, container, ("ContainerCreating", str(error), "FailedMount", str(error)))
    try:
        spec = _spec(tools, pod, container, found)
    except Missing as error:
        reason = "CreateContainerConfigError"
        return _put_off(tools, pod, container, (reason, str(error), "Failed", f"Error: {error}"))
    try:
        if spec["argv"]:
            _conflicts(tools, pod, container)  # first, lest the container's own program be found there
            container.start({**spec, "failures": failures})
            tools.events.say(pod, "Created", f"Created container {container.name}", container.name)
        else:
            container.refuse(failures, NO_COMMAND)
    except OSError as error:  # a full disk, too many processes
        message = f"cannot start container {container.name}: {error.strerror}"
        return _put_off(
            tools, pod, container, ("CreateContainerError", message, "Failed", f"Error: {message}")
        )
    return 0 if not spec["argv"] else None


def _conflicts(tools: Tools, pod: Object, container: Container) -> None:
    """Say which declared ports somebody else has: all pods share this machine's network."""
    for port in environment.declared_ports(container.spec):
        allotted = ports(pod).get(port)
        if allotted and inside.accepts(port):
            text = (
                f"port {port} is in use on this machine; let the program listen on $PORT, which is {allotted}"
            )
            tools.events.warn(pod, "PortConflict", text, container.name)


def _put_off(tools: Tools, pod: Object, container: Container, why: tuple[str, str, str, str]) -> float:
    reason, message, event, text = why
    if container.waiting != (reason, message):
        tools.events.warn(pod, event, text, container.name if event == "Failed" else "")
    container.waiting = (reason, message)
    return tools.pace.retry


def refresh(tools: Tools, pod: Object, kind: str, name: str) -> None:
    """Let a pod see what a ConfigMap or Secret (`kind`) that it mounts holds now."""
    volumes.refresh(_room(tools, pod), kind, name)


def _volumes(tools: Tools, pod: Object) -> dict[str, Path]:
    return volumes.prepare(_room(tools, pod))


def _room(tools: Tools, pod: Object) -> volumes.Room:
    folder = tools.pods / pod["metadata"]["uid"] / "volumes"
    return volumes.Room(tools.objects, pod, folder, tools.claims)


def _spec(tools: Tools, pod: Object, container: Container, found: dict[str, Path]) -> Object:
    """What the supervisor reads."""
    folder = tools.pods / pod["metadata"]["uid"]
    held = admit(tools, pod)[container.name]
    bare = Place(tools.objects, pod, container.spec, (), tools.gpus.variables(held), folder / "work")
    mounts = volumes.mounts(container.spec, found, lambda: environment.variables(bare))
    _warn(tools, pod, container, mounts)
    place = replace(bare, mounts=mounts)
    env = environment.variables(place)
    return {
        "argv": environment.command(place, env),
        "env": env,
        "cwd": _folder(place),
        "mounts": [[one.volume, one.path, str(one.real)] for one in mounts],
        "stdin": bool(container.spec.get("stdin")),
        "stdin_once": bool(container.spec.get("stdinOnce")),
        "tty": bool(container.spec.get("tty")),
    }


def _folder(place: Place) -> str:
    """Where the command starts; in the pod's own folder it finds the volumes that belong there."""
    found = environment.folder(place)
    if found == str(place.work):
        for name, real in environment.nested(place).items():
            if not os.path.lexists(place.work / name):
                (place.work / name).symlink_to(real)
    return found


def _warn(tools: Tools, pod: Object, container: Container, mounts: tuple[Mount, ...]) -> None:
    """Say where a program will see this machine's own folder instead of a volume that holds something."""
    scratch = {one["name"] for one in pod["spec"].get("volumes") or [] if "emptyDir" in one}
    for mount in mounts:
        if mount.shadowed and mount.volume not in scratch and os.path.realpath(mount.path) != str(mount.real):
            text = (
                f"{mount.path} exists on this machine, so programs find that and not volume {mount.volume}; "
                f"mount it elsewhere, or use the folder named by $ARENA_MOUNT_{upper(mount.volume)}"
            )
            tools.events.warn(pod, "MountShadowed", text, container.name)
