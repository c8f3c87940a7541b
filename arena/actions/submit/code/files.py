"""The files of a folder that are code: what Git has or would add, else all, without `.arenaignore`."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from arena.actions.submit.code.git import git, origin
from arena.actions.submit.code.ignore_patterns import Ignored, rules
from arena.errors import SpecError
from arena.values import frozen

IGNORES = ".arenaignore"
LARGEST = 1 << 30
"""Maximum bytes of all code: anything larger is data."""
MOST = 200_000
"""Maximum number of files."""
JUNK = "__pycache__/\n*.pyc\n.venv/\n.hg/\n.svn/\n.ipynb_checkpoints/\n"
"""Patterns to exclude unless Git tracks the files, which are useless elsewhere."""


@frozen
class File:
    """A file or a symbolic link below the folder."""

    path: str
    """Relative to the folder, with slashes."""
    size: int
    """Bytes; 0 for a link."""
    mode: int
    """Permissions; only those of owner, group and others matter."""
    target: str = ""
    """The target of a link, relative to its own folder; "" for a file."""


@dataclass(slots=True)
class Listing:
    """The files to pack."""

    folder: str
    files: list[File] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    """Omitted links, which lead out of the folder."""
    others: list[str] = field(default_factory=list)
    """Omitted paths that are not files."""
    homes: dict[str, bool] = field(default_factory=dict, repr=False, compare=False)
    """Checked folders, and whether they are below this one."""
    origin: dict[str, str] = field(default_factory=dict)
    """The origin, as far as Git knows: `commit`, `branch`, `remote`, and `changed` files."""


def listing(folder: str) -> Listing:
    """The code in a folder, sorted by path.

    Raises:
        SpecError: there is no such folder, it cannot be read, it has no files, or far too many.
    """
    try:
        os.listdir(folder)
    except OSError as error:
        raise SpecError(f'--code: "{folder}" cannot be read: {error.strerror}', "name a folder") from error
    found = Listing(folder)
    tracked = _git_files(folder)
    paths = _walked(folder) if tracked is None else tracked
    if tracked is not None:
        found.origin.update(origin(folder))
    for path in sorted(_kept(folder, paths), key=os.fsencode):
        _add(found, path)
        if len(found.files) > MOST:
            raise SpecError(
                f'--code: "{folder}" has more than {MOST} files',
                f"name the folder of the code, or list data in {IGNORES}",
            )
    if not found.files:
        raise SpecError(
            f'--code: "{folder}" has no files',
            f"name the folder of the code; see .gitignore and {IGNORES} there",
        )
    _check_size(found)
    return found


def _add(found: Listing, path: str) -> None:
    """Add a file, unless it has disappeared or cannot be packed."""
    full = os.path.join(found.folder, path)
    if not _is_below(found, path.rpartition("/")[0]):
        found.links.append(path)
        return
    try:
        meta = os.lstat(full)
        if stat.S_ISLNK(meta.st_mode):
            target = _target(found.folder, full)
            if target:
                found.files.append(File(path=path, size=0, mode=0o777, target=target))
            else:
                found.links.append(path)
        elif stat.S_ISREG(meta.st_mode):
            found.files.append(File(path=path, size=meta.st_size, mode=meta.st_mode & 0o777))
        else:
            found.others.append(path)
    except FileNotFoundError:
        return


def _is_below(found: Listing, home: str) -> bool:
    """Whether a folder listed by Git really exists, without a link in its path.

    From a crafted repository, Git lists whatever its index contains: `../x`, `/x`, or a path behind a link.
    """
    if home not in found.homes:
        real = os.path.realpath(os.path.join(found.folder, home))
        found.homes[home] = real == os.path.join(os.path.realpath(found.folder), home).rstrip("/")
    return found.homes[home]


def _target(folder: str, link: str) -> str:
    """The target of the link, relative to its own folder; "" if that is outside of the code."""
    top, end = os.path.realpath(folder), os.path.realpath(link)
    if end != top and not end.startswith(top.rstrip("/") + "/"):
        return ""
    told = os.readlink(link)
    return told if not os.path.isabs(told) else os.path.relpath(end, os.path.realpath(os.path.dirname(link)))


def _kept(folder: str, paths: list[str]) -> Iterator[str]:
    """The paths that no `.arenaignore` excludes, without Git's own."""
    ignored = Ignored([])
    homes = {path.rpartition("/")[0] for path in paths if path.rpartition("/")[2] == IGNORES}
    if os.path.exists(os.path.join(folder, IGNORES)):
        homes.add("")
    for home in sorted(homes):
        ignored.add(rules(_text(os.path.join(folder, home, IGNORES)), home and home + "/"))
    return (path for path in paths if ".git" not in path.split("/") and not ignored.file(path))


def _text(file: str) -> str:
    if not os.path.isfile(file):
        return ""  # a pipe or a device has no end
    try:
        with open(file, encoding="utf-8", errors="surrogateescape") as opened:
            return opened.read()
    except OSError as error:
        raise SpecError(f'--code: "{file}" cannot be read: {error.strerror}', "fix or remove it") from error


