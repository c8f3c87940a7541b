"""Runs in a container: prints the stacks of its Python processes as JSON.

It is sent to the container's own Python, 3.7 or newer, and uses the standard library only. It reads /proc,
and asks py-spy if that is installed. Unless it is told a signal, it changes nothing.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MOST = 128
"""Number of processes to look at."""
DEPTH = 200
"""Number of frames to report of a thread."""
PATIENCE = 20
"""Seconds to wait for py-spy."""
APART = 0.3
"""Seconds between the signals to two processes, so that their stacks follow one another in the log."""
MARKS = ("ARENA_POD_UID", "ARENA_CONTAINER")
"""Variables that mark the processes of a container where it has no process namespace of its own."""
RANKS = ("RANK", "LOCAL_RANK", "OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK", "SLURM_PROCID")
SENTINEL = "arena-stacks-probe"


def text(path: str) -> str:
    """The content of a file in /proc; "" if it cannot be read."""
    try:
        with open(path, "rb") as file:
            return file.read(1 << 20).decode("utf-8", "replace")
    except OSError:
        return ""


def variables(pid: int) -> dict[str, str]:
    """The environment that a process began with, as far as it is needed."""
    found = {}
    for part in text(f"/proc/{pid}/environ").split("\0"):
        name, _, value = part.partition("=")
        if name in RANKS or name in MARKS:
            found[name] = value[:100]
    return found


def is_python(pid: int, words: list[str]) -> bool:
    """Whether a process runs Python: its program, or the library that it has loaded, is called so."""
    try:
        program = os.path.basename(os.readlink(f"/proc/{pid}/exe"))
    except OSError:
        program = os.path.basename(words[0]) if words else ""
    return bool(re.match(r"(python|pypy)", program)) or "libpython" in text(f"/proc/{pid}/maps")


def script(words: list[str]) -> str:
    """What a process is called by: the name of its script or module, without other arguments."""
    for place, word in enumerate(words[1:], 1):
        if word in ("-m", "-c"):
            return word if word == "-c" else " ".join(words[place : place + 2])[:80]
        if not word.startswith("-"):
            return os.path.basename(word)[:80]
    return os.path.basename(words[0])[:80] if words else ""


def processes() -> list[dict[str, Any]]:
    """The Python processes of this container, the oldest first."""
    own, group = variables(os.getpid()), text("/proc/self/cgroup")
    mine = {name: own[name] for name in MARKS if name in own}
    found: list[dict[str, Any]] = []
    for pid in sorted(int(name) for name in os.listdir("/proc") if name.isdigit()):
        words = text(f"/proc/{pid}/cmdline").rstrip("\0").split("\0")
        if pid == os.getpid() or len(found) == MOST or any(SENTINEL in word for word in words):
            continue
        env = variables(pid)
        if any(env.get(name) != value for name, value in mine.items()):
            continue
        if text(f"/proc/{pid}/cgroup") != group or not is_python(pid, words):
            continue
        status = dict(re.findall(r"^(\w+):\s*(.*)$", text(f"/proc/{pid}/status"), re.M))
        found.append({
            "pid": pid,
            "parent": int(status.get("PPid") or 0),
            "program": script(words),
            "ranks": {name: env[name] for name in RANKS if name in env},
            "state": status.get("State", "")[:40],
            "waits": text(f"/proc/{pid}/wchan").strip("0\n")[:80],
            "tasks": int(status.get("Threads") or 0),
            "caught": status.get("SigCgt", "0"),
        })  # fmt: skip
    return found


def spy() -> str:
    """The path of py-spy: in PATH, or beside the Python of this program or of process 1."""
    folders = [os.path.dirname(sys.executable)]
    with suppress(OSError):
        folders.append(os.path.dirname(os.readlink("/proc/1/exe")))
    return shutil.which("py-spy") or shutil.which("py-spy", path=os.pathsep.join(folders)) or ""


def dump(tool: str, pid: int) -> dict[str, Any]:
    """The threads of a process as py-spy reports them, or why it does not."""
    command = [tool, "dump", "--json", "--pid", str(pid)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=PATIENCE)
        threads = json.loads(done.stdout.decode("utf-8", "replace")) if not done.returncode else None
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        return {"error": str(error)[:300]}
    if threads is None:
        return {"error": done.stderr.decode("utf-8", "replace").strip()[:300] or "py-spy failed"}
    return {"threads": [{"name": one.get("thread_name") or "", "frames": frames(one)} for one in threads]}


def frames(thread: dict[str, Any]) -> list[list[Any]]:
    """The frames of a thread, the innermost first."""
    return [[one["name"], one["filename"], one["line"]] for one in thread["frames"][:DEPTH]]


def signalled(one: dict[str, Any], number: int) -> dict[str, Any]:
    """Send a process a signal that it handles; any other would end it."""
    if not int(one["caught"], 16) >> (number - 1) & 1:
        return {"error": "it does not handle the signal, which would end it"}
    try:
        os.kill(one["pid"], number)
    except OSError as error:
        return {"error": str(error)}
    time.sleep(APART)
    return {"signalled": True}


def main(number: int) -> None:
    """Print what was found.

    Args:
        number: the signal for which faulthandler is registered; 0 to use py-spy.
    """
    if not os.path.isdir("/proc/self"):
        print(json.dumps({"error": "there is no /proc"}))  # noqa: T201
        return
    began, found, tool = time.time(), processes(), spy()
    if number:
        found = [{**one, **signalled(one, number)} for one in found]
    elif tool:
        with ThreadPoolExecutor(4) as threads:
            dumps = threads.map(lambda one: dump(tool, one["pid"]), found)
            found = [{**one, **dumped} for one, dumped in zip(found, dumps)]  # noqa: B905
    print(json.dumps({"processes": found, "spy": bool(tool), "began": began}))  # noqa: T201
