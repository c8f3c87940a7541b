"""Ask Git about a folder, without running programs that the repository configures.

The author of a repository controls its `.git/config`: Git would run programs named there to watch or filter
files, as hooks, or to fetch missing objects. None of that is needed to list files.
"""

from __future__ import annotations

import os
import re
import subprocess
from urllib.parse import urlsplit

_SETTINGS = {
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "core.sshCommand": "false",
    "core.gitProxy": "false",
    "core.alternateRefsCommand": "false",
    "core.askPass": "",
    "credential.helper": "",
    "diff.external": "",
    "protocol.allow": "never",
    "safe.bareRepository": "explicit",
}
"""Overrides of the repository's settings, because Git cannot be told to ignore these."""
_ENVIRONMENT = {
    "GIT_OPTIONAL_LOCKS": "0",  # rewriting the index runs a hook
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_PAGER": "cat",
}
_FILTER = re.compile(r"filter\.(?P<name>.+)\.[^.]+", re.DOTALL)


def git(folder: str, *words: str, settings: dict[str, str] | None = None) -> bytes | None:
    """The output of a Git command for a folder; None without Git or a repository.

    Args:
        words: the command.
        settings: further settings, besides those that prevent programs from running.
    """
    # If a hook runs arena, its variables would select another repository.
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    ours = [f"{key}={value}" for key, value in (_SETTINGS | (settings or {})).items()]
    line = ["git", "--no-pager", *(word for one in ours for word in ("-c", one)), "-C", folder, *words]
    try:
        done = subprocess.run(
            line, capture_output=True, check=False, stdin=subprocess.DEVNULL, env=env | _ENVIRONMENT
        )
    except OSError:
        return None
    return None if done.returncode else done.stdout


def origin(folder: str) -> dict[str, str]:
    """The origin of the code in a folder: `commit`, `branch`, `remote` and the number of `changed` files."""
    asked = {
        "commit": ("rev-parse", "--verify", "HEAD"),
        "branch": ("symbolic-ref", "--short", "HEAD"),
        "remote": ("remote", "get-url", "origin"),
    }
    found = {
        key: (git(folder, *words) or b"").decode("utf-8", "replace").strip() for key, words in asked.items()
    }
    found["changed"] = str(len(_changed(folder)) or "")
    found["remote"] = _without_credentials(found["remote"])
    return {key: value for key, value in found.items() if value}


def _changed(folder: str) -> set[bytes]:
    """The paths in the repository that differ from the commit.

    Nested repositories are queried separately, because Git would read their settings, too.
    """
    unfiltered = _without_filters(folder)
    if unfiltered is None:
        return set()
    words = ("status", "--porcelain", "--no-renames", "--ignore-submodules=dirty", "-uall", "-z", "--", ".")
    found = {one[3:] for one in (git(folder, *words, settings=unfiltered) or b"").split(b"\0") if one}
    top = (git(folder, "rev-parse", "--show-toplevel") or b"").removesuffix(b"\n")
    for entry in (git(folder, "ls-files", "-s", "-z", "--full-name") or b"").split(b"\0"):
        about, _, path = entry.partition(b"\t")
        inner = os.fsdecode(os.path.join(top, path))
        if about.startswith(b"160000 ") and os.path.exists(os.path.join(inner, ".git")) and _changed(inner):
            found.add(path)
    return found


def _without_filters(folder: str) -> dict[str, str] | None:
    """Settings that disable all filters, which Git would run on changed files.

    None if a filter has a name that cannot be written on a command line.
    """
    told = git(folder, "config", "--name-only", "-z", "--get-regexp", r"^filter\.") or b""
    known = [_FILTER.fullmatch(os.fsdecode(key)) for key in told.split(b"\0") if key]
    names = {one["name"] for one in known if one}
    if any("=" in name or "\n" in name for name in names):
        return None
    off = {"clean": "", "process": "", "smudge": "", "required": "false"}
    return {f"filter.{name}.{key}": value for name in names for key, value in off.items()}


def _without_credentials(url: str) -> str:
    if "://" not in url:
        return url
    try:
        parts = urlsplit(url)
    except ValueError:  # Git accepts any text as an address
        return ""
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
