"""Stories: what clients do with objects, step by step, for several kinds."""

from collections.abc import Callable, Iterator
from typing import Any

from fidelity.asks import APPLY, JSON, MERGE, POINTER, SPACE, STRATEGIC, Ask, Case, Kind, Object, named
from fidelity.samples import Sample, small

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
PARTIAL = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
PARTIALS = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
STRANGE = "0a0a0a0a-0000-0000-0000-000000000000"
WATCHED = ("pytorchjobs", "rayjobs")
"""The kinds that are watched, which takes long."""
STORIES: list[Callable[[Kind, Object, str], list[Ask]]] = []


def cases() -> Iterator[Case]:
    """All stories of all custom kinds."""
    for sample in small():
        yield from of(sample)


def of(sample: Sample) -> Iterator[Case]:
    """All stories of a kind."""
    for story in STORIES:
        if story is watches and sample.kind.plural not in WATCHED:
            continue
        name = f"story-{story.__name__}"
        yield Case(
            f"story {sample.kind.plural} {story.__name__}",
            tuple(story(sample.kind, named(sample.obj, name), name)),
        )


def _story(story: Callable[[Kind, Object, str], list[Ask]]) -> Callable[[Kind, Object, str], list[Ask]]:
    STORIES.append(story)
    return story


def _labelled(obj: Object, **labels: str) -> Object:
    return {**obj, "metadata": {**obj["metadata"], "labels": labels}}


def _based(obj: Object, **meta: Any) -> Object:
    return {**obj, "metadata": {**obj["metadata"], "resourceVersion": "<version>", **meta}}


@_story
def life(kind: Kind, obj: Object, name: str) -> list[Ask]:
    """Create, read, replace and delete."""
    at = kind.path(name)
    return [
        Ask("POST", kind.path(), obj),
        Ask("POST", kind.path(), obj),
        Ask("GET", at),
        Ask("HEAD", at),
        Ask("PUT", at, obj),
        Ask("PUT", at, _based(obj)),
        Ask("PUT", at, _based(_labelled(obj, a="b"))),
        Ask("PUT", at, _based(obj, resourceVersion="1")),
        Ask("PUT", at, _based(obj, uid=STRANGE)),
        Ask("PUT", at, _based(obj, uid="<uid>")),
        Ask("PUT", at, named(obj, "other")),
        Ask("PUT", at, _based(obj, namespace="other")),
        Ask("PUT", at, {key: one for key, one in obj.items() if key != "kind"}),
        Ask("PUT", at, {**obj, "kind": "Pod"}),
        Ask("PUT", at, {**obj, "apiVersion": "v1"}),
        Ask("PUT", kind.path("none"), named(obj, "none", resourceVersion="5")),
        Ask("PUT", kind.path("none"), named(obj, "none")),
        Ask("GET", at),
        Ask("DELETE", at),
        Ask("DELETE", at),
        Ask("GET", at),
    ]


