"""The program that downloads models: real files, real archives, a real server."""

import http.server
import io
import json
import os
import subprocess
import sys
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from arena.local.programs import model_download

PROGRAM = model_download.__file__


class Ended(NamedTuple):
    """What the program left behind."""

    code: int
    out: str
    files: dict[str, bytes]


class Server(NamedTuple):
    """A server of files, and what it was asked for."""

    url: str
    folder: Path
    asked: list[tuple[str, str]]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    folder, asked = tmp_path / "served", []
    folder.mkdir()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: object) -> None:
            super().__init__(*args, directory=str(folder))  # type: ignore[arg-type]

        def do_GET(self) -> None:
            asked.append((self.path, self.headers.get("Authorization", "")))
            super().do_GET()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as made:
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield Server(f"http://127.0.0.1:{made.server_port}", folder, asked)
        made.shutdown()
        thread.join()


@pytest.fixture
def download(tmp_path: Path) -> Callable[..., Ended]:
    """A function that runs the program; its exit code, its output, and the files that it brought."""

    def run(url: str, target: str = "model", **env: str) -> Ended:
        folder = tmp_path / target
        done = subprocess.run(
            [sys.executable, "-I", "-S", PROGRAM, url, str(folder)],
            env={"HOME": str(tmp_path / "home"), "PATH": os.defpath, **env},
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert "Traceback" not in done.stderr, done.stderr
        files = {str(one.relative_to(folder)): one.read_bytes() for one in folder.rglob("*") if one.is_file()}
        return Ended(done.returncode, done.stdout, files)

    return run


def packed(files: dict[str, bytes], *, mode: str = "w:gz") -> bytes:
    """A tar archive."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode=mode) as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return raw.getvalue()


def test_a_folder_and_a_file_are_copied(download, tmp_path):
    """A path is copied with all that is below it, by its name and as file:// URL."""
    (tmp_path / "a/1").mkdir(parents=True)
    (tmp_path / "a/1/model.joblib").write_bytes(b"m")
    assert download(str(tmp_path / "a")).files == {"1/model.joblib": b"m"}
    assert download(f"file://{tmp_path}/a/1/model.joblib", "other").files == {"model.joblib": b"m"}


def test_a_download_says_what_it_got_and_is_cached(download, server):
    """A file comes by HTTP with its size in the log; the second time, the cache has it."""
    (server.folder / "model.onnx").write_bytes(b"x" * 5_000_000)
    first = download(f"{server.url}/model.onnx")
    assert first.code == 0
    assert "model.onnx: 5 MB" in first.out
    assert first.files["model.onnx"] == b"x" * 5_000_000
    second = download(f"{server.url}/model.onnx", "again")
    assert "model.onnx: cached" in second.out
    assert second.files == first.files


def test_a_newer_model_replaces_the_cached_one(download, server):
    """What the server has changed is downloaded again."""
    file = server.folder / "model.onnx"
    file.write_bytes(b"old")
    download(f"{server.url}/model.onnx")
    file.write_bytes(b"new")
    os.utime(file, (1, 1))
    assert download(f"{server.url}/model.onnx", "again").files == {"model.onnx": b"new"}


def test_archives_are_unpacked(download, server):
    """Archives are unpacked where the model is wanted, and are gone then; those of TorchServe stay whole."""
    (server.folder / "m.tar.gz").write_bytes(packed({"1/model.pt": b"m", "m.tar.gz": b"inner"}))
    assert download(f"{server.url}/m.tar.gz", "tar").files == {"1/model.pt": b"m", "m.tar.gz": b"inner"}
    for name in ("m.zip", "m.mar"):
        with zipfile.ZipFile(server.folder / name, "w") as archive:
            archive.writestr("1/model.pt", "m")
    assert download(f"{server.url}/m.zip", "zip").files == {"1/model.pt": b"m"}
    assert download(f"{server.url}/m.mar", "mar").files.keys() == {"m.mar"}


@pytest.mark.parametrize("name", ["../out", "/tmp/arena-out", "a/../../out"])
def test_nothing_is_unpacked_outside(download, server, tmp_path, name):
    """A file of an archive that would be outside of the folder is refused, and not written."""
    (server.folder / "m.tar").write_bytes(packed({name: b"evil"}, mode="w"))
    ended = download(f"{server.url}/m.tar")
    assert ended.code == 1
    assert "outside of" in ended.out
    assert not list(tmp_path.rglob("out"))
    assert not Path("/tmp/arena-out").exists()
    with zipfile.ZipFile(server.folder / "m.zip", "w") as archive:
        archive.writestr(name, "evil")
    assert download(f"{server.url}/m.zip", "zip").code == 1
    assert not Path("/tmp/arena-out").exists()


def test_links_in_archives_are_refused(download, server, tmp_path):
    """No link is made, so that no later file of the archive is written through it."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path)
        archive.addfile(link)
        inside = tarfile.TarInfo("link/out")
        archive.addfile(inside)
    (server.folder / "m.tar").write_bytes(raw.getvalue())
    ended = download(f"{server.url}/m.tar")
    assert ended.code == 1
    assert "neither a file nor a folder" in ended.out
    assert not (tmp_path / "out").exists()


def test_a_model_of_the_hub(download, server):
    """All files of a model come at the commit that the hub names; the token goes to the hub."""
    listing = server.folder / "api/models/org/name/revision/main"
    listing.parent.mkdir(parents=True)
    listing.write_text(
        json.dumps({"sha": "abc", "siblings": [{"rfilename": "config.json"}, {"rfilename": "a/b"}]})
    )
    for name in ("config.json", "a/b"):
        place = server.folder / "org/name/resolve/abc" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(name)
    ended = download("hf://org/name", HF_ENDPOINT=server.url, HF_TOKEN="secret")
    assert ended.files == {"config.json": b"config.json", "a/b": b"a/b"}
    assert {token for _, token in server.asked} == {"Bearer secret"}
    assert "secret" not in ended.out
    listing.write_text(json.dumps({"sha": "abc", "siblings": [{"rfilename": "../../evil"}]}))
    assert download("hf://org/name", "evil", HF_ENDPOINT=server.url).code == 1


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("/no/such/model", "No such file"),
        ("{}/missing", "the server answers 404"),
        ("http://127.0.0.1:1/model", "the server cannot be reached"),
        ("ftp://host/model", "not downloaded from there"),
        ("s3://bucket/model", "no client is installed: aws"),
        ("hf://org/none", "the server answers 404"),
    ],
)
def test_what_cannot_be_had_is_named(download, server, url, message):
    """One line says which model cannot be had, and why."""
    ended = download(url.format(server.url), HF_ENDPOINT=server.url, PATH="/none")
    assert ended.code == 1
    assert message in ended.out
    assert len(ended.out.splitlines()) == 1
