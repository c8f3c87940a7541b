"""Server-side apply: merge a manager's configuration, remove what it drops, and report conflicts."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from arena import foreign_json
from arena.local.api.patches import fields, managers, typed
from arena.local.api.patches.combination import merge, removed
from arena.local.api.patches.comparison import compare
from arena.local.api.patches.fields import Node
from arena.local.api.patches.managers import Manager, Managers, Owned, Write
from arena.local.api.schema import Schema
from arena.local.field_errors import FieldError
from arena.local.objects import Object, Refused

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_KUBECTL = "kubectl"
_BEFORE = "before-first-apply"

Conflicts = dict[Manager, Node]


def apply(
    live: Object | None,
    config: Object,
    schema: Schema,
    write: Write,
    force: bool = False,
    empty: Object | None = None,
) -> Object:
    """Apply `config` and return the result with its managers; neither argument is changed.

    Args:
        live: the present object; None if there is none.
        config: the complete configuration of the manager, as it was sent.
        write: whose configuration it is.
        force: take over fields of other managers.
        empty: what an object of this kind has in any case.

    Raises:
        Refused: 409 with a cause for every field that others own and `config` would change.
        fields.Unfit: an item of a list has none of its keys, or a list repeats one.
    """
    typed.check(config, schema)
    nothing = empty or {"apiVersion": config.get("apiVersion"), "kind": config.get("kind"), "metadata": {}}
    known = managers.stored(live["metadata"].get("managedFields")) if live else {}
    if live and not known:
        first = compare(nothing, live, schema).without(write.kept)
        known = managers.update({}, first, replace(write, manager=_BEFORE))
    run = _Run(live or nothing, config, schema, write, known)
    conflicts = {} if force else run.conflicts()
    if conflicts and write.manager == _KUBECTL:
        conflicts = _unexpected(conflicts, live or nothing, schema, write)
    if conflicts:
        raise _refusal(conflicts, known)
    return _noted(run.result(), config, write)


class _Run:
    """One apply: the merged object, and who owns what."""

    def __init__(self, live: Object, config: Object, schema: Schema, write: Write, known: Managers) -> None:
        self.live, self.write, self.known, self.me = live, write, known, write.applier()
        self.wanted = managers.owned_by(config, schema, write.kept)
        self.merged = self._pruned(merge(live, config, schema), schema)
        self.difference = compare(live, self.merged, schema).without(write.kept)

    def conflicts(self) -> Conflicts:
        """What others own and this changes."""
        others = {manager: one for manager, one in self.known.items() if manager != self.me}
        changed = self.difference.changed
        found = {manager: fields.intersection(one.fields, changed) for manager, one in others.items()
                 if one.version == self.write.version}  # fmt: skip
        return {manager: disputed for manager, disputed in found.items() if disputed}

    def result(self) -> Object:
        """The new object with its managers."""
        found = managers.lost(self.known, self.difference, self.write.version, self.me)
        before = found.pop(self.me, None)
        mine = managers.visible(self.wanted)
        if mine:
            same = self.merged == self.live
            time = (before.time if before else "") if same else self.write.now
            found[self.me] = Owned(mine, self.write.version, time)
        meta = {**self.merged["metadata"], "managedFields": managers.encode(found)}
        if not found:
            del meta["managedFields"]
        return {**self.merged, "metadata": meta}

    def _pruned(self, merged: Object, schema: Schema) -> Object:
        """Without what the manager applied last time, does not apply now, and nobody else owns."""
        last = self.known.get(self.me)
        if last is None or last.version != self.write.version:
            return merged
        owned = self.wanted
        for manager, one in self.known.items():
            if manager != self.me and one.version == self.write.version:
                owned = fields.union(owned, one.fields)
        mine, all_owned = (fields.with_named(one, schema) for one in (last.fields, owned))
        everything = _named_fields(merged, schema)
        left = _named_fields(removed(merged, mine, schema), schema)
        kept = fields.union(left, all_owned)
        left = _named_fields(removed(merged, fields.difference(everything, kept), schema), schema)
        gone = fields.intersection(fields.difference(everything, left), mine)
        found: Object = removed(merged, gone, schema)
        return found


def _named_fields(value: Any, schema: Schema) -> Node:
    return fields.with_named(fields.of(value, schema), schema)


def _unexpected(conflicts: Conflicts, live: Object, schema: Schema, write: Write) -> Conflicts:
    """The conflicts without those about fields that kubectl applied before, with a patch of its own."""
    try:
        text = live["metadata"]["annotations"][_LAST_APPLIED]
        applied = foreign_json.loads(text)
        if applied["apiVersion"] != write.version:
            return conflicts
        typed.check(live, schema)
        typed.check(applied, schema)
        difference = compare(applied, live, schema)
    except (KeyError, TypeError, ValueError):
        return conflicts
    gone = fields.union(difference.changed, difference.removed)
    allowed = fields.difference(fields.of(applied, schema), gone)
    left = {manager: fields.difference(disputed, allowed) for manager, disputed in conflicts.items()}
    return {manager: disputed for manager, disputed in left.items() if disputed}


def _noted(obj: Object, config: Object, write: Write) -> Object:
    """The object with kubectl's annotation brought up to date, if it has one."""
    notes = obj["metadata"].get("annotations") or {}
    if write.manager != _KUBECTL or not notes.get(_LAST_APPLIED):
        return obj
    meta = dict(config.get("metadata") or {})
    given = meta.pop("annotations", None)
    if isinstance(given, dict):
        meta["annotations"] = {key: one for key, one in given.items() if key != _LAST_APPLIED}
    text = fields.text({**config, "metadata": meta}) + "\n"
    return {**obj, "metadata": {**obj["metadata"], "annotations": {**notes, _LAST_APPLIED: text}}}


def _refusal(conflicts: Conflicts, known: Mapping[Manager, Owned]) -> Refused:
    causes: list[FieldError] = []
    texts: list[str] = []
    for manager in sorted(conflicts, key=Manager.text):
        who = _named(manager, known[manager])
        shown = [fields.show(path) for path in fields.paths(conflicts[manager])]
        causes += [FieldError(field, "FieldManagerConflict", f"conflict with {who}") for field in shown]
        texts.append(f"conflicts with {who}:" + "".join(f"\n- {field}" for field in shown))
    details = {"causes": [cause._asdict() for cause in causes]}
    if len(causes) == 1:
        text = f"Apply failed with 1 conflict: {causes[0].message}: {causes[0].field}"
    else:
        text = f"Apply failed with {len(causes)} conflicts: " + "\n".join(texts)
    return Refused(409, "Conflict", text, details)


def _named(manager: Manager, owned: Owned) -> str:
    who = json.dumps(manager.name)
    if manager.subresource:
        who += f' with subresource "{manager.subresource}"'
    if manager.operation == "Update":
        who += f" using {owned.version}" + (f" at {owned.time}" if owned.time else "")
    return who