@_story
def creations(kind: Kind, obj: Object, name: str) -> list[Ask]:
    """What may be created, and where."""
    meta = obj["metadata"]
    bodies: list[Any] = [
        {**obj, "metadata": {}},
        {**obj, "metadata": None},
        {**obj, "metadata": {"name": "Upper"}},
        {**obj, "metadata": {"name": "a.b.c"}},
        {**obj, "metadata": {"name": "x" * 260}},
        {**obj, "metadata": {"generateName": "made-"}, "status": {}},
        {**obj, "metadata": {**meta, "namespace": "other"}},
        {**obj, "metadata": {**meta, "namespace": SPACE}},
        {**obj, "metadata": {**meta, "resourceVersion": "1"}},
        {**obj, "metadata": {**meta, "uid": STRANGE, "generation": 7, "selfLink": "x"}},
        {**obj, "metadata": {**meta, "creationTimestamp": "2020-01-01T00:00:00Z"}},
        {**obj, "metadata": {**meta, "creationTimestamp": None}},
        {**obj, "metadata": {**meta, "deletionTimestamp": "2020-01-01T00:00:00Z"}},
        {**obj, "metadata": {**meta, "labels": {"a b": "c"}}},
        {**obj, "metadata": {**meta, "labels": {"a": "c d"}}},
        {**obj, "metadata": {**meta, "labels": {"a": 1}}},
        {**obj, "metadata": {**meta, "labels": {"a": None}}},
        {**obj, "metadata": {**meta, "labels": None, "annotations": {}}},
        {**obj, "metadata": {**meta, "labels": []}},
        {**obj, "metadata": {**meta, "annotations": {"A B": "c"}}},
        {**obj, "metadata": {**meta, "annotations": {"a/b": ""}}},
        {**obj, "metadata": {**meta, "annotations": {"a": True}}},
        {**obj, "metadata": {**meta, "finalizers": ["no-domain"]}},
        {**obj, "metadata": {**meta, "finalizers": ["example.org/wait"]}},
        {**obj, "metadata": {**meta, "finalizers": ["a b"]}},
        {**obj, "metadata": {**meta, "finalizers": "x"}},
        {**obj, "metadata": {**meta, "ownerReferences": [{"name": "a"}]}},
        {**obj, "metadata": {**meta, "ownerReferences": [
            {"apiVersion": "v1", "kind": "ConfigMap", "name": "a", "uid": "u", "controller": True}]}},
        {**obj, "metadata": {**meta, "ownerReferences": [
            {"apiVersion": "v1", "kind": "ConfigMap", "name": name, "uid": name, "controller": True}
            for name in "ab"]}},
        {**obj, "metadata": {**meta, "extra": 1}},
        {**obj, "metadata": {**meta, "name": 1}},
        {**obj, "metadata": []},
        {**obj, "extra": {"a": 1}},
        {**obj, "spec": None},
        {**obj, "spec": []},
        {**obj, "spec": {}},
        {key: one for key, one in obj.items() if key != "spec"},
        {key: one for key, one in obj.items() if key != "kind"},
        {key: one for key, one in obj.items() if key != "apiVersion"},
        {**obj, "kind": "Job"},
        {**obj, "apiVersion": "v2"},
        {**obj, "kind": 1},
        {**obj, "status": {}},
        {**obj, "status": {"conditions": []}},
        {**obj, "status": "none"},
        {**obj, "status": {"conditions": "none"}},
        [],
        b"",
        b"{",
        b"kind: [",
        b"null",
        b'"text"',
        {"kind": kind.kind, "apiVersion": kind.api_version},
        {},
    ]  # fmt: skip
    asks = [
        Ask("POST", kind.path(dryRun="All", fieldValidation=mode), body)
        for body in bodies
        for mode in (("Strict", "Ignore") if isinstance(body, dict) and {*body} - {*obj} else ("Warn",))
    ]
    return [
        *asks,
        Ask("POST", kind.path(space="none"), obj),
        Ask("POST", kind.path(space="none", dryRun="All"), obj),
        Ask("POST", kind.path(space=""), obj),
        Ask("POST", kind.path(name), obj),
        Ask("POST", kind.path(dryRun="Some"), obj),
        Ask("POST", kind.path(fieldValidation="Loose"), obj),
        Ask("POST", kind.path(fieldManager="x" * 200), obj),
        Ask("POST", kind.path(fieldManager="a\tb"), obj),
        Ask("POST", kind.path(pretty="true", dryRun="All", timeout="5s"), obj),
        Ask("POST", kind.path(dryRun="All"), obj, "application/x-www-form-urlencoded"),
        Ask("POST", kind.path(dryRun="All"), obj, "text/plain"),
        Ask("POST", kind.path(dryRun="All"), obj, "application/yaml"),
        Ask("POST", kind.path(dryRun="All"), obj, accept="text/html"),
        Ask("POST", kind.path(dryRun="All"), obj, accept=TABLE),
        Ask("GET", kind.path(name)),
    ]


