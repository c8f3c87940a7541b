"""The code of the submitter: an init container unpacks it before the other containers start.

The submitter packs the folder. The cluster stores the archive in parts, each in a ConfigMap that is named
after its content, so that jobs with the same code share them. A larger archive is sent to the init container
of each instance, which waits for it.
"""

from binascii import b2a_base64
from typing import Any

from arena import labels
from arena.errors import SpecError
from arena.kinds.workload import images
from arena.kinds.workload.pod_spec import PodOptions
from arena.kinds.workload.rendering import Rendering
from arena.kinds.workload.spec import CODE, WorkloadSpec

Values = dict[str, Any]

NAME = "arena-code"
"""The init container, and the volume with the unpacked code."""
PARTS = "arena-code-parts"
"""The volume with the parts."""
WHERE = "/arena/parts"
"""The mount path of that volume in the init container."""
KEY = "part"
"""The key of a ConfigMap that holds the part."""
PART = 900_000
"""Bytes of a part; an object of the cluster holds at most a mebibyte."""
MOST = 16
"""Maximum number of parts that one job may store in the cluster; larger archives are sent."""

UNPACK = (
    'if [ "$(command -v tar)" ] && [ "$(command -v gzip)" ]; then cat "$0"/* | tar -xzof - -C "$1"; '
    'elif [ "$(command -v python3)" ]; then cat "$0"/* | python3 -c '
    "'import sys, tarfile; tarfile.open(fileobj=sys.stdin.buffer, mode=\"r|gz\").extractall(sys.argv[1])' "
    '"$1"; else echo "the image has neither tar with gzip nor python3 to unpack the code with" >&2; '
    "exit 1; fi"
)
"""The script of the init container; it uses programs that every image with a shell has."""
BEGIN = (
    'if [ ! -d "$0" ]; then echo "the runtime starts the command in a pod that --code does not reach" >&2; '
    f'exit 1; fi; {UNPACK} && cd -- "$1" && shift && exec "$@"'
)
"""The script of a container without an init container: it unpacks the code and executes the command."""
PATIENCE = 3600
"""Seconds that an instance waits for code that is sent."""
_READY, _DONE = ".ready", ".done"
HOLD = (
    f'if [ -e "$0/{_DONE}" ]; then exit 0; fi; n=0; echo "waiting for the code, which arena sends"; '
    f'until [ -e "$0/{_READY}" ]; do if [ $n -ge {PATIENCE} ]; then '
    'echo "no code came: arena code JOB --send DIR" >&2; exit 1; fi; n=$((n+1)); sleep 1; done; '
    f'{UNPACK} && rm "$0"/* && touch "$0/{_DONE}"'
)
"""The script of the init container if the code is sent."""
TAKE = (
    'head -c "$1" > "$0/.new$$" && [ "$(wc -c < "$0/.new$$")" -eq "$1" ] && '
    f'mv "$0/.new$$" "$0/000" && touch "$0/{_READY}"'
)
"""The script that receives the code there on standard input; its arguments are the folder and the size."""


def start_dir(spec: WorkloadSpec, rendering: Rendering) -> str:
    """Directory the command starts in; with --code, the code is unpacked there."""
    # On the submitter's own machine, --working-dir may already exist and contain other files.
    unpacked = rendering.on_host or not spec.chosen_dir
    return CODE if spec.code and unpacked else spec.chosen_dir or spec.default_dir


def containers(spec: PodOptions, rendering: Rendering) -> list[Values] | None:
    """The init container that unpacks the code; None if there is no code."""
    if rendering.code is None:
        return None
    kept = bool(rendering.code.names)
    return [
        {
            "name": NAME,
            "image": images.any_image(spec, rendering),
            "imagePullPolicy": spec.image_pull_policy,
            "command": ["sh", "-c", UNPACK if kept else HOLD, WHERE, CODE],
            "volumeMounts": [
                {"name": PARTS, "mountPath": WHERE, **({"readOnly": True} if kept else {})},
                {"name": NAME, "mountPath": CODE},
            ],
        }
    ]


def unpacking(spec: WorkloadSpec, rendering: Rendering, command: list[str]) -> list[str]:
    """The command of a container that unpacks the code by itself and then runs `command` there.

    Raises:
        SpecError: the code has to be sent, for which only an init container can wait.
    """
    if rendering.code is None:
        return command
    if not rendering.code.names:
        raise SpecError(
            "--code is too large to be stored in the cluster, and pods of a TrainJob cannot wait for it",
            "list data in .arenaignore, or put it on a volume or into the image",
        )
    return ["sh", "-c", BEGIN, WHERE, start_dir(spec, rendering), *command]


def volumes(rendering: Rendering) -> list[Values]:
    """The volumes of a pod in which the code is unpacked."""
    if rendering.code is None:
        return []
    sources = [
        {"configMap": {"name": name, "items": [{"key": KEY, "path": f"{number:03}"}]}}
        for number, name in enumerate(rendering.code.names)
    ]
    where: Values = {"projected": {"sources": sources}} if sources else {"emptyDir": {}}
    return [{"name": PARTS, **where}, {"name": NAME, "emptyDir": {}}]


def mounts(spec: WorkloadSpec, rendering: Rendering) -> list[Values]:
    """The mount of the code in a container; raises SpecError if something else is mounted there."""
    if rendering.code is None:
        return []
    path = start_dir(spec, rendering)
    spec.check_code_dir(path)
    return [{"name": NAME, "mountPath": path}]


def part_mounts(rendering: Rendering) -> list[Values]:
    """The mount of the parts in a container that unpacks the code by itself."""
    return [{"name": PARTS, "mountPath": WHERE, "readOnly": True}] if rendering.code else []


def parts(rendering: Rendering) -> list[Values]:
    """The values of the template of each part."""
    if rendering.code is None:
        return []
    common = {labels.MANAGED_BY: labels.ARENA, labels.COMPONENT: "code", labels.CREATED_BY: labels.ARENA}
    return [
        {"name": name, "labels": common, "part": b2a_base64(part, newline=False).decode()}
        for name, part in rendering.code.parts.items()
    ]
