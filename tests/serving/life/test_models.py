"""Models that are downloaded, and those that a job wrote, in real servings of the local cluster."""

import functools
import http.server
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from served import Served

SHOW = "ls $MODEL_PATH; exec python3 -m http.server --bind 127.0.0.1 --directory $MODEL_PATH $HTTP_PORT"
SERVE = ("serve", "custom", "--name", "shown", "--version", "1", "--restful-port", "8080")


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[str]:
    """The URL of a server of the folder `shelf`."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as made:
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{made.server_port}"
        made.shutdown()
        thread.join()


def test_an_archive_is_downloaded_and_unpacked(arena: Served, shelf: str, tmp_path: Path) -> None:
    """The program begins once its model is there, and the log of the download says what came."""
    (tmp_path / "weights").write_text("w")
    with tarfile.open(tmp_path / "shelf/model.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "weights", "weights")
    arena.must(*SERVE, "--model", f"{shelf}/model.tar.gz", SHOW)
    arena.ready("shown")
    assert "weights" in arena.must("serve", "logs", "shown")
    assert "model.tar.gz: unpacked" in arena.must("serve", "logs", "shown", "-c", "model-download")


def test_a_model_that_is_not_there_is_named(arena: Served, shelf: str) -> None:
    """Why a model cannot be downloaded is in the log of the container that does it."""
    arena.must(*SERVE, "--model", f"{shelf}/none.tar", SHOW)
    arena.run("serve", "wait", "shown", "--timeout", "2s")
    assert "the server answers 404" in arena.must("serve", "logs", "shown", "-c", "model-download")


def test_what_a_job_wrote_is_served(arena: Served) -> None:
    """A serving with --from-job answers with the model that the job wrote where it started."""
    words = ("--model-name", "digits", "--model-source", "out/model")
    arena.must("submit", "job", "--name", "train", *words, "mkdir -p out/model && echo m > out/model/weights")
    arena.must("wait", "train", "--timeout", "60s")
    arena.must(*SERVE, "--from-job", "train", SHOW)
    arena.ready("shown")
    assert arena.get("shown")["modelName"] == "digits"
    assert "weights" in arena.must("serve", "logs", "shown")
