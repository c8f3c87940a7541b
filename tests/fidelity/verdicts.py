"""What is compared of an answer: code, reason, causes, remarks on fields, and what the answer holds.

Messages are read for the fields that they name only.
"""

import json
import re
from typing import Any, NamedTuple

from fidelity.asks import Ask
from fidelity.client import Answer

_REMARK = re.compile(r'(unknown|duplicate) field \\*"([^"\\]*)')
_TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")
_AGES = ("Age", "Created At")
_OWN = ("uid", "creationTimestamp", "resourceVersion", "selfLink", "deletionTimestamp")
"""Metadata that every server writes for itself."""
_NAME = "kubernetes.io/metadata.name"
"""The label with the name of a namespace."""
_UIDS = ("controller-uid", "batch.kubernetes.io/controller-uid")
"""Labels with the uid of a Job."""


class Verdict(NamedTuple):
    """What one server thinks of one request."""

    code: int
    reason: str = ""
    causes: tuple[tuple[str, str], ...] = ()
    """Field and type of each cause, without repetitions."""
    remarks: tuple[str, ...] = ()
    """The fields that warnings and strict decoding name: `unknown spec.x`."""
    changes: dict[str, Any] | None = None
    """How the answer differs from what was sent, by path."""


def verdict(ask: Ask, answer: Answer) -> Verdict:
    """The verdict in an answer."""
    body = answer.body
    texts = list(answer.warnings)
    if not (isinstance(body, dict) and body.get("kind") == "Status" and answer.code >= 400):
        sent = ask.body if isinstance(ask.body, dict) else {}
        changes = _changes(sent, plain(body, ask.owners)) if answer.code < 400 else None
        return Verdict(answer.code, "", (), _remarks(texts), changes)
    texts.append(body.get("message", ""))
    causes = (body.get("details") or {}).get("causes") or []
    found = {(one.get("field", ""), one.get("reason", "")) for one in causes}
    return Verdict(answer.code, body.get("reason", ""), tuple(sorted(found)), _remarks(texts))


def _remarks(texts: list[str]) -> tuple[str, ...]:
    return tuple(sorted({" ".join(one) for text in texts for one in _REMARK.findall(text)}))


def plain(body: Any, owners: bool = False, columns: Any = ()) -> Any:
    """The answer without what differs from server to server; `columns` are those of a table without any."""
    if isinstance(body, list):
        columns = _columns(body) or columns
        return [plain(one, owners, columns) for one in body if not _timed(one)]
    if not isinstance(body, dict):
        return body if not (isinstance(body, str) and _TIME.match(body)) else "<time>"
    if body.get("kind") == "Table":
        return _table(body, columns)
    found = {key: "<uid>" if key in _UIDS else plain(one, owners, columns) for key, one in body.items()}
    for name in ("metadata", "details"):
        if isinstance(found.get(name), dict):
            found[name] = _meta(found[name], owners)
    return found


def _meta(meta: dict[str, Any], owners: bool) -> dict[str, Any]:
    kept = {key: one for key, one in meta.items() if key not in _OWN}
    if kept.pop("continue", ""):
        kept["continue"] = "<continue>"
    if "generateName" in kept:
        kept["name"] = "<made>"
        if _NAME in (kept.get("labels") or {}):
            kept["labels"] = {**kept["labels"], _NAME: "<made>"}
    entries = kept.pop("managedFields", None) or []
    if owners:
        kept["managedFields"] = sorted(({**one, "time": ""} for one in entries), key=_ordered)
    return kept


def _ordered(value: Any) -> str:
    """The value as text that is the same for each order of keys, which differs from server to server."""
    return json.dumps(value, sort_keys=True)


def _timed(event: Any) -> bool:
    """Whether it is an event of a watch that comes from time to time, and tells the version alone."""
    if not isinstance(event, dict) or event.get("type") != "BOOKMARK":
        return False
    return not event.get("object", {}).get("metadata", {}).get("annotations")


def _columns(events: list[Any]) -> Any:
    """The columns of a watch for tables, which its first event alone tells."""
    first = events[0].get("object") if events and isinstance(events[0], dict) else None
    return first.get("columnDefinitions") if isinstance(first, dict) else None


def _table(body: dict[str, Any], columns: Any) -> dict[str, Any]:
    told = body.get("columnDefinitions") or []
    ages = [
        number
        for number, one in enumerate(told or columns)
        if one["name"] in _AGES or "date" in (one.get("format"), one.get("type"))
    ]
    rows = [
        ["<age>" if number in ages and cell not in ("", None, "<unknown>") else cell
         for number, cell in enumerate(one["cells"])]
        for one in body.get("rows") or []
    ]  # fmt: skip
    shown = [{key: one.get(key) for key in ("name", "type", "format", "priority")} for one in told]
    return {"kind": "Table", "apiVersion": body["apiVersion"], "columns": shown, "rows": rows}


def _changes(sent: Any, got: Any, path: str = "") -> dict[str, Any]:
    """What was added, changed and removed, by path; a removed value is None, with a minus before its path."""
    if isinstance(sent, dict) and isinstance(got, dict):
        found: dict[str, Any] = {}
        for key in sorted(sent.keys() | got.keys()):
            where = f"{path}.{key}" if path else key
            if key not in got:
                found[f"-{where}"] = None
            elif key not in sent:
                found[where] = got[key]
            else:
                found |= _changes(sent[key], got[key], where)
        return found
    if isinstance(sent, list) and isinstance(got, list) and len(sent) == len(got):
        pairs = enumerate(zip(sent, got, strict=True))
        return {
            key: one for number, pair in pairs for key, one in _changes(*pair, f"{path}[{number}]").items()
        }
    # 1, 1.0 and True are different values
    return {} if _ordered(sent) == _ordered(got) else {path: got}
