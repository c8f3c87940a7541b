"""The guardian of one container: `python -I -S supervisor.py <run folder>`, standard library only.

It outlives the server. It reads `spec.json` (argv, env, cwd, process, stdin, stdin_once, tty, log_bytes,
log_files), runs the command in a new session, and records everything in files:

- `pid`   JSON {pid, start, supervisor, supervisor_start, boot, started}, once the command runs
- `log`   `<RFC 3339 with nanoseconds> stdout|stderr F|P <text>` a line, with strictly rising times;
          `node F <text>` tells of lost output; older ones are `log.1` and `log.2`
- `lost`  a line about output lost at the end of the log for lack of room; blank if none was lost
- `stdin` a named pipe, when asked for
- `unfinished`  the unfinished last line, while there is one
- `exit`  JSON {code, signal, finished, reason, message}, complete or absent, when all is over
- `lock`  flocked for life: whoever can lock it knows that no supervisor runs

It has the server started again if that was killed together with the proxy (`server_watch`).

The started process returns when `pid` or `exit` exists. Whatever descends from the command
is killed when the command itself ends, as with a container.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import pty
import selectors
import sys
import termios
import time

TYPE_CHECKING = False
if TYPE_CHECKING:  # the module typing is half of what a supervisor would load, and dataclasses the other
    from typing import Any

# Isolated mode knows no site-packages; appended, so that nothing there can shadow the standard library.
sys.path.append(os.path.abspath(__file__).rpartition("/arena/local/node/")[0])

from arena import operating_system  # noqa: E402
from arena.local.node import execution  # noqa: E402
from arena.local.node.output import Log, Output  # noqa: E402
from arena.local.node.reaper import Reaper  # noqa: E402
from arena.local.node.server_watch import ServerWatch  # noqa: E402
from arena.local.node.stdin import StdinPipe  # noqa: E402


class Pipes:
    """The command's three descriptors, and our ends: (descriptor, stream) of outputs, and of its input."""

    def __init__(
        self, child: tuple[int, int, int], outputs: list[tuple[int, bytes]], stdin: int | None, terminal: bool
    ) -> None:
        self.child = child
        self.outputs = outputs
        self.stdin = stdin
        self.terminal = terminal

    def given(self) -> None:
        """Close the descriptors that the command has now."""
        for fd in set(self.child):
            os.close(fd)


def pipes(spec: dict[str, Any]) -> Pipes:
    """Open the descriptors of the command as its spec requests."""
    if spec.get("tty"):
        ours, theirs = pty.openpty()
        keep = ours if spec.get("stdin") else None
        return Pipes((theirs, theirs, theirs), [(ours, b"stdout")], keep, True)
    out, out_w = os.pipe()
    err, err_w = os.pipe()
    stdin, feed = os.pipe() if spec.get("stdin") else (os.open(os.devnull, os.O_RDONLY), None)
    return Pipes((stdin, out_w, err_w), [(out, b"stdout"), (err, b"stderr")], feed, False)


def keep(path: str, value: dict[str, Any]) -> None:
    """Write a JSON file atomically, even if the power fails."""
    fd = os.open(path + ".new", os.O_WRONLY | os.O_CREAT, 0o600)
    text = json.dumps(value).encode()
    os.write(fd, text)
    os.ftruncate(fd, len(text))
    os.fsync(fd)
    os.close(fd)
    os.rename(path + ".new", path)


def reserve(path: str) -> None:
    """Reserve the disk space of a file, so that a full disk cannot lose the result."""
    fd = os.open(path + ".new", os.O_WRONLY | os.O_CREAT, 0o600)
    os.write(fd, b" " * 4096)
    os.close(fd)


def execute(spec: dict[str, Any], pipe: Pipes, failed: int) -> None:
    """In the forked child: execute the command; a failure is reported through the pipe `failed`."""
    try:
        os.setsid()
        for number, fd in enumerate(pipe.child):
            os.dup2(fd, number)
        if pipe.terminal:
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        execution.become(spec, spec["argv"], spec["env"])
    except OSError as error:
        os.write(failed, json.dumps([error.errno, os.strerror(error.errno or 0)]).encode())
    except (ValueError, UnicodeError) as error:
        os.write(failed, json.dumps([errno.EINVAL, str(error)]).encode())
    finally:
        os._exit(127)