@_story
def patches(kind: Kind, obj: Object, name: str) -> list[Ask]:
    """Patches of all kinds, also wrong ones."""
    at, notes = kind.path(name), "/metadata/annotations"
    return [
        Ask("POST", kind.path(), _labelled(obj, a="1", b="1")),
        Ask("PATCH", at, {"metadata": {"labels": {"a": None, "c": "2"}}}, MERGE),
        Ask("PATCH", at, {"metadata": {"labels": {"c": "2"}}}, MERGE),
        Ask("PATCH", at, {"metadata": {"labels": {"c": 2}}}, MERGE),
        Ask("PATCH", at, {"metadata": {"labels": None}}, MERGE),
        Ask("PATCH", at, {"metadata": None}, MERGE),
        Ask("PATCH", at, {"metadata": {"name": "b"}}, MERGE),
        Ask("PATCH", at, {"metadata": {"name": None}}, MERGE),
        Ask("PATCH", at, {"metadata": {"namespace": "b"}}, MERGE),
        Ask("PATCH", at, {"metadata": {"uid": STRANGE}}, MERGE),
        Ask("PATCH", at, {"metadata": {"uid": None}}, MERGE),
        Ask("PATCH", at, {"metadata": {"resourceVersion": "1"}}, MERGE),
        Ask("PATCH", at, {"metadata": {"resourceVersion": "<version>", "annotations": {"a": "b"}}}, MERGE),
        Ask("PATCH", at, {"metadata": {"resourceVersion": None}}, MERGE),
        Ask("PATCH", at, {"metadata": {"generation": 9}}, MERGE),
        Ask("PATCH", at, {"metadata": {"creationTimestamp": None}}, MERGE),
        Ask("PATCH", at, {"metadata": {"deletionTimestamp": "2020-01-01T00:00:00Z"}}, MERGE),
        Ask("PATCH", at, {"metadata": {"managedFields": []}}, MERGE),
        Ask("PATCH", at, {"metadata": {"finalizers": ["example.org/x", "example.org/x"]}}, MERGE),
        Ask("PATCH", at, {"metadata": {"finalizers": []}}, MERGE),
        Ask("PATCH", at, {"kind": "Pod"}, MERGE),
        Ask("PATCH", at, {"kind": None}, MERGE),
        Ask("PATCH", at, {"apiVersion": "v1"}, MERGE),
        Ask("PATCH", at, {"extra": 1}, MERGE),
        Ask("PATCH", kind.path(name, fieldValidation="Strict"), {"extra": 1}, MERGE),
        Ask("PATCH", kind.path(name, fieldValidation="Ignore"), {"extra": 1}, MERGE),
        Ask("PATCH", kind.path(name, dryRun="All"), {"spec": None}, MERGE),
        Ask("PATCH", kind.path(name, dryRun="All"), {"spec": []}, MERGE),
        Ask("PATCH", at, {"status": {"extra": 1}}, MERGE),
        Ask("PATCH", at, {}, MERGE),
        Ask("PATCH", at, [], MERGE),
        Ask("PATCH", at, b"{", MERGE),
        Ask("PATCH", at, b"", MERGE),
        Ask("PATCH", at, b"null", MERGE),
        Ask("PATCH", at, {"metadata": {"labels": {"a": "b"}}}, STRATEGIC),
        Ask("PATCH", at, {"metadata": {"labels": {"a": "b"}}}, JSON),
        Ask("PATCH", at, {"metadata": {"labels": {"a": "b"}}}, "text/plain"),
        Ask("PATCH", at, [{"op": "add", "path": f"{notes}/x", "value": "1"}], POINTER),
        Ask("PATCH", at, [{"op": "test", "path": f"{notes}/x", "value": "1"},
                          {"op": "replace", "path": f"{notes}/x", "value": "2"}], POINTER),
        Ask("PATCH", at, [{"op": "test", "path": f"{notes}/x", "value": "1"}], POINTER),
        Ask("PATCH", at, [{"op": "test", "path": f"{notes}/none", "value": "1"}], POINTER),
        Ask("PATCH", at, [{"op": "remove", "path": f"{notes}/none"}], POINTER),
        Ask("PATCH", at, [{"op": "replace", "path": f"{notes}/none", "value": "1"}], POINTER),
        Ask("PATCH", at, [{"op": "move", "from": f"{notes}/x", "path": f"{notes}/y"}], POINTER),
        Ask("PATCH", at, [{"op": "copy", "from": f"{notes}/y", "path": f"{notes}/z~1a"}], POINTER),
        Ask("PATCH", at, [{"op": "fly", "path": notes}], POINTER),
        Ask("PATCH", at, [{"op": "add", "path": notes}], POINTER),
        Ask("PATCH", at, [{"path": notes, "value": {}}], POINTER),
        Ask("PATCH", at, [{"op": "add", "path": "notes", "value": {}}], POINTER),
        Ask("PATCH", at, [{"op": "remove", "path": "/metadata/name"}], POINTER),
        Ask("PATCH", at, [{"op": "add", "path": "/metadata/extra", "value": 1}], POINTER),
        Ask("PATCH", at, [{"op": "replace", "path": "", "value": obj}], POINTER),
        Ask("PATCH", at, {"op": "remove", "path": notes}, POINTER),
        Ask("PATCH", at, [], POINTER),
        Ask("PATCH", at, [[]], POINTER),
        Ask("PATCH", kind.path(name, dryRun="All"), {"metadata": {"labels": {"dry": "1"}}}, MERGE),
        Ask("PATCH", kind.path(name, force="true"), {"metadata": {"labels": {"dry": "1"}}}, MERGE),
        Ask("PATCH", kind.path("none"), {"metadata": {"labels": {"a": "b"}}}, MERGE),
        Ask("PATCH", kind.path(), {"metadata": {"labels": {"a": "b"}}}, MERGE),
        Ask("GET", at),
        Ask("DELETE", at),
    ]  # fmt: skip


