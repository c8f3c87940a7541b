"""Downloads a model before its server starts: `model_download.py URL FOLDER`.

It runs in an init container of the local cluster, by itself: it needs no package. It copies from a path, gets
files by HTTP and models of the Hugging Face hub, unpacks archives inside the folder only, and keeps what it
got in a cache, by the URL and what the server says of its version. Buckets need a client: `aws`, `gsutil` or
`gcloud`, if one is installed.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import time
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

HUB = "https://huggingface.co"
BLOCK = 1 << 20
PATIENCE = 60.0
"""Seconds without a byte after which a server is given up."""
EVERY = 2.0
"""Seconds between two lines about the progress."""
CLIENTS = {
    "s3": (("aws", "s3", "cp", "--recursive"),),
    "gs": (("gcloud", "storage", "cp", "--recursive"), ("gsutil", "-m", "cp", "-r")),
}


class Failed(Exception):
    """Why the model cannot be had, in one line."""


def main(url: str, folder: str) -> int:
    """Bring the model into the folder; return the exit code."""
    begun = time.monotonic()
    try:
        target = Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        scheme = url.partition("://")[0] if "://" in url else "file"
        _FETCHERS.get(scheme, _unknown)(url, target)
    except (Failed, OSError, EOFError, ValueError, tarfile.TarError, zipfile.BadZipFile) as error:
        _tell(f"{url}: {_words(error)}")
        return 1
    size = sum(os.path.getsize(one) for one in target.rglob("*") if os.path.isfile(one))
    _tell(f"{url}: {_amount(size)} in {time.monotonic() - begun:.1f} s")
    return 0


def _tell(line: str) -> None:
    print("".join(char if char.isprintable() else "?" for char in line), flush=True)  # noqa: T201


def _words(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"the server answers {error.code} {error.reason}"
    if isinstance(error, urllib.error.URLError):
        return f"the server cannot be reached: {error.reason}"
    return str(getattr(error, "strerror", None) or error)


def _amount(size: float) -> str:
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def _unknown(url: str, target: Path) -> None:
    raise Failed("models are not downloaded from there; use file, http, https, hf, s3 or gs")


def _copy(url: str, target: Path) -> None:
    source = Path(url.removeprefix("file://"))
    if os.path.isdir(source):
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        place = target / source.name
        shutil.copyfile(source, place)
        unpack(place, target)


def _get(url: str, target: Path) -> None:
    name = Path(urllib.parse.unquote(urllib.parse.urlsplit(url).path)).name or "model"
    place = target / name
    _cached(url, place)
    unpack(place, target)


def _hub(url: str, target: Path) -> None:
    """All files of a model of the hub."""
    name, _, revision = url.removeprefix("hf://").partition(":")
    hub = _hub_url()
    listing = f"{hub}/api/models/{name}/revision/{urllib.parse.quote(revision or 'main', safe='')}"
    with _open(listing) as answer:
        found = json.load(answer)
    if not isinstance(found, dict):
        raise Failed("the hub does not answer with a list of files")
    commit = str(found.get("sha") or revision or "main")
    for one in found.get("siblings") or ():
        path = str(one.get("rfilename") or "")
        place = _inside(target, path)
        place.parent.mkdir(parents=True, exist_ok=True)
        _cached(
            f"{hub}/{name}/resolve/{urllib.parse.quote(commit, safe='')}/{urllib.parse.quote(path)}", place
        )


def _bucket(url: str, target: Path) -> None:
    clients = CLIENTS[url.partition("://")[0]]
    for words in clients:
        if program := shutil.which(words[0]):
            done = subprocess.run([program, *words[1:], url, str(target)], check=False)
            if done.returncode:
                raise Failed(f"{words[0]} ended with {done.returncode}")
            return
    raise Failed("no client is installed: " + " or ".join(words[0] for words in clients))


_FETCHERS: Mapping[str, Callable[[str, Path], None]] = {
    "file": _copy,
    "http": _get,
    "https": _get,
    "hf": _hub,
    "s3": _bucket,
    "gs": _bucket,
}


def _open(url: str) -> IO[bytes]:
    request = urllib.request.Request(url)
    if (token := os.environ.get("HF_TOKEN")) and url.startswith(f"{_hub_url()}/"):
        # Not for the servers to which the hub redirects.
        request.add_unredirected_header("Authorization", f"Bearer {token}")
    found: IO[bytes] = urllib.request.urlopen(request, timeout=PATIENCE)
    return found


def _hub_url() -> str:
    return os.environ.get("HF_ENDPOINT", HUB).rstrip("/")


def _cached(url: str, place: Path) -> None:
    """Put what a URL names at a place, from the cache if the server has no other version."""
    kept = _cache() / hashlib.sha256(url.encode()).hexdigest()
    mark = kept.with_suffix(".version")
    with _open(url) as answer:
        version = _version(answer)
        if version and os.path.exists(kept) and os.path.exists(mark) and mark.read_text("utf-8") == version:
            _tell(f"{place.name}: cached")
        else:
            kept.parent.mkdir(parents=True, exist_ok=True)
            mark.unlink(missing_ok=True)
            _keep(answer, kept, place.name)
            mark.write_text(version, "utf-8")
    shutil.copyfile(kept, place)


def _version(answer: IO[bytes]) -> str:
    """What tells that the content is the same; "" if nothing does."""
    headers = getattr(answer, "headers", {})
    return str(headers.get("ETag") or headers.get("Last-Modified") or "")


def _cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(home) / "arena" / "models"


def _keep(answer: IO[bytes], kept: Path, name: str) -> None:
    size = int(getattr(answer, "headers", {}).get("Content-Length") or 0)
    part = kept.with_suffix(f".{os.getpid()}")
    got, said = 0, time.monotonic()
    try:
        with part.open("wb") as file:
            for block in iter(lambda: answer.read(BLOCK), b""):
                file.write(block)
                got += len(block)
                if time.monotonic() - said > EVERY:
                    said = time.monotonic()
                    _tell(f"{name}: {_amount(got)}" + (f" of {_amount(size)}" if size else ""))
        if size and got != size:
            raise Failed(f"{name} ended after {_amount(got)} of {_amount(size)}")
        os.replace(part, kept)
    finally:
        part.unlink(missing_ok=True)
    _tell(f"{name}: {_amount(got)}")


def unpack(archive: Path, folder: Path) -> None:
    """Unpack an archive inside a folder, and remove it; any other file stays as it is.

    Raises:
        Failed: a file of it would be outside of the folder, or is neither a file nor a folder.
    """
    is_zip = archive.suffix == ".zip" and zipfile.is_zipfile(archive)
    if not (is_zip or tarfile.is_tarfile(archive)):
        return
    packed = archive.rename(archive.with_name(f".{archive.name}.packed"))  # a file in it may have its name
    if is_zip:
        _unzip(packed, folder)
    else:
        with tarfile.open(packed) as opened:
            for member in opened:
                _extract(opened.extractfile(member) if member.isfile() else None, member, folder)
    packed.unlink()
    _tell(f"{archive.name}: unpacked")


def _unzip(archive: Path, folder: Path) -> None:
    with zipfile.ZipFile(archive) as opened:
        for one in opened.infolist():
            place = _inside(folder, one.filename)
            if one.filename.endswith("/"):
                place.mkdir(parents=True, exist_ok=True)
            else:
                with opened.open(one) as source:
                    _write(source, place)


def _extract(source: "IO[bytes] | None", member: tarfile.TarInfo, folder: Path) -> None:
    place = _inside(folder, member.name)
    if source is not None:
        _write(source, place)
    elif member.isdir():
        place.mkdir(parents=True, exist_ok=True)
    else:
        raise Failed(f"{member.name} in the archive is neither a file nor a folder")


def _inside(folder: Path, name: str) -> Path:
    """The place of a file in a folder; links that lead out of it count as outside."""
    place = Path(os.path.realpath(folder / name))
    if not name or not place.is_relative_to(os.path.realpath(folder)):
        raise Failed(f"{name} would be outside of {folder}")
    return place


def _write(source: IO[bytes], place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("wb") as file:
        shutil.copyfileobj(source, file, BLOCK)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
