"""python -m arena, and the console script."""

import atexit
import gc
import os
import signal
import sys
from contextlib import suppress
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line and exit with its code.

    A short command spends a tenth of its time on collecting what its imports made and on taking the
    interpreter down in order; neither is of use to its user.
    """
    gc.set_threshold(50_000, 20, 20)
    try:
        code = _run()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except KeyboardInterrupt:
        # It came while the first modules were read, before anything was done.
        code = 128 + signal.SIGINT
    # Keys that were put into temporary files go now.
    atexit._run_exitfuncs()
    with suppress(OSError):
        sys.stderr.flush()
    os._exit(code)


def _run() -> int:
    _complete_streams()
    for number in (signal.SIGTERM, signal.SIGHUP):
        # What nohup ignores stays ignored.
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _leave)
    from arena.cli import run

    return run(sys.argv[1:])


def _complete_streams() -> None:
    """Give a program that was started with closed streams empty ones, and let odd locales show any text."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8"))
        elif mode == "w":
            stream.reconfigure(errors="backslashreplace")


def _leave(number: int, frame: object) -> NoReturn:
    """End in order, so that a half-made job is taken back and the terminal is as it was."""
    sys.exit(128 + number)


if __name__ == "__main__":
    main()