@_story
def applying(kind: Kind, obj: Object, name: str) -> list[Ask]:
    """Server-side apply, with the owners of fields."""

    def put(manager: str, config: Any, **query: str) -> Ask:
        return Ask("PATCH", kind.path(name, fieldManager=manager, **query), config, APPLY, owners=True)

    one, two = _labelled(obj, a="1"), _labelled(obj, a="2", b="1")
    bare = {key: value for key, value in obj.items() if key not in ("spec", "status")}
    return [
        put("one", one),
        put("one", one),
        put("two", two),
        put("two", two, force="true"),
        put("two", _labelled(bare, a="2")),
        put("one", one),
        put("one", _labelled(obj)),
        Ask("PATCH", kind.path(name), {"metadata": {"annotations": {"n": "1"}}}, MERGE, owners=True),
        put("one", {**obj, "metadata": {"name": name, "annotations": {"n": "2"}}}),
        put("one", {**obj, "metadata": {"name": name, "annotations": {"n": "1"}}}),
        put("one", {**obj, "metadata": {"name": name, "managedFields": []}}),
        put("one", {**obj, "metadata": {"name": name, "managedFields": [{"manager": "a"}]}}),
        put("one", {**obj, "metadata": {"name": "other"}}),
        put("one", {**obj, "metadata": {}}),
        put("one", {**obj, "apiVersion": "v1"}),
        put("one", {"metadata": {"name": name}}),
        put("one", {**obj, "extra": 1}),
        put("one", {**obj, "extra": 1}, fieldValidation="Strict"),
        put("one", {**obj, "status": {}}),
        put("one", {**obj, "metadata": {"name": name, "resourceVersion": "1"}}),
        put("one", {**obj, "metadata": {"name": name, "uid": STRANGE}}),
        put("one", _labelled(obj, dry="1"), dryRun="All"),
        put("", one),
        put("one", b"{"),
        put("one", b"[]"),
        Ask("PATCH", kind.path(name), one, APPLY),
        Ask("GET", kind.path(name), owners=True),
        Ask("DELETE", kind.path(name)),
        put("one", _based(obj, uid="<uid>")),
        Ask("POST", kind.path(), obj, owners=True),
        put("one", _labelled(obj, a="1")),
        Ask("PUT", kind.path(name), _based(_labelled(obj, a="3")), owners=True),
        put("one", _labelled(obj, a="1")),
        Ask("GET", kind.path(name), owners=True),
        Ask("DELETE", kind.path(name)),
    ]


