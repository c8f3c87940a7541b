"""Where a model is: a path, a claim, a bucket, a hub, a URL or a job that wrote it."""

import os.path
import posixpath
import re

from arena.errors import SpecError
from arena.kinds.option_types import OptionType
from arena.kinds.validators import name, shown, subdomain, text
from arena.tuples import NamedTuple

MODELS = "/mnt/models"
"""Where models are mounted or downloaded to, as by KServe."""
SCHEMES = ("pvc", "s3", "gs", "hf", "https", "http", "job")
_HINT = (
    "write a path, or pvc://CLAIM/PATH, s3://BUCKET/PATH, gs://BUCKET/PATH, hf://ORG/NAME or job://JOB/PATH"
)
_WORD = r"[A-Za-z0-9][-A-Za-z0-9._]*"


class Location(NamedTuple):
    """Where a model is."""

    scheme: str
    """`pvc`, `s3`, `gs`, `hf`, `https`, `http`, `job`; "" for a path."""
    place: str
    """The claim, the bucket, the organization, the host or the job; "" for a path."""
    path: str
    """What follows the place and its slash, or the path itself."""

    def __str__(self) -> str:
        if not self.scheme:
            return self.path
        return f"{self.scheme}://{self.place}" + (f"/{self.path}" if self.path else "")


def read(value: object) -> Location:
    """The location that a text names.

    Raises:
        SpecError: it names none, or leaves the claim or the job that it names.
    """
    word = text(value)
    scheme, sign, rest = word.partition("://")
    if not sign:
        if not word or not word.isprintable():
            raise SpecError(f"{shown(word)} is not a path", _HINT)
        return Location("", "", word)
    place, _, path = rest.partition("/")
    if scheme not in SCHEMES or not place or not word.isprintable():
        raise SpecError(f"{shown(word)} is not the location of a model", _HINT)
    if "@" in place:
        raise SpecError(
            "the URL contains credentials, which everyone who can read the serving would see",
            "remove them, and pass them with --secret or --env-from-secret",
        )
    return _CHECKS.get(scheme, _as_it_is)(Location(scheme, place, path))


def _as_it_is(found: Location) -> Location:
    return found


def _claim(found: Location) -> Location:
    subdomain(found.place)
    path = posixpath.normpath(found.path.strip("/")) if found.path.strip("/") else ""
    if ".." in path.split("/"):
        raise SpecError(f"{shown(found)} leaves the claim", "name a path in it")
    return found._replace(path="" if path == "." else path)


def _job(found: Location) -> Location:
    name(found.place)
    if not found.path.strip("/"):
        raise SpecError(f"{shown(found)} lacks the path that the job wrote to", "write job://JOB/PATH")
    return found


def _hub(found: Location) -> Location:
    if not re.fullmatch(_WORD, found.place) or not re.fullmatch(rf"{_WORD}(:{_WORD})?", found.path):
        raise SpecError(f"{shown(found)} is not a model of the hub", "write hf://ORG/NAME")
    return found


_CHECKS = {"pvc": _claim, "job": _job, "hf": _hub}
LOCATION = OptionType(lambda value: str(read(value)) if value != "" else "", "PATH|URL")


def is_downloaded(found: Location | None, loads: tuple[str, ...]) -> bool:
    """Whether an init container downloads the model, because an engine that loads `loads` cannot."""
    return found is not None and found.scheme not in ("", "pvc", "job", *loads)


def is_mounted(found: Location | None, loads: tuple[str, ...]) -> bool:
    """Whether the model is at MODELS in the container: a part of a claim, or downloaded."""
    if found is None or found.scheme in loads:
        return False
    return found.scheme == "pvc" or is_downloaded(found, loads)


def inside(found: Location | None, loads: tuple[str, ...]) -> str:
    """What the engine is told: a path in its container, or a location that it loads from; "" for none."""
    if found is None:
        return ""
    return MODELS if is_mounted(found, loads) else str(found)


def absolute(found: Location) -> str:
    """A path of this machine, without `~` and relative parts."""
    return os.path.abspath(os.path.expanduser(found.path))
