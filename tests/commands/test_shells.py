"""TAB in bash, zsh and fish: each shell is driven on a terminal, and what it made of the line is run."""

import fcntl
import os
import pty
import select
import shutil
import struct
import subprocess
import termios
from collections.abc import Iterator

import pytest
from product import Product, product, until

pytestmark = pytest.mark.timeout(180)

STARTS = {
    "bash": ("bash", "--norc", "--noprofile"),
    "zsh": ("zsh", "-f"),
    "fish": ("fish", "--no-config"),
}
READY = {
    "bash": "arena() { printf '%s\\n' \"$@\" > part; mv part got; }; source <(command arena completion bash)",
    "zsh": "arena() { printf '%s\\n' \"$@\" > part; mv part got }; "
    "autoload -Uz compinit; compinit -u -d dump; source <(command arena completion zsh)",
    "fish": "function arena; printf '%s\\n' $argv > part; mv part got; end; "
    "command arena completion fish | source",
}
"""The shell's own `arena` only writes down its words; that of the script is the real one.

Bash and fish write word by word: the file gets its name when all are in it.
"""
CASES = {
    "sub\tpyto\t--clean-task-po\tal\tx": "submit pytorchjob --clean-task-policy All x",
    "submit tf --success-policy=al\t--dry-run=s\t": "submit tf --success-policy=AllWorkers --dry-run=server",
    'submit mpi -e A=1 "python a  b" --gputop\t--mounts\t': (
        "submit mpi -e A=1 python a  b --gputopology --mounts-on-launcher"
    ),
    "get trai\t": "get trained",
    "-n rese\tget oth\t": "-n research get other",
    "--namespace=rese\tlogs oth\t-i oth\t": "--namespace=research logs other -i other-master-0",
    "-n research attach other -i mas\t": "-n research attach other -i master-0",
    "delete trained spoi\t": "delete trained spoiled",
    "wait trained --for phase=SUC\t": "wait trained --for phase=SUCCEEDED",
    "--kubeconfig=some-f\tlist": "--kubeconfig=some-file list",
    "submit job -f some-f\tx": "submit job -f some-file x",
    "--context loc\tlist": "--context local list",
    "--kubeconfig some-file --context staging-\tlist": "--kubeconfig some-file --context staging-eu list",
    "completion fi\t": "completion fish",
    "get nothing-\t": "get nothing-",
}


class Terminal:
    """A shell on a terminal of its own, in the home of the product."""

    def __init__(self, arena: Product, shell: str) -> None:
        self.got = arena.home / "got"
        self._near, far = pty.openpty()
        fcntl.ioctl(far, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self._child = subprocess.Popen(
            STARTS[shell], stdin=far, stdout=far, stderr=far, cwd=arena.home, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
            env=arena.env | {"TERM": "xterm", "PS1": "$ ", "LC_ALL": "C.UTF-8"},
        )  # fmt: skip
        os.close(far)
        self.shown = b""

    def type(self, text: str) -> None:
        """Type it, and read what the shell shows meanwhile: a full terminal would stop it."""
        os.write(self._near, text.encode())
        self.look()

    def look(self) -> None:
        """Read what is shown now."""
        while select.select([self._near], [], [], 0)[0]:
            self.shown += os.read(self._near, 65536)

    def words(self, line: str) -> str:
        """What `arena LINE` was called with, after each TAB in the line has done its work."""
        self.got.unlink(missing_ok=True)
        self.type(f"arena {line}\r")

        def called() -> bool:
            self.look()
            return self.got.exists()

        until(called, what=f"arena {line!r}; on the screen: {self.shown[-2000:]!r}")
        return " ".join(self.got.read_text("utf-8").splitlines())

    def close(self) -> None:
        """End the shell."""
        self._child.kill()
        self._child.wait()
        os.close(self._near)


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """Jobs to complete, in two namespaces, and files."""
    home = tmp_path_factory.mktemp("home")
    (home / "some-file").write_text("contexts: [{name: staging-eu}, {name: prod}]\n", encoding="utf-8")
    with product(home) as made:
        for name in ("trained", "spoiled"):
            made.must("submit", "job", "--name", name, "true")
        assert "namespace research made\n" in made.must("local", "start", "-n", "research")
        made.must("submit", "pytorchjob", "--name", "other", "-n", "research", "true", "--wait")
        yield made


@pytest.mark.parametrize("shell", STARTS)
def test_tab(arena: Product, shell: str) -> None:
    """TAB completes commands, kinds, flags, values, jobs of the namespace on the line, and files."""
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed: its completion is not tested")
    terminal = Terminal(arena, shell)
    try:
        terminal.type(READY[shell] + "\r")
        made = {line: terminal.words(line) for line in CASES}
    finally:
        terminal.close()
    assert made == CASES
