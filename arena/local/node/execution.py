"""Makes this process a command of a container, with the environment and the settings that its run has.

Supervisors do so, and one more process in a running container: `python -I -S execution.py RUN COMMAND...`,
where RUN is the folder of the run. Standard library only.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import sys
import termios

TYPE_CHECKING = False
if TYPE_CHECKING:  # as in `supervisor`: the module typing is slow to load
    from collections.abc import Mapping
    from typing import Any, NoReturn

if __name__ == "__main__":  # as `supervisor` does
    sys.path.append(os.path.abspath(__file__).rpartition("/arena/local/node/")[0])

from arena.local import process_settings  # noqa: E402


def become(spec: Mapping[str, Any], argv: list[str], env: Mapping[str, str]) -> NoReturn:
    """Execute a command as the run's spec (`spec.json`) says, in the place of this program.

    Raises:
        OSError: the command or its folder cannot be used.
        ValueError: a NUL is in a word or a variable.
    """
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_DFL)  # also what the server's starter had ignored
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    process_settings.take(spec.get("process") or process_settings.usual())
    os.chdir(spec["cwd"])
    os.execvpe(argv[0], argv, env)


def main(run: str, argv: list[str]) -> int:
    """Execute one more command in the container; the exit code if that fails, which is said on stderr."""
    try:
        with open(f"{run}/spec.json") as file:
            spec = json.load(file)
        env = spec["env"]
        if os.isatty(0):
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # so that Ctrl-C reaches the command
            env = {"TERM": "xterm", **env}
        become(spec, argv, env)
    except (OSError, ValueError) as error:
        text = getattr(error, "strerror", None) or error
        os.write(2, f"{argv[0]}: {text}\n".encode(errors="replace"))
        return 127 if isinstance(error, FileNotFoundError) else 126


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:] or [""]))
