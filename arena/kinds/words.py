"""Words: text as it was given, and what may be called what.

A function takes a value as a flag or a job file gave it and returns the word, or raises a SpecError
that says what is allowed.
"""

import re

from arena.errors import SpecError

_NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")
_ENV = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")
_PART = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_TERM = re.compile(
    r"(?P<key>[^\s=!<>(),]+)"
    r"(?:\s*(?:==?|!=|<|>)\s*(?P<value>[^\s=!<>(),]*)|\s+(?:in|notin)\s*\((?P<values>[^()]*)\))?"
    r"|!\s*(?P<absent>[^\s=!<>(),]+)"
)

LONGEST = 63
"""Characters of a host name, of a label's value and of whatever becomes one: a Service, a job, a pod."""


def shown(value: object) -> str:
    """A value as messages quote it: on one line, not too long."""
    text = value if isinstance(value, str) else str(value)
    text = "".join(char if char.isprintable() else "?" for char in text)
    return f'"{text[:80]}..."' if len(text) > 80 else f'"{text}"'


def text(value: object) -> str:
    """Text; numbers and booleans of a job file become what a flag would have said."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if not isinstance(value, str):
        raise SpecError(f"{shown(value)} is not text", "give one piece of text")
    if "\0" in value or any("\ud800" <= char <= "\udfff" for char in value):
        raise SpecError(
            f"{shown(value)} has characters that no program can be given", "use UTF-8 without NUL"
        )
    return value


def name(value: object) -> str:
    """The name of a job, which also names Services; how long it may be is its kind's to say."""
    word = text(value)
    if not _NAME.fullmatch(word):
        raise SpecError(
            f"{shown(word)} cannot name a job",
            "use a-z, 0-9 and -, with a letter first and no - at the end",
        )
    return word


def image(value: object) -> str:
    """The reference of a container image: one word; "" means none."""
    word = text(value)
    # A URL, and a tag or a name that is missing, are what a pod would be refused for minutes later.
    if not word.isprintable() or " " in word or "://" in word or word[-1:] in (":", "/", "@"):
        raise SpecError(f"{shown(value)} is not the name of an image", "write it like registry/name:tag")
    return word


def subdomain(value: object) -> str:
    """The name of an object that need not be a host name: a Secret, a claim, a class."""
    word = text(value)
    if word and (len(word) > 253 or not _SUBDOMAIN.fullmatch(word)):
        raise SpecError(f"{shown(word)} is not a valid name", "use a-z, 0-9, - and .")
    return word


def one_object(value: object) -> str:
    """The name of an object in a list of them: like a subdomain, but not missing."""
    word = subdomain(value)
    if not word:
        raise SpecError("a name is empty", "name one, or leave the option away")
    return word


def queue(value: object) -> str:
    """The name of a queue: an object's that is told in a label; "" means none."""
    word = subdomain(value)
    if len(word) > LONGEST:
        raise SpecError(f"{shown(word)} is not a valid name", f"use at most {LONGEST} of a-z, 0-9, - and .")
    return word


def source(value: object) -> str:
    """Where code is fetched from: a path or a URL, which everybody sees who may read the job."""
    word = text(value)
    if re.match(r"[a-z+]+://[^/@]*:[^/@]*@", word):
        raise SpecError(
            "its URL has a password, which all who may read the job would see",
            "leave it out, and give GIT_SYNC_PASSWORD (or RSYNC_PASSWORD) with --secret or --env-from-secret",
        )
    return word


def secret_key(word: str) -> str:
    """A key of a Secret."""
    if not _KEY.fullmatch(word) or word == "." or word.startswith(".."):
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
    if not _ENV.fullmatch(word) or word in (".", ".."):
        raise SpecError(f"{shown(word)} cannot name an environment variable", "use letters, digits and _")
    return word


def qualified(word: str) -> str:
    """The key of a label or annotation: `[prefix/]name`."""
    prefix, slash, last = word.rpartition("/")
    if (slash and (len(prefix) > 253 or not _SUBDOMAIN.fullmatch(prefix))) or not _PART.fullmatch(last):
        raise SpecError(f"{shown(word)} is not a valid key", "write it as name or example.com/name")
    return word


def label(value: object) -> str:
    """The value of a label: at most 63 letters, digits and `-_.`, or nothing."""
    word = text(value)
    if word and not _PART.fullmatch(word):
        raise SpecError(
            f"{shown(word)} is not a valid value of a label", "use at most 63 of a-z, 0-9, -, _ and ."
        )
    return word


def selector(value: object) -> str:
    """A selector of labels, as the API takes it: `a=b,c!=d,!e,f in (g,h)`; "" selects everything."""
    word = text(value)
    for part in re.split(r",(?![^(]*\))", word) if word.strip() else ():
        found = _TERM.fullmatch(part.strip())
        if not found:
            raise SpecError(
                f"{shown(part)} does not select by labels", "write it like team=vision,stage!=test,!old"
            )
        qualified(found["key"] or found["absent"])
        for one in (found["value"] or "", *(found["values"] or "").split(",")):
            label(one.strip())
    return word


def device(word: str) -> str:
    """The name of an extended resource other than the GPUs that --gpus counts."""
    if word == "nvidia.com/gpu":
        raise SpecError("nvidia.com/gpu is counted by --gpus", "use --gpus N")
    if "/" not in word:
        raise SpecError(f"{shown(word)} names no vendor", "write it like amd.com/gpu=1")
    return qualified(word)


def program(value: object) -> str:
    """The name of a program, without arguments."""
    word = text(value)
    if not re.fullmatch(r"/?[A-Za-z0-9_][-A-Za-z0-9_./+]*", word):
        raise SpecError(
            f"{shown(value)} is not the name of a program", "name one without arguments, such as bash"
        )
    return word
