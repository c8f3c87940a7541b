"""Metrics that trials write to a file, where no Katib reads it: a shell around the program prints its lines.

They come with a mark, so that they are told apart from what the program prints itself, and reach this process
as output: while the trial runs, and at its end, when nothing of the pod may be left to read.
"""

import posixpath
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from arena.errors import SpecError
from arena.kinds.kind import Kind, Object
from arena.kinds.sweeps import trial_job
from arena.kinds.sweeps.spec import FILE, SweepSpec
from arena.metric_lines import finder

if TYPE_CHECKING:
    from arena.metric_lines import Value

JSON = (".json", ".jsonl", ".ndjson")
MARK = "metrics: "
NAME = "arena-metrics"
"""The name of the shell around a program, and of the volume with the file."""

# A POSIX shell alone, since nothing else is in every image. A line is written at once, so that none is torn
# by one of the program; an unfinished one waits for its end. Words of the program follow the path.
SCRIPT = f"""\
file=$1; shift; seen=0; over=
mkdir -p "${{file%/*}}"
show() {{
  [ -f "$file" ] || return 0
  now=$(wc -l < "$file"); [ -z "$over" ] || now=$((now + 1))
  [ "$now" -gt "$seen" ] || return 0
  sed -n "$((seen + 1)),${{now}}p" "$file" |
    while IFS= read -r line || [ -n "$line" ]; do printf '{MARK}%s\\n' "$line"; done
  seen=$now
}}
follow() {{
  trap 'over=1' TERM
  while [ -z "$over" ]; do show; sleep 1 > /dev/null 2>&1 & wait $!; done
  show
}}
follow & follower=$!
"$@" & program=$!
trap 'kill -TERM $program 2> /dev/null' TERM INT
wait $program; code=$?
while kill -0 $program 2> /dev/null; do wait $program; code=$?; done
kill -TERM $follower
# A program may end before the follower has set its trap.
wait $follower || {{ over=1; show; }}
exit $code
"""


def is_json(path: str) -> bool:
    """Whether a file of this name has a JSON object on each line."""
    return path.endswith(JSON)


def printed(kind: Kind, job: Object, path: str) -> dict[str, Any]:
    """The job with programs whose file is printed as it grows; its folder is a volume of each pod.

    Raises:
        SpecError: the pods of jobs of this kind are described elsewhere, or an image alone knows its program.
    """
    made: dict[str, Any] = deepcopy(dict(job))
    name = trial_job.main_container(kind, job)
    found = [
        (pod, one)
        for pod in _pods(made)
        for one in pod["containers"]
        if one.get("name") == name and one.get("command")
    ]
    if not found:
        raise SpecError(
            f"--metrics-file: without Katib, no file of a {kind.name} can be read",
            "print lines such as loss=0.1 instead, or use another kind, such as job",
        )
    for pod, one in found:
        one["command"] = ["sh", "-c", SCRIPT, NAME, path, *one["command"]]
        one.setdefault("volumeMounts", []).append({"name": NAME, "mountPath": posixpath.dirname(path)})
        if all(each["name"] != NAME for each in pod.setdefault("volumes", [])):
            pod["volumes"].append({"name": NAME, "emptyDir": {}})
    return made


def plain(node: Any) -> Any:
    """What `printed` was given, but for the volume, which the program still needs."""
    if isinstance(node, dict):
        return {key: plain(below) for key, below in node.items()}
    if isinstance(node, list):
        own = node[5:] if node[:2] == ["sh", "-c"] and node[3:4] == [NAME] else node
        return [plain(below) for below in own]
    return node


def _pods(node: Any) -> Iterator[dict[str, Any]]:
    """The specs of all pods that an object describes."""
    if isinstance(node, dict):
        if isinstance(node.get("containers"), list):
            yield node
        for below in node.values():
            yield from _pods(below)
    elif isinstance(node, list):
        for below in node:
            yield from _pods(below)


def reader(spec: SweepSpec) -> "Callable[[bytes, str], Iterator[Value]]":
    """What finds the metrics of a sweep in a line of the output of its trials."""
    names = [one.metric for one in spec.goals]
    if spec.source != FILE:
        return finder(names, [])
    find, mark = finder(names, [], is_json=is_json(spec.metrics_file)), MARK.encode()
    return lambda line, time: find(line[len(mark) :], time) if line.startswith(mark) else iter(())
