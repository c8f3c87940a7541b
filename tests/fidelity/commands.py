"""Command lines for kubectl, run against both servers: exit codes, and what is printed."""

import os
import re
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import yaml

from fidelity.asks import Ask, Case
from fidelity.client import Client
from fidelity.comparison import Difference
from fidelity.samples import FOLDER
from fidelity.verdicts import Verdict

LINES = Path(__file__).with_name("commands.txt")
FILES = Path(__file__).with_name("kubectl")
KUBECTL = os.environ.get("ARENA_KUBECTL", "kubectl")
"""The kubectl that is run, 1.30 or newer."""
SPACE = f"kubectl-{os.getpid()}"
"""A namespace of this run, since the judge cannot finalise one."""
_MASKS = (
    (SPACE, "<namespace>"),
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<uid>"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "<time>"),
    (r"\w{3}, \d\d \w{3} \d{4} [\d:]+ [+-]\d{4}", "<time>"),
    (r"https?://[\w.:]+\d", "<server>"),
    (r'(resourceVersion"?:) ?"\d+"', r"\1 <version>"),
    (r"Resource Version: +\d+", "Resource Version: <version>"),
    (r"\b(127\.0\.0\.1|10\.96\.\d+\.\d+)(:\d+)?\b", "<address>"),
    (r"\b(\d+[smhd]){1,2}\b", "<age>"),
    (r"/tmp/\S*?(?=[\s:\"]|$)", "<file>"),
    (r"[ \t]+", " "),
)
"""What differs from server to server, from run to run, and as wide as that is."""
_SHAPES = [(re.compile(pattern), text) for pattern, text in _MASKS]


def lines() -> list[str]:
    """The command lines, in their order."""
    return [one for one in LINES.read_text(encoding="utf-8").splitlines() if one and one[0] != "#"]


def differences(ours: Client, theirs: Client, tally: Counter[str]) -> Iterator[Difference]:
    """Where kubectl ends otherwise, or prints something else."""
    with tempfile.TemporaryDirectory(prefix="arena-kubectl-") as name:
        runs = [_Kubectl(client, Path(name, who)) for client, who in ((ours, "a"), (theirs, "b"))]
        for line in lines():
            tally["kubectl"] += 1
            (one, text), (other, real) = (run(line) for run in runs)
            if one != other:
                case = Case(f"kubectl {line}", (Ask("kubectl", line),))
                yield Difference(case, 0, one, other, (text, real))


class _Kubectl:
    """kubectl in a folder of its own, which the namespace's manifests are copied to."""

    def __init__(self, client: Client, folder: Path) -> None:
        client.ask(Ask("POST", "/api/v1/namespaces", {"metadata": {"name": SPACE}}))
        self._folder = shutil.copytree(FILES, folder)
        shutil.copy(FOLDER / "builtin.yaml", folder)
        config = folder / "kubeconfig"
        config.write_text(yaml.safe_dump(client.kubeconfig(SPACE)), encoding="utf-8")
        self._env = {"PATH": os.environ["PATH"], "HOME": str(folder), "KUBECONFIG": str(config), "TZ": "UTC"}

    def __call__(self, line: str) -> tuple[Verdict, str]:
        """How a line ends, and all that it prints."""
        argv, more = words(line)
        done = subprocess.run(
            [KUBECTL, *argv], cwd=self._folder, env={**self._env, **more}, capture_output=True, text=True,
            stdin=subprocess.DEVNULL, timeout=100,
        )  # fmt: skip
        text = done.stdout + done.stderr
        printed = [shown for one in text.splitlines() if (shown := masked(one))]
        counted = Counter(printed)
        return Verdict(done.returncode, remarks=tuple(sorted(_numbered(counted)))), text


def _numbered(counted: Counter[str]) -> Iterator[str]:
    """Lines that occur several times, with how often."""
    for text, count in counted.items():
        yield text if count == 1 else f"{text} ({count} times)"


def masked(line: str) -> str:
    """A line without what differs from server to server."""
    for shape, text in _SHAPES:
        line = shape.sub(text, line)
    return line.strip()


def words(line: str) -> tuple[list[str], dict[str, str]]:
    """The words of a command line, and the variables in front of it."""
    more: dict[str, str] = {}
    if found := re.match(r"(\w+)=('[^']*'|\S+) (.*)", line):
        more, line = {found[1]: found[2].strip("'")}, found[3]
    split: list[str] = []
    for word in line.replace("@", "builtin.yaml").split():
        if split and _is_open(split[-1]):
            split[-1] += f" {word}"
        else:
            split.append(word)
    return split, more


def _is_open(word: str) -> bool:
    """Whether the next word still belongs to this one, as in a selector or a schedule."""
    is_set = word in ("app", "app in")
    return is_set or (word.startswith("--schedule=") and word.count(" ") < 4)
