"""Cases of objects that a server accepts or refuses, and verdicts in a form that can be compared.

A case changes a valid object of `verdict_cases/bases.yaml`: path -> value, null for none. The files of cases
stand beside it, each with the verdicts of a real API server.
"""

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

FOLDER = Path(__file__).parent / "verdict_cases"
_PART = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_GO = re.compile(
    r"(Invalid|Unsupported|Duplicate) value: (?:&|\w*\.|map\[|\[\]|\(\*)[^\"].*?((?<=[\]})]): .*)?", re.DOTALL
)
"""A value in Go's notation of structures, whatever it says, and the reason behind it."""

_HINT = re.compile(r" \(e\.g\. '.*'\)(?=$| with)")
"""Examples and the pattern of a format."""
_NEW = re.compile(r"(?<=A-)[a-z0-9]{5}(?=\")|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""Generated names and uids."""


class Case(NamedTuple):
    """An object, or an object and what shall become of it."""

    kind: str
    name: str
    body: dict[str, Any]
    change: dict[str, Any] | None
    causes: list[str] | None
    """What is to be said of it; None: what a real server said."""


def load(file: str) -> Iterator[Case]:
    """The cases of a file."""
    bases = _read("bases")
    for kind, cases in _read(file).items():
        for case in cases:
            is_change, causes = "to" in case, case.get("says")
            given = case.get("from", {}) if is_change else case.get("case", case)
            body = _changed(bases[kind], given)
            change = _changed(body, case["to"]) if is_change else None
            yield Case(kind, json.dumps(case), body, change, causes)


def _read(name: str) -> Any:
    return yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))


def _changed(base: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    new = copy.deepcopy(base)
    for path, value in change.items():
        put(new, path, copy.deepcopy(value))
    return new


def put(obj: Any, path: str, value: Any) -> None:
    """Set the value of a path; an index behind the end of a list appends."""
    *parts, last = [name or int(number) for name, number in _PART.findall(path)]
    for number, part in enumerate(parts):
        following = parts[number + 1] if number + 1 < len(parts) else last
        if isinstance(part, str):
            obj = obj.setdefault(part, [] if isinstance(following, int) else {})
        else:
            obj = obj[part]
    if value is None:
        obj.pop(last, None)
    elif isinstance(last, int):
        obj[last : last + 1] = [value]
    else:
        obj[last] = value


def verdict(code: int, status: dict[str, Any]) -> list[str]:
    """What a server said: [] if it accepts, else its reason and the causes, one a line."""
    if code < 300:
        return []
    causes = (status.get("details") or {}).get("causes") or []
    if code != 422 or not causes:
        return [f"{code} {status['reason']}"]
    return [f"{code} {status['reason']}", *sorted({_cause(one) for one in causes})]


def _cause(cause: dict[str, str]) -> str:
    message, _, difference = cause["message"].partition("\n")
    if found := _GO.fullmatch(cause["message"]):
        message = f"{found[1]} value: ...{found[2] or ''}"
    elif not difference:
        message = cause["message"]
    message = _NEW.sub("...", _HINT.sub("", message))
    return f"{cause['field']} {cause['reason']} {message}"


def agrees(recorded: list[str], said: list[str]) -> bool:
    """Whether a verdict is that recorded, in which `...` stands for any value."""
    patterns = [".*".join(map(re.escape, one.split("..."))) for one in recorded]
    return len(recorded) == len(said) and all(
        any(re.fullmatch(pattern, one, re.DOTALL) for one in said) for pattern in patterns
    )
