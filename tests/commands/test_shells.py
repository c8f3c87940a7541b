"""TAB in bash, zsh and fish: each shell is driven on a terminal, and what it made of the line is run."""

import fcntl
import json
import os
import pty
import select
import shlex
import shutil
import struct
import subprocess
import termios
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pytest
from product import Product, product, until

pytestmark = pytest.mark.timeout(180)

EVIL = "eve$(touch ran)"
"""The name of a context that would run a command if the shell did not quote it."""
CONTEXTS = [
    "staging-eu", "prod", EVIL, "ti`touch ran`", "se;touch ran", "two words", "qu'o\"te", "me@cluster",
    "arn:aws:eks:1/two",
]  # fmt: skip

FILE = "zsh with a file in fpath"
STARTS = {
    "bash": ("bash", "--norc", "--noprofile"),
    "zsh": ("zsh", "-f"),
    FILE: ("zsh", "-f"),
    "fish": ("fish", "--no-config"),
}
ALIASES = "alias k=arena; alias r='arena -n research'"
COMPINIT = "autoload -Uz compinit; compinit -u -d dump"
READY = {
    "bash": f"{ALIASES}; source <(real completion bash); complete -F _arena_completion k r",
    "zsh": f"{ALIASES}; {COMPINIT}; source <(real completion zsh)",
    FILE: f"real completion zsh > _arena; fpath=($PWD $fpath); {COMPINIT}",
    "fish": f"set fish_complete_path $__fish_data_dir/completions; {ALIASES}; real completion fish | source",
}
CASES = {
    "arena sub\tpyto\t--clean-task-po\tal\tx": "submit pytorchjob --clean-task-policy All x",
    "arena submit tf --success-policy=al\t--dry-run=s\t": (
        "submit tf --success-policy=AllWorkers --dry-run=server"
    ),
    'arena submit mpi -e A=1 "python a  b" --gputop\t--mounts\t': (
        "submit mpi -e A=1 python a  b --gputopology --mounts-on-launcher"
    ),
    "arena get trai\t": "get trained",
    "arena -n rese\tget oth\t": "-n research get other",
    "arena --namespace=rese\tlogs oth\t-i oth\t": "--namespace=research logs other -i other-master-0",
    "arena -n research attach other -i mas\t": "-n research attach other -i master-0",
    "arena delete trained spoi\t": "delete trained spoiled",
    "arena wait trained --for phase=SUC\t": "wait trained --for phase=SUCCEEDED",
    "arena --kubeconfig=some-f\tlist": "--kubeconfig=some-file list",
    "arena submit job -f some-f\tx": "submit job -f some-file x",
    "arena submit job -- cat some-f\tx": "submit job -- cat some-file x",
    "arena exec trained -- cat some-f\tx": "exec trained -- cat some-file x",
    "arena --context loc\tlist": "--context local list",
    "arena completion fi\t": "completion fish",
    "arena get nothing-\t": "get nothing-",
    "k get trai\t": "get trained",
    "r get oth\t": "-n research get other",
}
NAMED = {
    "staging-": "staging-eu",
    "eve\\$": EVIL,
    '"eve': EVIL,
    "'eve": EVIL,
    "ti\\`": "ti`touch ran`",
    "se": "se;touch ran",
    "two\\ ": "two words",
    "qu": "qu'o\"te",
    "me@cl": "me@cluster",
    "arn:aws:e": "arn:aws:eks:1/two",
}
"""The beginning of a context's name, as it is typed, and the whole name."""
CASES |= {
    f"arena --kubeconfig some-file --context {begun}\tlist": f"--kubeconfig some-file --context {name} list"
    for begun, name in NAMED.items()
}
JOBS = {"trai": "trained", "spoi": "spoiled"}
PREFIXES = {
    "zsh": ["sudo arena", "env A=1 arena", "time arena"],
    "fish": ["sudo arena", "env A=1 arena", "time arena", "A=1 arena"],
}
"""What may stand before the command in shells that complete behind it by themselves."""


class Terminal:
    """A shell on a terminal of its own, in the home of the product."""

    def __init__(self, arena: Product, command: Sequence[str]) -> None:
        self.got = arena.home / "got"
        self._near, far = pty.openpty()
        fcntl.ioctl(far, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self._child = subprocess.Popen(
            command, stdin=far, stdout=far, stderr=far, cwd=arena.home, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
            env=arena.env | {
                "TERM": "xterm", "PS1": "$ ", "LC_ALL": "C.UTF-8",
                "PATH": f"{arena.home / 'bin'}:{arena.env['PATH']}",
            },
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
        """What `arena` was called with by the line, after each TAB in it has done its work."""
        self.got.unlink(missing_ok=True)
        self.type(f"{line}\r")

        def called() -> bool:
            self.look()
            return self.got.exists()

        until(called, what=f"{line!r}; on the screen: {self.shown[-2000:]!r}")
        return " ".join(self.got.read_text("utf-8").splitlines())

    def close(self) -> None:
        """End the shell."""
        self._child.kill()
        self._child.wait()
        os.close(self._near)


STAND_IN = """#!/bin/sh
[ "$_ARENA_COMPLETE" ] && exec {python} -m arena
printf '%s\\n' "$@" > {home}/part && mv {home}/part {home}/got
"""
"""An `arena` that completes as the real one does, and else only writes down its words."""


def program(path: Path, text: str) -> None:
    """Make a program."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """Jobs to complete, in two namespaces, and files."""
    home = tmp_path_factory.mktemp("home")
    (home / "some-file").write_text(json.dumps({"contexts": [{"name": one} for one in CONTEXTS]}), "utf-8")
    with product(home) as made:
        words = {"python": shlex.quote(made.python), "home": shlex.quote(str(home))}
        program(home / "bin" / "real", '#!/bin/sh\nexec {python} -m arena "$@"\n'.format(**words))
        program(home / "bin" / "arena", STAND_IN.format(**words))
        program(home / "bin" / "sudo", '#!/bin/sh\nexec "$@"\n')
        for name in ("trained", "spoiled"):
            made.must("submit", "job", "--name", name, "true")
        assert "namespace research made\n" in made.must("local", "start", "-n", "research")
        made.must("submit", "pytorchjob", "--name", "other", "-n", "research", "true", "--wait")
        yield made


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_tab(arena: Product, shell: str) -> None:
    """TAB completes commands, kinds, flags, values, jobs of the namespace on the line, contexts, and files.

    It does so for aliases and behind other commands, and quotes names, which may come from a stranger.
    """
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed: its completion is not tested")
    cases = CASES | {f"{words} get trai\t": "get trained" for words in PREFIXES.get(shell, ())}
    assert typed(arena, shell, cases) == cases
    assert not (arena.home / "ran").exists()


def test_tab_in_zsh_with_a_file(arena: Product) -> None:
    """A file in fpath is loaded at the first TAB, and completes at each."""
    if not shutil.which("zsh"):
        pytest.skip("zsh is not installed: its completion is not tested")
    cases = {f"arena get {begun}\t": f"get {name}" for begun, name in JOBS.items()}
    assert typed(arena, FILE, cases) == cases


def typed(arena: Product, shell: str, lines: Iterable[str]) -> dict[str, str]:
    """What each line becomes in a shell of its own."""
    terminal = Terminal(arena, STARTS[shell])
    try:
        terminal.type(READY[shell] + "\r")
        return {line: terminal.words(line) for line in lines}
    finally:
        terminal.close()
