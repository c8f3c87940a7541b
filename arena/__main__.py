"""python -m arena, and the console script."""

import sys


def main() -> None:
    """Run the command line and exit with its code."""
    from arena.cli import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
