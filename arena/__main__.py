"""python -m arena, and the console script."""

from __future__ import annotations

import gc
import os
import sys

TYPE_CHECKING = False  # as in `typing`, which is imported behind `set_threshold`
if TYPE_CHECKING:
    from sys import UnraisableHookArgs
    from types import TracebackType
    from typing import NoReturn

SIGHUP, SIGINT, SIGTERM = 1, 2, 15
"""Those of POSIX. The module `signal` makes enumerations, which takes as long as importing ten others."""


def main() -> NoReturn:
    """Run the command line and exit with its code.

    A short command would spend a tenth of its time on garbage collection during its imports and on shutting
    down the interpreter, neither of which helps its user.
    """
    gc.set_threshold(50_000, 20, 20)
    import atexit
    from contextlib import suppress

    try:
        code = _run()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except KeyboardInterrupt:
        # It came during the first imports, before anything was done.
        code = 128 + SIGINT
    # Remove keys in temporary files now.
    atexit._run_exitfuncs()
    with suppress(OSError):
        sys.stderr.flush()
    os._exit(code)


def _run() -> int:
    _complete_streams()
    if not os.path.isdir(os.path.dirname(__file__)):
        sys.stderr.write(
            f"Error: the archive {sys.argv[0]} must be unpacked to run\n"
            "Hint: install it with pip, or use an archive that unpacks itself, such as one of shiv\n"
        )
        return 1
    import gettext
    import threading

    # arena speaks English. click would look for a translation of each of its texts, which takes longer than
    # reading the command line.
    gettext.gettext = str  # type: ignore[assignment]
    sys.excepthook = _show_bug
    threading.excepthook = lambda bug: _show_bug(*bug[:3])
    sys.unraisablehook = _repeat_signal
    _handle_signals()
    from arena.cli import run

    return run(sys.argv[1:])


def _handle_signals() -> None:
    from _signal import SIG_DFL, getsignal, signal  # type: ignore[import-not-found]

    for number in (SIGTERM, SIGHUP):
        # A signal that nohup ignores stays ignored.
        if getsignal(number) == SIG_DFL:
            signal(number, _leave)


def _complete_streams() -> None:
    """Replace closed standard streams by empty ones, and let every locale show any text."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8"))
        elif mode == "w":
            stream.reconfigure(errors="backslashreplace")


def _show_bug(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    """Print a traceback, whose message may contain foreign text."""
    from traceback import format_exception

    from arena import visible

    sys.stderr.write(visible.page("".join(format_exception(kind, error, trace))))


def _repeat_signal(dropped: UnraisableHookArgs) -> None:
    """Send a signal again whose exception was dropped; report other exceptions as usual.

    Python drops the exceptions of destructors and of callbacks of weak references, and each import ends with
    such a callback: the Ctrl-C that arrives there would be lost.
    """
    error = dropped.exc_value
    if isinstance(error, KeyboardInterrupt):
        number = SIGINT
    elif isinstance(error, SystemExit) and error.code in (128 + SIGTERM, 128 + SIGHUP):
        number = int(error.code) - 128
    else:
        sys.__unraisablehook__(dropped)
        return
    import threading
    import time
    from _signal import pthread_kill

    def send() -> None:
        time.sleep(0.02)  # by then, the callback has ended; if not, this comes again
        pthread_kill(threading.main_thread().ident, number)

    threading.Thread(target=send, daemon=True).start()


def _leave(number: int, frame: object) -> NoReturn:
    """Exit in order, so that a half-created job is deleted and the terminal is restored."""
    sys.exit(128 + number)


if __name__ == "__main__":
    main()