def spawn(spec: dict[str, Any], pipe: Pipes) -> tuple[int, list[Any] | None]:
    """Fork and execute; return the process id, and [errno, text] if the command could not be executed."""
    told, failed = os.pipe()
    pid = os.fork()
    if pid == 0:
        execute(spec, pipe, failed)
    os.close(failed)
    pipe.given()
    answer = b""
    while part := os.read(told, 4096):
        answer += part
    os.close(told)
    return pid, json.loads(answer) if answer else None


def refusal(spec: dict[str, Any], why: list[Any]) -> dict[str, Any]:
    """The `exit` record of a command that could not be executed."""
    code = 127 if why[0] == errno.ENOENT else 126
    text = "executable file not found in $PATH" if code == 127 else str(why[1]).lower()
    message = f'exec: "{spec["argv"][0]}": {text}'
    return {"code": code, "signal": 0, "reason": "ContainerCannotRun", "message": message}


def supervise(spec: dict[str, Any], ready: int, forked: float) -> None:
    """Run the command until it exits; `ready` is closed once its `pid` or `exit` file exists."""
    log = Log("log", spec.get("log_bytes", 10 << 20), spec.get("log_files", 3))
    reserve("exit")
    reserve("pid")
    pipe = pipes(spec)
    if spec.get("stdin") and not os.path.exists("stdin"):
        os.mkfifo("stdin", 0o600)
    started = time.time()
    selector = operating_system.selector()
    pid, why = spawn(spec, pipe)
    if why:
        keep("exit", {**refusal(spec, why), "started": started, "finished": time.time()})
        return
    # The run's folder is pods/POD/containers/CONTAINER/NUMBER of the state folder.
    reaper = Reaper(pid, selector, ServerWatch(os.path.abspath("../../../../..")))
    if pipe.stdin is not None:  # before the command is reported to run, and the other end is opened
        feed = StdinPipe("stdin", pipe.stdin, bool(spec.get("stdin_once")), pipe.terminal)
        feed.begin(selector)
    keep("pid", record(pid, started, forked))
    os.close(ready)
    outputs = [Output(fd, stream, log) for fd, stream in pipe.outputs]
    for output in outputs:
        selector.register(output.fd, selectors.EVENT_READ, output)
    status = reaper.serve(outputs)
    reaper.clear()
    for output in outputs:
        output.close()
    log.close()
    keep("exit", {**ending(status), "started": started, "finished": time.time()})


def record(pid: int, started: float, forked: float) -> dict[str, Any]:
    """The `pid` file's content."""
    me = os.getpid()
    return {
        "pid": pid,
        "start": operating_system.start_time(pid, started),
        "supervisor": me,
        "supervisor_start": operating_system.start_time(me, forked),
        "boot": operating_system.boot_id(),
        "started": started,
    }


def ending(status: int) -> dict[str, Any]:
    """Return a wait status as an `exit` record: a signal becomes code 128 + signal."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        return {"code": 128 + number, "signal": number, "reason": "Error", "message": ""}
    code = os.WEXITSTATUS(status)
    return {"code": code, "signal": 0, "reason": "Error" if code else "Completed", "message": ""}


def detach() -> int:
    """Detach from the parent and its terminal; return a descriptor to close when ready."""
    ready, done = os.pipe()
    if os.fork():
        os.close(done)
        os.read(ready, 1)  # returns when the other end is closed
        os._exit(0)
    os.close(ready)
    os.setsid()
    if os.fork():
        os._exit(0)
    null = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(null, number)
    return done


def main(folder: str) -> None:
    """Supervise the run in this folder, unless it has a supervisor or has ended."""
    os.chdir(folder)
    ready, forked = detach(), time.time()
    lock = os.open("lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    if os.path.exists("exit") or os.path.exists("pid"):
        return
    with open("spec.json") as file:
        spec = json.load(file)
    operating_system.adopt_orphans()
    supervise(spec, ready, forked)


if __name__ == "__main__":
    main(sys.argv[1])
