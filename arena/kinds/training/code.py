"""Code of the submitter's own: an init container unpacks it before the others start.

Whoever submits packs the folder and says so by a `Parcel`. It lies in the cluster in parts, each in a
ConfigMap that is named after its content, so that jobs with the same code share them. What is too
large for that is sent to the init container of each instance, which waits for it.
"""

import json
from binascii import b2a_base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from arena import labels
from arena.errors import SpecError
from arena.kinds.training.base import CODE, TrainingSpec

Values = dict[str, Any]

NAME = "arena-code"
"""The init container, and the volume with the unpacked code."""
PARTS = "arena-code-parts"
"""The volume with the parts."""
WHERE = "/arena/parts"
"""Where the init container sees it."""
KEY = "part"
"""The key of a ConfigMap that holds the part."""
PART = 900_000
"""Bytes of a part: an object of the cluster holds at most a mebibyte."""
MOST = 16
"""Parts of a parcel: what the cluster's store bears for the sake of one job; the rest is sent."""

UNPACK = (
    'if [ "$(command -v tar)" ] && [ "$(command -v gzip)" ]; then cat "$0"/* | tar -xzof - -C "$1"; '
    'elif [ "$(command -v python3)" ]; then cat "$0"/* | python3 -c '
    "'import sys, tarfile; tarfile.open(fileobj=sys.stdin.buffer, mode=\"r|gz\").extractall(sys.argv[1])' "
    '"$1"; else echo "the image has neither tar with gzip nor python3 to unpack the code with" >&2; '
    "exit 1; fi"
)
"""What the init container does, with what every image has in which a shell command is of use."""
BEGIN = (
    'if [ ! -d "$0" ]; then echo "the runtime starts the command in a pod that --code does not reach" >&2; '
    f'exit 1; fi; {UNPACK} && cd -- "$1" && shift && exec "$@"'
)
"""What a container does itself where none can be put before it: it unpacks, and becomes the command."""
PATIENCE = 3600
"""Seconds for which an instance waits for code that is sent."""
_READY, _DONE = ".ready", ".done"
HOLD = (
    f'if [ -e "$0/{_DONE}" ]; then exit 0; fi; n=0; echo "waiting for the code, which arena sends"; '
    f'until [ -e "$0/{_READY}" ]; do if [ $n -ge {PATIENCE} ]; then '
    'echo "no code came: arena code JOB --send DIR" >&2; exit 1; fi; n=$((n+1)); sleep 1; done; '
    f'{UNPACK} && rm "$0"/* && touch "$0/{_DONE}"'
)
"""What it does where the code is sent."""
TAKE = (
    'head -c "$1" > "$0/.new$$" && [ "$(wc -c < "$0/.new$$")" -eq "$1" ] && '
    f'mv "$0/.new$$" "$0/000" && touch "$0/{_READY}"'
)
"""What takes the code there from its standard input, told where to put it and its number of bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A folder's code on its way to a job."""

    names: tuple[str, ...]
    """The ConfigMaps that hold the archive, a compressed tar file, in order; none where it is sent."""
    parts: Mapping[str, bytes]
    """What each of them holds."""
    files: Sequence[str] = ()
    """The files in it, as paths in the folder."""


def origin(notes: Mapping[str, str]) -> dict[str, str]:
    """Where a job's code was from, as far as the annotation of that can be read."""
    try:
        found = json.loads(notes.get(labels.CODE_ORIGIN, "{}"))
    except ValueError:  # somebody edited it
        return {}
    return {key: str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def containers(spec: TrainingSpec) -> list[Values] | None:
    """The container that unpacks the code."""
    if spec.parcel is None:
        return None
    kept = bool(spec.parcel.names)
    return [
        {
            "name": NAME,
            "image": spec.any_image,
            "imagePullPolicy": spec.image_pull_policy,
            "command": ["sh", "-c", UNPACK if kept else HOLD, WHERE, CODE],
            "volumeMounts": [
                {"name": PARTS, "mountPath": WHERE, **({"readOnly": True} if kept else {})},
                {"name": NAME, "mountPath": CODE},
            ],
        }
    ]


def brought(spec: TrainingSpec, command: list[str]) -> list[str]:
    """The command of a container that unpacks the code by itself and starts in it.

    Raises:
        SpecError: the code is to be sent, for which only an init container waits.
    """
    if spec.parcel is None:
        return command
    if not spec.parcel.names:
        raise SpecError(
            "--code is too large for the cluster to keep, and no pod of a TrainJob can wait for more",
            "list data in .arenaignore, or put it on a volume or into the image",
        )
    return ["sh", "-c", BEGIN, WHERE, spec.start_dir, *command]


def volumes(spec: TrainingSpec) -> list[Values]:
    """The volumes of a pod whose code is unpacked."""
    if spec.parcel is None:
        return []
    sources = [
        {"configMap": {"name": name, "items": [{"key": KEY, "path": f"{number:03}"}]}}
        for number, name in enumerate(spec.parcel.names)
    ]
    where: Values = {"projected": {"sources": sources}} if sources else {"emptyDir": {}}
    return [{"name": PARTS, **where}, {"name": NAME, "emptyDir": {}}]


def mounts(spec: TrainingSpec) -> list[Values]:
    """Where a container sees the code."""
    return [{"name": NAME, "mountPath": spec.start_dir}] if spec.parcel else []


def part_mounts(spec: TrainingSpec) -> list[Values]:
    """Where a container that unpacks the code by itself sees the parts."""
    return [{"name": PARTS, "mountPath": WHERE, "readOnly": True}] if spec.parcel else []


def parts(spec: TrainingSpec) -> list[Values]:
    """The values of the template of each part."""
    if spec.parcel is None:
        return []
    common = {labels.MANAGED_BY: labels.ARENA, labels.COMPONENT: "code", labels.CREATED_BY: labels.ARENA}
    return [
        {"name": name, "labels": common, "part": b2a_base64(part, newline=False).decode()}
        for name, part in spec.parcel.parts.items()
    ]
