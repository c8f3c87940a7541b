"""Downloads a model: `python -I download.py URI FOLDER`, standard library only.

It reports its progress in lines, and ends with 1 and a line that begins with `error:` if it cannot go on. An
archive is unpacked inside the folder. For S3 and Google Cloud it calls `aws` or `gcloud`.
"""

from __future__ import annotations

import http.client
import json
import os
import posixpath
import shutil
import sys
import tarfile
import time
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Sequence
from typing import Any

SCHEMES = ("http", "https", "hf", "s3", "gs")
ARCHIVES = (".tar", ".tar.gz", ".tgz", ".zip")
CHUNK = 1 << 20
EVERY = 2.0
"""Seconds between lines about the progress."""
PATIENCE = 60.0
"""Seconds that a server may be silent."""
_TOOLS = {
    "s3": ("aws", "s3", "cp", "--recursive", "--no-progress"),
    "gs": ("gcloud", "storage", "cp", "--recursive"),
}


def say(text: str) -> None:
    """Report something, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def fetch(url: str, path: str, token: str = "") -> None:
    """Download one file; it is there under its name only when it is complete."""
    headers = {"User-Agent": "arena", **({"Authorization": f"Bearer {token}"} if token else {})}
    draft, name = f"{path}.part", posixpath.basename(path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=PATIENCE) as answer:
        size = int(answer.headers.get("Content-Length") or 0)
        with open(draft, "wb") as file:
            _copy(answer, file, name, size)
    if size and os.path.getsize(draft) != size:
        raise OSError(f"{name} ended after {os.path.getsize(draft)} of {size} bytes")
    os.replace(draft, path)
    say(f"{name}: {_amount(os.path.getsize(path))}, complete")


def _copy(answer: Any, file: Any, name: str, size: int) -> None:
    told, done = time.monotonic(), 0
    while chunk := answer.read(CHUNK):
        file.write(chunk)
        done += len(chunk)
        if time.monotonic() > told + EVERY:
            told = time.monotonic()
            say(f"{name}: {_amount(done)}" + (f" of {_amount(size)}, {100 * done // size}%" if size else ""))


def _amount(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 100_000 else f"{count} bytes"


def unpack(path: str, folder: str) -> None:
    """Unpack an archive inside the folder, and remove it; raises OSError if it leads out of the folder."""
    root = os.path.realpath(folder)
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                _check(root, name)
            archive.extractall(folder)
    else:
        with tarfile.open(path) as tar:
            for one in tar.getmembers():
                _check(root, one.name)
                if not (one.isfile() or one.isdir()):
                    raise OSError(f"the archive holds {one.name}, which is neither a file nor a folder")
            tar.extraction_filter = getattr(tarfile, "data_filter", None)  # the default of newer Pythons
            tar.extractall(folder)
    os.remove(path)


def _check(root: str, name: str) -> None:
    """Refuse a path that leads out of the folder."""
    there = os.path.realpath(os.path.join(root, name))
    if there != root and not there.startswith(root + os.sep):
        raise OSError(f"the archive holds {name}, which would be outside of its folder")


def hub(address: str, folder: str) -> None:
    """Download a repository of the Hugging Face hub: `ORG/NAME`, or `ORG/NAME:REVISION`."""
    name, _, revision = address.partition(":")
    base = os.environ.get("HF_ENDPOINT") or "https://huggingface.co"
    token = os.environ.get("HF_TOKEN", "")
    place = urllib.parse.quote(revision or "main", safe="")
    about = f"{base}/api/models/{urllib.parse.quote(name)}/revision/{place}"
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with urllib.request.urlopen(urllib.request.Request(about, headers=headers), timeout=PATIENCE) as answer:
        files = [str(one["rfilename"]) for one in json.load(answer)["siblings"]]
    for number, file in enumerate(files, 1):
        _check(os.path.realpath(folder), file)
        say(f"file {number} of {len(files)}: {file}")
        url = f"{base}/{urllib.parse.quote(name)}/resolve/{place}/{urllib.parse.quote(file)}"
        fetch(url, os.path.join(folder, file), token)


def by_tool(scheme: str, uri: str, folder: str) -> None:
    """Become the cloud's own program, which knows the user's credentials."""
    tool = _TOOLS[scheme]
    if shutil.which(tool[0]) is None:
        raise OSError(f"{scheme}:// needs the program {tool[0]}, which is not on PATH")
    os.execvp(tool[0], [*tool, uri.rstrip("/"), folder])


def download(uri: str, folder: str) -> None:
    """Download a model; raises OSError, http.client.HTTPException or ValueError."""
    scheme, _, rest = uri.partition("://")
    os.makedirs(folder, exist_ok=True)
    if scheme in _TOOLS:
        by_tool(scheme, uri, folder)
    elif scheme == "hf":
        hub(rest.strip("/"), folder)
    elif scheme in ("http", "https"):
        name = posixpath.basename(urllib.parse.unquote(urllib.parse.urlsplit(uri).path)) or "model"
        path = os.path.join(folder, os.path.basename(name))
        fetch(uri, path)
        if path.endswith(ARCHIVES):
            unpack(path, folder)
    else:
        raise ValueError(f"unknown scheme {scheme}://; there are {', '.join(SCHEMES)}")


def main(argv: Sequence[str]) -> None:
    """Download the model that the command line names."""
    uri, folder = argv
    say(f"downloading {uri}")
    try:
        download(uri, folder)
    except urllib.error.HTTPError as error:
        sys.exit(f"error: {uri}: the server answered {error.code} {error.reason}")
    except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
        sys.exit(f"error: cannot download {uri}: {getattr(error, 'reason', None) or error}")


if __name__ == "__main__":
    main(sys.argv[1:])
