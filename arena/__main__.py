"""python -m arena, and the console script."""

import gc
import os
import sys


def main() -> None:
    """Run the command line and exit with its code.

    A short command spends a tenth of its time on collecting what its imports made and on taking the
    interpreter down in order; neither is of use to its user.
    """
    gc.set_threshold(50_000, 20, 20)
    from arena.cli import run

    code = run(sys.argv[1:])
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
