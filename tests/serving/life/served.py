"""Servings with real programs on the local cluster."""

import json
import shutil
import signal
import sys
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
from product import Product, quoted

MODEL = Path(__file__).with_name("models.py")


class Served(Product):
    """`arena` with servings of the program `models.py`."""

    def serve(self, name: str, version: str, *words: str, **env: str) -> str:
        """Start a serving; `env` goes to its program."""
        given = [
            word for key, value in {"ANSWER": version, **env}.items() for word in ("-e", f"{key}={value}")
        ]
        program = self.home / MODEL.name
        shutil.copy(MODEL, program)
        return self.must(
            "serve", "custom", "--name", name, "--version", version, "--image", "i", "--restful-port", "8080",
            *given, "-e", "PORT=8080", *words, quoted(sys.executable, program),
        )  # fmt: skip

    def ready(self, name: str, *words: str) -> None:
        """Wait until a serving is ready."""
        self.must("serve", "wait", name, "--timeout", "60s", *words, seconds=70)

    def get(self, name: str, *words: str) -> dict[str, Any]:
        """What `serve get -o json` prints."""
        found: dict[str, Any] = json.loads(self.must("serve", "get", name, *words, "-o", "json"))
        return found

    def programs(self, version: str = "") -> list[psutil.Process]:
        """The programs of a version, or of all."""
        found = []
        for one in self.processes(MODEL.name):
            with suppress(psutil.NoSuchProcess):  # it has just ended
                mine = one.cmdline()[1:] == [str(self.home / MODEL.name)]
                if mine and version in ("", one.environ().get("ANSWER")):
                    found.append(one)
        return found

    def answers(self) -> list[str]:
        """What the programs of all instances answer, by their environment."""
        found = []
        for one in self.programs():
            with suppress(psutil.NoSuchProcess):
                found.append(one.environ()["ANSWER"])
        return sorted(found)

    def end(self, version: str) -> None:
        """Let the programs of a version end, so that they are started again."""
        for one in self.programs(version):
            one.send_signal(signal.SIGTERM)


def answer(url: str) -> dict[str, str]:
    """What a serving answers."""
    with urllib.request.urlopen(url, timeout=10) as response:
        found: dict[str, str] = json.loads(response.read())
    return found
