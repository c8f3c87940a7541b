"""Validators of text: names, paths, labels, images and other strings that options hold.

Each function takes a value from a flag or a job file and returns it as text, or raises a SpecError that
describes the allowed values.
"""

import re

from arena import accelerators
from arena.errors import SpecError

# These are compiled at their first use: most commands use few of them.
_NAME = r"[a-z]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
_KEY = r"[-._a-zA-Z0-9]{1,253}"
_ENV = r"[-._a-zA-Z][-._a-zA-Z0-9]*"
_PART = r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_TERM = (
    r"(?P<key>[^\s=!<>(),]+)"
    r"(?:\s*(?:==?|!=|<|>)\s*(?P<value>[^\s=!<>(),]*)|\s+(?:in|notin)\s*\((?P<values>[^()]*)\))?"
    r"|!\s*(?P<absent>[^\s=!<>(),]+)"
)

LONGEST = 63
"""Maximum length of a host name or a label's value, and so of the names of Services, jobs and pods."""


def shown(value: object) -> str:
    """Quote a value for messages: on one line, not too long."""
    text = value if isinstance(value, str) else str(value)
    text = "".join(char if char.isprintable() else "?" for char in text)
    return f'"{text[:80]}..."' if len(text) > 80 else f'"{text}"'


def text(value: object) -> str:
    """Text; numbers and booleans of a job file become the text of a flag."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if not isinstance(value, str):
        raise SpecError(f"{shown(value)} is not text", "give one piece of text")
    if "\0" in value or any("\ud800" <= char <= "\udfff" for char in value):
        raise SpecError(
            f"{shown(value)} has characters that cannot be passed to a program", "use UTF-8 without NUL"
        )
    return value


def name(value: object, noun: str = "job") -> str:
    """The name of a workload, which also names Services; its maximum length depends on the kind."""
    word = text(value)
    if not re.fullmatch(_NAME, word):
        raise SpecError(
            f"{shown(word)} cannot name a {noun}",
            "use a-z, 0-9 and -, beginning with a letter and not ending with -",
        )
    return word


def image(value: object) -> str:
    """The reference of a container image: one word; "" means none."""
    word = text(value)
    # Otherwise, a pod with a URL, or without a name or tag, would fail minutes later.
    if not word.isprintable() or " " in word or "://" in word or word[-1:] in (":", "/", "@"):
        raise SpecError(f"{shown(value)} is not the name of an image", "write it like registry/name:tag")
    return word


def subdomain(value: object) -> str:
    """The name of an object that need not be a host name: a Secret, a claim, a class."""
    word = text(value)
    if word and (len(word) > 253 or not re.fullmatch(_SUBDOMAIN, word)):
        raise SpecError(f"{shown(word)} is not a valid name", "use a-z, 0-9, - and .")
    return word


def object_name(value: object) -> str:
    """The name of an object in a list: like a subdomain, but not empty."""
    word = subdomain(value)
    if not word:
        raise SpecError("a name is empty", "give a name, or omit the option")
    return word


def queue(value: object) -> str:
    """The name of a queue, which must also be a valid label; "" means none."""
    word = subdomain(value)
    if len(word) > LONGEST:
        raise SpecError(f"{shown(word)} is not a valid name", f"use at most {LONGEST} of a-z, 0-9, - and .")
    return word


def source(value: object) -> str:
    """The source of code: a path or a URL, visible to everyone who can read the job."""
    word = text(value)
    if re.match(r"[a-z+]+://[^/@]*:[^/@]*@", word):
        raise SpecError(
            "its URL contains a password, which everyone who can read the job would see",
            "remove it, and pass GIT_SYNC_PASSWORD (or RSYNC_PASSWORD) with --secret or --env-from-secret",
        )
    return word


def secret_key(word: str) -> str:
    """A key of a Secret."""
    if not re.fullmatch(_KEY, word) or word == "." or word.startswith(".."):
        raise SpecError(f"{shown(word)} cannot be a key of a Secret", "use letters, digits, -, _ and .")
    return word


def path(value: object) -> str:
    """An absolute path other than the root."""
    word = text(value)
    if not word.startswith("/") or not word.strip("/") or ":" in word or ".." in word.split("/"):
        raise SpecError(f"{shown(word)} is not an absolute path below /", "write it like /data")
    return word


def directory(value: object) -> str:
    """A folder of this machine, by any path."""
    word = text(value)
    if not word:
        raise SpecError("it is empty", "name a folder, such as .")
    return word


def env_name(word: str) -> str:
    """The name of an environment variable."""
    if not re.fullmatch(_ENV, word) or word in (".", ".."):
        raise SpecError(f"{shown(word)} cannot name an environment variable", "use letters, digits and _")
    return word


def qualified_name(word: str) -> str:
    """The key of a label or annotation: `[prefix/]name`."""
    prefix, slash, last = word.rpartition("/")
    wrong = slash and (len(prefix) > 253 or not re.fullmatch(_SUBDOMAIN, prefix))
    if wrong or not re.fullmatch(_PART, last):
        raise SpecError(f"{shown(word)} is not a valid key", "write it as name or example.com/name")
    return word


def label(value: object) -> str:
    """The value of a label: at most 63 letters, digits and `-_.`, or nothing."""
    word = text(value)
    if word and not re.fullmatch(_PART, word):
        raise SpecError(
            f"{shown(word)} is not a valid value of a label", "use at most 63 of a-z, 0-9, -, _ and ."
        )
    return word


def selector(value: object) -> str:
    """A selector of labels, as the API takes it: `a=b,c!=d,!e,f in (g,h)`; "" selects everything."""
    word = text(value)
    for part in re.split(r",(?![^(]*\))", word) if word.strip() else ():
        found = re.fullmatch(_TERM, part.strip())
        if not found:
            raise SpecError(
                f"{shown(part)} is not a label selector", "write it like team=vision,stage!=test,!old"
            )
        qualified_name(found["key"] or found["absent"])
        for one in (found["value"] or "", *(found["values"] or "").split(",")):
            label(one.strip())
    return word


def device(word: str) -> str:
    """The name of an extended resource other than the GPUs that --gpus counts."""
    if word == accelerators.NVIDIA:
        raise SpecError(f"{word} is counted by --gpus", "use --gpus N")
    if "/" not in word:
        raise SpecError(f"{shown(word)} lacks a vendor", "write it like amd.com/gpu=1")
    return qualified_name(word)


def program(value: object) -> str:
    """The name of a program, without arguments."""
    word = text(value)
    if not re.fullmatch(r"/?[A-Za-z0-9_][-A-Za-z0-9_./+]*", word):
        raise SpecError(
            f"{shown(value)} is not the name of a program", "name one without arguments, such as bash"
        )
    return word
