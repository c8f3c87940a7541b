"""update and rollback of files, secrets, code and ports under load, with real programs."""

import shutil
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path

import pytest
from product import quoted, until
from served import Served, answer

from arena.resources import CONFIGMAPS, DEPLOYMENTS, REPLICASETS, SECRETS, SERVICES

pytestmark = pytest.mark.long

PROGRAM = Path(__file__).with_name("reader.py")
MOUNT = "/etc/arena-reader/app.yaml"
TYPES = (DEPLOYMENTS, REPLICASETS, CONFIGMAPS, SECRETS, SERVICES)


class Requests:
    """What a serving answers to requests, one after the other."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.answers: list[dict[str, str]] = []
        self.failed: list[str] = []
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(3)]

    def _ask(self) -> None:
        while not self._ended.is_set():
            try:
                self.answers.append(answer(self.url))
            except (OSError, HTTPException) as error:
                self.failed.append(str(error))

    @contextmanager
    def under_way(self) -> Iterator["Requests"]:
        """Send requests in the block."""
        for one in self._threads:
            one.start()
        try:
            yield self
        finally:
            self._ended.set()
            for one in self._threads:
                one.join()

    def have(self, **parts: str) -> None:
        """Wait until what is answered has these parts."""
        until(lambda: parts.items() <= answer(self.url).items(), 30, f"{parts}, but {self.failed[:3]}")


def write(arena: Served, text: str) -> tuple[Path, Path]:
    """Files and code with this content: the config file, and the folder with the code."""
    file, code = arena.home / "app.yaml", arena.home / "code"
    code.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")
    shutil.copy(PROGRAM, code / "main.py")
    (code / "version.txt").write_text(text, encoding="utf-8")
    return file, code


def served(arena: Served) -> Requests:
    """A serving with two instances, a file, a secret and code, all of which say `one`."""
    file, code = write(arena, "one")
    arena.must(
        "serve", "custom", "--name", "digits", "--version", "1", "--image", "i", "--restful-port", "8080",
        "--replicas", "2", "--config-file", f"{file}:{MOUNT}", "--secret", "KEY=one", "--code", str(code),
        "-e", f"FILE={MOUNT}", "--wait", f"{quoted(sys.executable)} main.py",
    )  # fmt: skip
    return Requests(arena.get("digits")["url"])


def contents(arena: Served) -> set[str]:
    """The names of all objects that hold files, secrets or code."""
    cluster = arena.cluster()
    return {
        one["metadata"]["name"] for kind in (CONFIGMAPS, SECRETS) for one in cluster.list(kind, "default")
    }


def test_everything_under_load(arena: Served) -> None:
    """No request fails while all parts change, and during the rollback; then nothing is left."""
    requests = served(arena)
    assert answer(requests.url) == {"file": "one", "secret": "one", "code": "one", "declared": ""}
    before = contents(arena)
    file, code = write(arena, "two")
    named = ("--config-file", f"{file}:{MOUNT}", "--secret", "KEY=two", "--code", str(code))
    with requests.under_way():
        done = arena.must("serve", "update", "digits", *named, "--restful-port", "9000", "--wait", seconds=90)
        assert done == "serving digits 1 updated\nserving digits 1 ready\n"
        requests.have(file="two", secret="two", code="two")
        [endpoint] = arena.get("digits")["endpoints"]
        assert (endpoint["port"], arena.get("digits")["url"]) == (9000, requests.url)
        arena.must("serve", "rollback", "digits", "--wait", seconds=90)
        requests.have(file="one", secret="one", code="one")
    assert not requests.failed
    assert {"one", "two"} == {part["code"] for part in requests.answers}
    [endpoint] = arena.get("digits")["endpoints"]
    assert endpoint["port"] == 8080
    assert len(contents(arena)) == 2 * len(before)
    arena.must("serve", "delete", "digits")
    until(
        lambda: not [one for kind in TYPES for one in arena.cluster().list(kind, "default")], what="nothing"
    )


@pytest.mark.parametrize("part", ["file", "secret", "code"])
def test_one_part(arena: Served, part: str) -> None:
    """Each part can be changed alone; the others stay, and an instance that restarts has the new one."""
    requests = served(arena)
    file, code = write(arena, "two")
    named = {"file": ("--config-file", f"{file}:{MOUNT}"), "secret": ("--secret", "KEY=two"),
             "code": ("--code", str(code))}  # fmt: skip
    with requests.under_way():
        arena.must("serve", "update", "digits", *named[part], "--wait", seconds=90)
        requests.have(**{one: "two" if one == part else "one" for one in named})
    assert not requests.failed
    arena.must("serve", "restart", "digits", "--wait", seconds=90)
    requests.have(**{part: "two"})


def test_only_what_revisions_need_is_kept(arena: Served) -> None:
    """What no revision refers to any more is deleted; all revisions that are left can be returned to."""
    requests = served(arena)
    limit = {"spec": {"revisionHistoryLimit": 1}}
    arena.cluster().patch(DEPLOYMENTS, "default", "digits-1-custom-serving", limit)
    for text in ("two", "three", "four", "five"):
        file, _ = write(arena, text)
        arena.must("serve", "update", "digits", "--config-file", f"{file}:{MOUNT}", "--secret", f"KEY={text}",
                   "--wait", seconds=90)  # fmt: skip
        until(lambda: len(list(arena.cluster().list(REPLICASETS, "default"))) == 2, what="two revisions")
    # Of files and secrets: those of the two revisions, and of the one that went in the last update.
    assert len([one for one in contents(arena) if one.startswith("digits-1")]) == 6
    arena.must("serve", "rollback", "digits", "--wait", seconds=90)
    requests.have(file="four", secret="four")


def test_a_killed_update(arena: Served) -> None:
    """However an update is interrupted, the serving answers, and the same update can be made again."""
    requests = served(arena)
    file, code = write(arena, "two")
    named = ("--config-file", f"{file}:{MOUNT}", "--secret", "KEY=two", "--code", str(code),
             "--restful-port", "9000")  # fmt: skip
    held = contents(arena)

    def is_renumbered() -> bool:
        [port] = arena.cluster().get(SERVICES, "default", "digits-1")["spec"]["ports"]
        return bool(port["port"] == 9000)

    with requests.under_way():
        for begun in (lambda: contents(arena) != held, is_renumbered):
            updating = arena.start("serve", "update", "digits", *named)
            while not begun() and updating.poll() is None:
                pass
            updating.send_signal(signal.SIGKILL)
            updating.wait(30)
        arena.run("serve", "update", "digits", *named, "--wait", seconds=90)
        requests.have(file="two", secret="two", code="two")
    assert not requests.failed
    arena.must("serve", "delete", "digits")
    until(
        lambda: not [one for kind in TYPES for one in arena.cluster().list(kind, "default")], what="nothing"
    )