def _walked(folder: str) -> list[str]:
    """Every file below a folder outside of Git, without those that `.gitignore` files exclude."""
    ignored, found = Ignored(rules(JUNK)), []

    def failed(error: OSError) -> None:
        raise SpecError(
            f'--code: "{error.filename}" cannot be read: {error.strerror}',
            f"fix this, or list the file in {IGNORES}",
        ) from error

    for place, folders, files in os.walk(folder, onerror=failed):
        below = os.path.relpath(place, folder)
        base = "" if below == "." else f"{below}/"
        if ".gitignore" in files:
            ignored.add(rules(_text(os.path.join(place, ".gitignore")), base))
        links = [one for one in folders if os.path.islink(os.path.join(place, one))]
        folders[:] = [
            one for one in folders if one not in links and one != ".git" and not ignored.folder(base + one)
        ]
        found += [base + one for one in (*files, *links) if not ignored.file(base + one)]
        if len(found) > MOST:
            break
    return found


def _git_files(folder: str) -> list[str] | None:
    """The files that Git has or would add, including nested repositories; None without a repository."""
    junk = [word for line in JUNK.split() for word in ("-x", line)]
    told = git(folder, "ls-files", "-co", "--exclude-standard", "-z", *junk)
    if told is None or (not told and git(folder, "check-ignore", "-q", ".") is not None):
        # A folder that the surrounding repository ignores does not belong to the repository.
        return None
    found = []
    for path in {os.fsdecode(one) for one in told.split(b"\0") if one}:
        full = os.path.join(folder, path)
        if os.path.isdir(full) and not os.path.islink(full):
            # A nested repository; one that was never checked out has no files.
            if not os.path.exists(os.path.join(full, ".git")):
                continue
            base = path.rstrip("/") + "/"
            found += [base + one for one in _git_files(full) or ()]
        else:
            found.append(path)
    return found


def largest(files: Sequence[File], count: int = 3) -> list[tuple[str, int]]:
    """The names directly below the folder with the most bytes, and their sizes."""
    sums: dict[str, int] = {}
    for one in files:
        top, slash, _ = one.path.partition("/")
        sums[top + slash] = sums.get(top + slash, 0) + one.size
    return sorted(sums.items(), key=lambda item: (-item[1], item[0]))[:count]


def human(size: int) -> str:
    """Format a number of bytes: `212 KB`."""
    for unit, worth in (("GB", 10**9), ("MB", 10**6), ("KB", 10**3)):
        if size >= worth:
            return f"{size / worth:.1f} {unit}" if size < 10 * worth else f"{size / worth:.0f} {unit}"
    return f"{size} byte" + "s" * (size != 1)


def named(sizes: list[tuple[str, int]]) -> str:
    """Names and sizes as a list in a sentence."""
    return ", ".join(f"{shown(name)} ({human(size)})" for name, size in sizes)


def shown(path: str) -> str:
    """A path on one line."""
    return "".join(char if char.isprintable() else "?" for char in path)


def _check_size(found: Listing) -> None:
    total = sum(one.size for one in found.files)
    if total > LARGEST:
        raise SpecError(
            f'--code: "{found.folder}" holds {human(total)}, most in {named(largest(found.files))}',
            f"the limit is 1 GB: list data in {IGNORES}, and mount it with --data",
        )


def remarks(found: Listing) -> list[str]:
    """Remarks for the user, one sentence each."""
    kept = secrets(found)
    said = {
        "--code omits links that lead out of the folder: {}": found.links,
        "--code omits what is not a file: {}": found.others,
        f"--code packs what looks like secrets: {{}}; list it in {IGNORES} unless the job needs it": kept,
    }
    return [text.format(_some(paths)) for text, paths in said.items() if paths]


def _some(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - 5} more" if len(paths) > 5 else ""
    return ", ".join(map(shown, paths[:5])) + more


def secrets(found: Listing) -> list[str]:
    """The paths that look like secrets."""
    named = [one.path for one in found.files if _is_secret(one.path.rpartition("/")[2].lower())]
    return [one for one in named if not one.endswith(".pem") or _has_key(os.path.join(found.folder, one))]


def _has_key(file: str) -> bool:
    """Whether a file contains a private key, not only certificates."""
    try:
        with open(file, "rb") as opened:
            return b"PRIVATE KEY" in opened.read(1 << 16)
    except OSError:
        return False


def _is_secret(name: str) -> bool:
    exact = {
        ".env",
        ".netrc",
        ".npmrc",
        ".pypirc",
        ".pgpass",
        "credentials",
        "credentials.json",
        "kubeconfig",
    }
    keys = ("id_rsa", "id_dsa", "id_ecdsa", "id_ed25519")
    samples = (".example", ".sample", ".template", ".pub")
    ends = (".pem", ".key", ".p12", ".pfx", ".jks", ".keystore")
    if name.endswith(samples):
        return False
    return name in exact or name in keys or name.endswith(ends) or name.startswith(".env.")