@_story
def status(kind: Kind, obj: Object, name: str) -> list[Ask]:
    """The status, which is written by itself."""
    at, by_one = kind.path(name, "status"), kind.path(name, "status", fieldManager="one")
    bare = {"apiVersion": obj["apiVersion"], "kind": obj["kind"]}
    time = "2026-01-01T00:00:00Z"
    return [
        Ask("POST", kind.path(), {**obj, "status": {"startTime": time}}),
        Ask("GET", at),
        Ask("PATCH", at, {"status": {"startTime": time}, "spec": {"extra": 1}}, MERGE),
        Ask("PATCH", at, {"metadata": {"labels": {"a": "b"}}}, MERGE),
        Ask("PATCH", at, {"status": {"startTime": 1}}, MERGE),
        Ask("PATCH", at, {"status": {"conditions": "none"}}, MERGE),
        Ask("PATCH", at, {"status": {"conditions": [{}]}}, MERGE),
        Ask("PATCH", at, {"status": {"extra": 1}}, MERGE),
        Ask("PATCH", kind.path(name, "status", fieldValidation="Strict"), {"status": {"extra": 1}}, MERGE),
        Ask("PATCH", at, {"status": None}, MERGE),
        Ask("PATCH", at, {"status": []}, MERGE),
        Ask("PUT", at, obj),
        Ask("PUT", at, _based({**obj, "status": {"startTime": time}})),
        Ask("PUT", at, _based({**bare, "metadata": {"name": name}})),
        Ask("PATCH", by_one, {**bare, "status": {"startTime": time}}, APPLY, owners=True),
        Ask("PATCH", kind.path(name), {"status": {"startTime": "2027-01-01T00:00:00Z"}}, MERGE),
        Ask("POST", at, obj),
        Ask("DELETE", at),
        Ask("PATCH", kind.path("none", "status"), {"status": {}}, MERGE),
        Ask("GET", kind.path(name)),
        Ask("DELETE", kind.path(name)),
    ]  # fmt: skip


@_story
def scale(kind: Kind, obj: Object, name: str) -> list[Ask]:
    """The scale, where the kind has one; that of a PyTorchJob needs workers."""
    for field, groups in obj["spec"].items():
        if field.endswith("ReplicaSpecs"):
            workers = {"Worker": next(iter(groups.values())), **groups}
            obj = {**obj, "spec": {**obj["spec"], field: workers}}
    at = kind.path(name, "scale")
    body = {
        "apiVersion": "autoscaling/v1",
        "kind": "Scale",
        "metadata": {"name": name},
        "spec": {"replicas": 2},
    }
    return [
        Ask("POST", kind.path(), obj),
        Ask("GET", at),
        Ask("PATCH", at, {"spec": {"replicas": 3}}, MERGE),
        Ask("PATCH", at, {"spec": {"replicas": 3}}, STRATEGIC),
        Ask("PATCH", at, {"spec": {"replicas": -1}}, MERGE),
        Ask("PATCH", at, {"spec": {"replicas": "x"}}, MERGE),
        Ask("PATCH", kind.path(name, "scale", dryRun="All"), {"spec": None}, MERGE),
        Ask("PATCH", at, [{"op": "replace", "path": "/spec/replicas", "value": 1}], POINTER),
        Ask("PUT", at, body),
        Ask("PUT", at, {**body, "metadata": {"name": "other"}}),
        Ask("PUT", at, {**body, "kind": "Pod"}),
        Ask("PUT", at, {"spec": {"replicas": 1}}),
        Ask("PUT", at, obj),
        Ask("GET", kind.path("none", "scale")),
        Ask("POST", at, body),
        Ask("DELETE", at),
        Ask("GET", kind.path(name, "nonsense")),
        Ask("GET", kind.path(name)),
        Ask("DELETE", kind.path(name)),
    ]


@_story
def lists(kind: Kind, obj: Object, name: str) -> list[Ask]:
    """Lists, tables and watches, and their options."""
    names = [f"{name}-{letter}" for letter in "abc"]
    objects = [named(obj, one, labels={"story": "lists", "app": one[-1]}) for one in names]

    def at(**query: object) -> str:
        return kind.path(labelSelector=query.pop("labelSelector", "story=lists"), **query)

    def get(accept: str = JSON, **query: object) -> Ask:
        return Ask("GET", at(**query), accept=accept)

    return [
        *(Ask("POST", kind.path(), one) for one in objects),
        get(),
        get(limit=2),
        Ask("GET", kind.path() + "?labelSelector=story%3Dlists&limit=2&continue=<continue>"),
        get(limit=0),
        get(limit=-1),
        get(limit="x"),
        get(**{"continue": "nonsense"}),
        get(labelSelector="story=lists,app in (a,b)"),
        get(labelSelector="story=lists,app notin (a,b)"),
        get(labelSelector="story,!app"),
        get(labelSelector="a b c"),
        get(labelSelector="app in ()"),
        get(fieldSelector=f"metadata.name={names[1]}"),
        get(fieldSelector=f"metadata.name!={names[1]}"),
        get(fieldSelector=f"metadata.namespace={SPACE}"),
        get(fieldSelector="spec.x=1"),
        get(fieldSelector="nonsense"),
        get(resourceVersion="0"),
        get(resourceVersion="x"),
        get(resourceVersion="1", resourceVersionMatch="Exact"),
        get(resourceVersion="1", resourceVersionMatch="NotOlderThan"),
        get(resourceVersionMatch="NotOlderThan"),
        get(resourceVersion="0", resourceVersionMatch="Exact"),
        get(resourceVersion="1", resourceVersionMatch="Nonsense"),
        get(resourceVersion="99999999"),
        get(sendInitialEvents="true"),
        get(timeoutSeconds="x"),
        get(timeout="5s"),
        get(allowWatchBookmarks="true"),
        get(TABLE),
        get(f"{TABLE.replace('v=v1;', 'v=v1beta1;')}"),
        get(TABLE, includeObject="None"),
        get(TABLE, includeObject="Object"),
        get(TABLE, includeObject="Nonsense"),
        get(PARTIALS),
        get("application/yaml;as=Nonsense;v=v1;g=meta.k8s.io"),
        get("text/html"),
        get("*/*"),
        Ask("GET", kind.path(names[0]), accept=TABLE),
        Ask("GET", kind.path(names[0]), accept=PARTIAL),
        Ask("GET", kind.path(names[0], resourceVersion="0")),
        Ask("GET", kind.path(names[0], resourceVersion="99999999")),
        Ask("GET", kind.path(space="none")),
        Ask("GET", kind.path(space="", fieldSelector=f"metadata.name={names[0]}")),
        Ask("HEAD", kind.path()),
        Ask("PUT", kind.path(), obj),
        Ask("DELETE", at(labelSelector="story=lists,app=a")),
        Ask("DELETE", at(dryRun="All")),
        Ask("DELETE", at()),
        get(),
    ]  # fmt: skip


@_story
def watches(kind: Kind, obj: Object, name: str) -> list[Ask]:
    """Watches and their options; each takes a second."""
    names = [f"{name}-{letter}" for letter in "ab"]

    def get(accept: str = JSON, **query: object) -> Ask:
        return Ask("GET", kind.path(labelSelector="story=watches", **query), accept=accept)

    return [
        *(Ask("POST", kind.path(), named(obj, one, labels={"story": "watches"})) for one in names),
        get(watch="1", timeoutSeconds=1),
        get(watch="1", timeoutSeconds=1, resourceVersion="0"),
        get(TABLE, watch="1", timeoutSeconds=1),
        get(watch="1", timeoutSeconds=1, fieldSelector=f"metadata.name={names[0]}"),
        get(watch="1", timeoutSeconds=1, resourceVersion="x"),
        get(watch="1", timeoutSeconds=1, resourceVersion="99999999"),
        get(
            watch="1",
            timeoutSeconds=1,
            sendInitialEvents="true",
            resourceVersionMatch="NotOlderThan",
            allowWatchBookmarks="true",
        ),
        get(watch="1", timeoutSeconds=1, sendInitialEvents="true"),
        get(watch="1", timeoutSeconds=1, resourceVersionMatch="NotOlderThan"),
        *(Ask("DELETE", kind.path(one)) for one in names),
    ]


@_story
def ends(kind: Kind, obj: Object, name: str) -> list[Ask]:
    """Deletion with its options, and finalizers."""
    at, held = kind.path(name), named(obj, name, finalizers=["example.org/wait"])
    options: Object = {"kind": "DeleteOptions", "apiVersion": "v1"}
    return [
        Ask("POST", kind.path(), obj),
        Ask("DELETE", at, {**options, "preconditions": {"uid": STRANGE}}),
        Ask("DELETE", at, {**options, "preconditions": {"resourceVersion": "1"}}),
        Ask("DELETE", at, {**options, "dryRun": ["All"]}),
        Ask("DELETE", at, {**options, "dryRun": ["Some"]}),
        Ask("DELETE", at, {**options, "propagationPolicy": "Sideways"}),
        Ask("DELETE", at, {**options, "propagationPolicy": "Orphan", "orphanDependents": True}),
        Ask("DELETE", at, {**options, "gracePeriodSeconds": "x"}),
        Ask("DELETE", at, {**options, "extra": 1, "dryRun": ["All"]}),
        Ask("DELETE", at, {"kind": "Pod", "apiVersion": "v1", "dryRun": ["All"]}),
        Ask("DELETE", at, b"{"),
        Ask("DELETE", at, b"[]"),
        Ask("DELETE", kind.path(name, propagationPolicy="Sideways")),
        Ask("DELETE", kind.path(name, dryRun="All", gracePeriodSeconds=0)),
        Ask("DELETE", kind.path(name, gracePeriodSeconds="x")),
        Ask("DELETE", at, {**options, "preconditions": {"uid": "<uid>"}}),
        Ask("POST", kind.path(), held),
        Ask("DELETE", at),
        Ask("GET", at),
        Ask("DELETE", at),
        Ask("POST", kind.path(), held),
        Ask("PATCH", at, {"metadata": {"finalizers": ["example.org/wait", "example.org/more"]}}, MERGE),
        Ask("PATCH", at, {"metadata": {"labels": {"a": "b"}}}, MERGE),
        Ask("PATCH", at, {"metadata": {"finalizers": None}}, MERGE),
        Ask("GET", at),
        Ask("POST", kind.path(), obj),
        Ask("DELETE", at, {**options, "propagationPolicy": "Foreground"}),
        Ask("PATCH", at, {"metadata": {"finalizers": None}}, MERGE),
        Ask("DELETE", kind.path("none")),
        Ask("GET", at),
    ]


@_story
def orphans(kind: Kind, obj: Object, name: str) -> list[Ask]:
    """Deletion that leaves what belongs to the object."""
    at = kind.path(name)
    return [
        Ask("POST", kind.path(), obj),
        Ask("DELETE", kind.path(name, propagationPolicy="Orphan")),
        Ask("PATCH", at, {"metadata": {"finalizers": None}}, MERGE),
        Ask("GET", at),
    ]


@_story
def generations(kind: Kind, obj: Object, name: str) -> list[Ask]:
    """What counts as a change."""
    at = kind.path(name)

    def suspend(is_on: bool) -> Ask:
        spec = {"suspend": is_on, "shutdownAfterJobFinishes": True, "runPolicy": {"suspend": is_on}}
        return Ask("PATCH", at, {"spec": spec}, MERGE)

    return [
        Ask("POST", kind.path(), obj),
        Ask("PATCH", at, {"metadata": {"labels": {"a": "b"}}}, MERGE),
        Ask("PATCH", kind.path(name, "status"), {"status": {"startTime": "2026-01-01T00:00:00Z"}}, MERGE),
        suspend(True),
        suspend(True),
        suspend(False),
        Ask("PATCH", kind.path(name, dryRun="All"),
            {"spec": {"managedBy": "a/b", "runPolicy": {"managedBy": "a/b"}}}, MERGE),
        Ask("GET", at),
        Ask("DELETE", at),
    ]  # fmt: skip
