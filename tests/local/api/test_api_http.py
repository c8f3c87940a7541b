"""The API over HTTP: who may talk to it, what it answers, and its watches."""

import contextlib
import json
import time
import urllib.error

import pytest
import yaml
from aiohttp import web

from arena.local.api.fault_injection import Fault
from arena.local.objects import CONFIGMAPS, NODES, PODS

PODS_PATH = "/api/v1/namespaces/default/pods"
TFJOBS_PATH = "/apis/kubeflow.org/v1/namespaces/default/tfjobs"
MAPS = "/api/v1/namespaces/default/configmaps"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
MERGE = "application/merge-patch+json"


def pod(name="a", **spec):
    return {"metadata": {"name": name}, "spec": {"containers": [{"name": "c", "image": "i"}], **spec}}


def config(name, **data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


@contextlib.contextmanager
def watching(server, path, **headers):
    """The lines of a watch, as parsed objects."""
    with server.open("GET", path, **headers) as response:
        yield (json.loads(line) for line in response)


@pytest.mark.parametrize(
    "headers",
    [{"Host": "evil.example:80"}, {"Origin": "http://evil.example"}, {"Sec_Fetch_Site": "cross-site"}],
)
def test_pages_in_a_browser_are_kept_out(server, headers):
    """A foreign Host, an Origin or a Sec-Fetch-Site is 403."""
    assert server.ask("GET", "/version", **headers).code == 403
    port = server.url.rpartition(":")[2]
    assert server.ask("GET", "/version", Host=f"localhost:{port}").code == 200


def test_an_object_lives_over_http(server):
    """POST, GET, PUT, PATCH and DELETE work, with the codes that clients expect."""
    made = server.ask("POST", MAPS, config("a", x="1"))
    assert (made.code, made.body["data"]) == (201, {"x": "1"})
    assert server.ask("GET", f"{MAPS}/a/").body == made.body
    put = server.ask("PUT", f"{MAPS}/a", {**made.body, "data": {"x": "2"}})
    assert (put.code, put.body["data"]) == (200, {"x": "2"})
    stale = server.ask("PUT", f"{MAPS}/a", made.body)
    assert (stale.code, stale.body["reason"]) == (409, "Conflict")
    patched = server.ask("PATCH", f"{MAPS}/a", {"data": {"y": "3"}}, Content_Type=MERGE)
    assert patched.body["data"] == {"x": "2", "y": "3"}
    gone = server.ask("DELETE", f"{MAPS}/a")
    assert (gone.code, gone.body["status"]) == (200, "Success")
    missing = server.ask("GET", f"{MAPS}/a")
    assert missing.body == {
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "reason": "NotFound",
        "code": 404, "message": 'configmaps "a" not found', "details": {"name": "a", "kind": "configmaps"},
    }  # fmt: skip


def test_preconditions_guard_a_delete(server):
    """A delete with another uid is a conflict and deletes nothing."""
    server.ask("POST", MAPS, config("a"))
    options = {"kind": "DeleteOptions", "preconditions": {"uid": "other"}}
    assert server.ask("DELETE", f"{MAPS}/a", options).code == 409
    assert server.ask("GET", f"{MAPS}/a").code == 200


def test_a_collection_is_deleted_by_selector(server):
    """DELETE on a list deletes what the selector chooses, and only in that namespace."""
    for name in ("a", "b"):
        body = config(name)
        body["metadata"]["labels"] = {"n": name}
        server.ask("POST", MAPS, body)
    server.ask("DELETE", f"{MAPS}?labelSelector=n%3Da")
    assert [one["metadata"]["name"] for one in server.ask("GET", MAPS).body["items"]] == ["b"]


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "code"),
    [
        ("GET", "/apis/nothing.io/v1/things", None, {}, 404),
        ("GET", "/api/v1/things", None, {}, 404),
        ("GET", f"{PODS_PATH}/a/nonsense", None, {}, 404),
        ("POST", f"{PODS_PATH}/a", {}, {}, 405),
        ("PATCH", f"{MAPS}/a", {}, {"Content_Type": "text/plain"}, 415),
        ("POST", TFJOBS_PATH, b"k8s\0", {"Content_Type": "application/vnd.kubernetes.protobuf"}, 415),
        ("POST", MAPS, b"{", {}, 400),
        ("POST", MAPS, b"[]", {}, 400),
        ("POST", MAPS, b'{"metadata": {"name": "a"}, "data": {"x": NaN}}', {}, 400),
        ("POST", MAPS, b"a: &a [x]\nb: *a", {}, 400),
        ("POST", MAPS, b"[" * 100_000, {}, 400),
        ("POST", MAPS, {"kind": "Pod", "metadata": {"name": "a"}}, {}, 400),
        ("POST", MAPS, {"metadata": {}}, {}, 422),
        ("POST", MAPS, {"metadata": {"name": "A_b"}}, {}, 422),
        ("POST", MAPS, {"metadata": {"name": "a", "namespace": "other"}}, {}, 400),
        ("POST", MAPS, {"metadata": {"name": "a", "resourceVersion": "1"}}, {}, 400),
        ("POST", MAPS, {"metadata": {"name": "a"}, "data": {"x": 1}}, {}, 400),
        ("POST", f"{MAPS}?dryRun=Some", {"metadata": {"name": "a"}}, {}, 422),
        ("POST", "/api/v1/namespaces/none/configmaps", {"metadata": {"name": "a"}}, {}, 404),
        ("GET", f"{MAPS}?limit=many", None, {}, 400),
        ("GET", f"{MAPS}?labelSelector=a+b+c", None, {}, 400),
        ("GET", f"{MAPS}?watch=true&resourceVersion=x", None, {}, 400),
        ("GET", f"{MAPS}?watch=true&timeoutSeconds=x", None, {}, 400),
        ("GET", f"{MAPS}?continue=NQ==", None, {}, 400),
        ("POST", MAPS, b'{"metadata": {"name": "a"}, "data": {"x": 1e999}}', {}, 400),
        ("DELETE", f"{MAPS}/a", {"gracePeriodSeconds": "soon"}, {}, 400),
        ("DELETE", f"{MAPS}/a", {"preconditions": "none"}, {}, 400),
        ("PATCH", f"{MAPS}/a", {"data": {}}, {"Content_Type": "application/apply-patch+yaml"}, 422),
        ("DELETE", f"{MAPS}/a?propagationPolicy=Later", None, {}, 422),
    ],
)
def test_bad_requests_get_a_status(server, method, path, body, headers, code):
    """Whatever is wrong, the answer is a Status object with the right code and a sentence."""
    answer = server.ask(method, path, body, **headers)
    assert (answer.code, answer.body["kind"], answer.body["code"]) == (code, "Status", code)
    assert len(answer.body["message"]) > 10


def test_a_body_that_is_too_large_is_413(server):
    """Bodies above 3 MiB are refused before they are read into the store."""
    answer = server.ask("POST", MAPS, config("a", x="y" * 3_500_000))
    assert (answer.code, answer.body["reason"]) == (413, "RequestEntityTooLarge")


def test_yaml_is_read_too(server):
    """A body may be YAML or JSON."""
    text = b"metadata: {name: a}\ndata:\n  x: 'on'\n"
    assert server.ask("POST", MAPS, text, Content_Type="application/yaml").body["data"] == {"x": "on"}


def test_unknown_fields_are_refused_warned_about_or_dropped(server):
    """fieldValidation Strict is 400, Warn a Warning header, Ignore silent; the field is never kept."""
    body = {**pod(nodeNmae="x")}
    strict = server.ask("POST", f"{PODS_PATH}?fieldValidation=Strict", body)
    assert strict.code == 400
    assert 'strict decoding error: unknown field "spec.nodeNmae"' in strict.body["message"]
    warned = server.ask("POST", PODS_PATH, body)
    assert warned.headers.get_all("Warning") == ['299 - "unknown field \\"spec.nodeNmae\\""']
    ignored = server.ask("POST", f"{PODS_PATH}?fieldValidation=Ignore", {**body, "metadata": {"name": "b"}})
    assert (ignored.code, ignored.headers.get_all("Warning")) == (201, None)
    assert "nodeNmae" not in {**warned.body["spec"], **ignored.body["spec"]}


def test_repeated_keys_are_refused_or_warned_about(server):
    """Strict writes name keys that JSON has twice, others take the last value, with a warning or without."""
    body = b'{"metadata": {"name": "a", "labels": {"x": "1", "x": "2"}}, "data": {"k": "1"}, "data": {}}'
    strict = server.ask("POST", f"{MAPS}?fieldValidation=Strict", body)
    assert strict.code == 400
    told = ['duplicate field "data"', 'duplicate field "metadata.labels.x"']
    assert f"strict decoding error: {told[0]}, {told[1]}" in strict.body["message"]
    warned = server.ask("POST", MAPS, body)
    texts = [f'299 - "{one}"'.replace('field "', 'field \\"').replace('""', '\\""') for one in told]
    assert (warned.code, warned.headers.get_all("Warning")) == (201, texts)
    assert warned.body["metadata"]["labels"] == {"x": "2"}
    change = b'{"data": {"k": "1", "k": "2"}}'
    for path, code in ((f"{MAPS}/a?fieldValidation=Strict", 422), (f"{MAPS}/a?fieldValidation=Ignore", 200)):
        answer = server.ask("PATCH", path, change, Content_Type=MERGE)
        assert (answer.code, answer.headers.get_all("Warning")) == (code, None)


def test_answers_are_in_an_accepted_form(server, api):
    """The first form that the server writes is chosen; 406 if there is none."""
    api.create(CONFIGMAPS, config("a", x="1"))
    for accept in ("text/html", "application/json;as=Rows;g=meta.k8s.io;v=v1", "image/*, text/plain"):
        refused = server.ask("GET", MAPS, Accept=accept)
        assert (refused.code, refused.body["reason"]) == (406, "NotAcceptable")
        assert "application/yaml" in refused.body["message"]
    for accept in ("application/vnd.kubernetes.thrift, application/json", "text/html, */*;q=0.1"):
        assert server.ask("GET", MAPS, Accept=accept).body["kind"] == "ConfigMapList"
    found = server.ask("GET", f"{MAPS}/a", Accept="application/yaml")
    assert found.headers["Content-Type"].startswith("application/yaml")
    assert yaml.safe_load(found.body)["data"] == {"x": "1"}


def test_heads(server):
    """HEAD is answered where a cluster does so, by the health of the server alone."""
    with server.open("HEAD", "/healthz") as answer:
        assert (answer.status, answer.read()) == (200, b"")
    for path in ("/version", "/apis", MAPS):
        with pytest.raises(urllib.error.HTTPError) as refused:
            server.open("HEAD", path)
        refused.value.close()
        assert refused.value.code == 405


@pytest.mark.parametrize(("limit", "code"), [(2**63 - 1, 200), (10**17, 200), (2**63, 400), (-1, 200)])
def test_limits_may_be_huge(server, api, limit, code):
    """A limit of 64 bits is none, and a longer one is refused."""
    api.create(CONFIGMAPS, config("a"))
    answer = server.ask("GET", f"{MAPS}?limit={limit}")
    assert answer.code == code
    assert code != 200 or len(answer.body["items"]) == 1


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("sendInitialEvents=true", "sendInitialEvents is forbidden for list"),
        ("resourceVersionMatch=Exact", "forbidden unless resourceVersion is provided"),
        ("resourceVersionMatch=Newest&resourceVersion=1", 'Unsupported value: "Newest"'),
        ("watch=true&sendInitialEvents=true", "requires setting resourceVersionMatch to NotOlderThan"),
        ("watch=1&resourceVersionMatch=NotOlderThan", "forbidden for watch unless sendInitialEvents"),
    ],
)
def test_options_that_do_not_go_together_are_refused(server, query, words):
    """As a cluster does, with 422 and the option."""
    answer = server.ask("GET", f"{MAPS}?{query}")
    assert (answer.code, answer.body["reason"]) == (422, "Invalid")
    assert words in answer.body["message"]


def test_hostile_values_survive(server):
    """Quotes, newlines, unicode and lone surrogates come back byte for byte."""
    values = {"q": "\"'\\", "n": "a\nb\r\t", "u": "ü☃𝄞", "s": "\ud800", "z": "1e-3", "nul": "\x00"}
    assert server.ask("POST", MAPS, config("a", **values)).code == 201
    assert server.ask("GET", MAPS).body["items"][0]["data"] == values


def test_lists_go_page_by_page(server):
    """limit and continue give every object once, and say how many are left."""
    for index in range(5):
        server.ask("POST", MAPS, config(f"c-{index}"))
    first = server.ask("GET", f"{MAPS}?limit=3").body
    assert (first["kind"], len(first["items"]), first["metadata"]["remainingItemCount"]) == (
        "ConfigMapList",
        3,
        2,
    )
    token = first["metadata"]["continue"]
    rest = server.ask("GET", f"{MAPS}?limit=3&continue={token}").body
    names = [one["metadata"]["name"] for one in first["items"] + rest["items"]]
    assert (names, "continue" in rest["metadata"]) == ([f"c-{i}" for i in range(5)], False)


def test_a_table_has_the_columns_of_its_kind(server):
    """With a Table accept header a list is a table, its rows carry the metadata alone."""
    server.ask("POST", PODS_PATH, pod())
    table = server.ask("GET", PODS_PATH, Accept=TABLE).body
    titles = [one["name"] for one in table["columnDefinitions"] if not one["priority"]]
    assert (table["kind"], titles) == ("Table", ["Name", "Ready", "Status", "Restarts", "Age"])
    assert table["rows"][0]["cells"][:4] == ["a", "0/1", "Pending", "0"]
    assert table["rows"][0]["object"]["kind"] == "PartialObjectMetadata"
    bare = server.ask("GET", f"{PODS_PATH}?includeObject=None", Accept=TABLE).body
    assert "object" not in bare["rows"][0]


def test_metadata_can_be_asked_for_alone(server):
    """PartialObjectMetadataList leaves spec and status out."""
    server.ask("POST", PODS_PATH, pod())
    accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
    found = server.ask("GET", PODS_PATH, Accept=accept).body
    assert (found["kind"], found["items"][0].keys()) == (
        "PartialObjectMetadataList", {"kind", "apiVersion", "metadata"},
    )  # fmt: skip


def test_a_watch_starts_with_what_exists_and_goes_on(server, api):
    """Without a version a watch begins with ADDED for all, then streams the changes."""
    api.create(CONFIGMAPS, config("a"))
    with watching(server, f"{MAPS}?watch=true") as events:
        assert next(events)["object"]["metadata"]["name"] == "a"
        api.patch(CONFIGMAPS, "a", {"data": {"x": "1"}})
        api.create(PODS, pod())
        api.delete(CONFIGMAPS, "a")
        seen = [next(events) for _ in range(2)]
    assert [one["type"] for one in seen] == ["MODIFIED", "DELETED"]


def test_a_watch_resumes_where_it_was_cut(server, api):
    """A watch from version N gives every change after N, none twice."""
    version = server.ask("GET", MAPS).body["metadata"]["resourceVersion"]
    for name in ("a", "b"):
        api.create(CONFIGMAPS, config(name))
    with watching(server, f"{MAPS}?watch=true&resourceVersion={version}") as events:
        seen = [next(events)["object"]["metadata"] for _ in range(2)]
    assert [one["name"] for one in seen] == ["a", "b"]
    with watching(server, f"{MAPS}?watch=true&resourceVersion={seen[0]['resourceVersion']}") as events:
        assert next(events)["object"]["metadata"]["name"] == "b"
        api.create(CONFIGMAPS, config("c"))
        assert next(events)["object"]["metadata"]["name"] == "c"


def test_a_watch_from_a_forgotten_version_is_410(server, api, monkeypatch):
    """The event is ERROR with a Status 410 Expired, then the stream ends."""
    monkeypatch.setattr("arena.local.api.store.KEEP", 100)
    version = server.ask("GET", MAPS).body["metadata"]["resourceVersion"]
    for index in range(3):
        api.create(CONFIGMAPS, config(f"c-{index}", x="y" * 200))
    with watching(server, f"{MAPS}?watch=true&resourceVersion={version}") as events:
        (event,) = list(events)
    assert (event["type"], event["object"]["code"], event["object"]["reason"]) == ("ERROR", 410, "Expired")


def test_a_watch_follows_its_selector(server, api):
    """An object that begins to match is ADDED, one that no longer does is DELETED, others are silent."""
    version = api.store.version
    path = f"{MAPS}?watch=true&labelSelector=on%3Dyes&resourceVersion={version}"
    with watching(server, path) as events:
        api.create(CONFIGMAPS, config("other"))
        api.create(CONFIGMAPS, config("a"))
        for value in ("yes", "no", "yes"):
            api.patch(CONFIGMAPS, "a", {"metadata": {"labels": {"on": value}}})
        api.delete(CONFIGMAPS, "a")
        seen = [next(events) for _ in range(4)]
    assert [one["type"] for one in seen] == ["ADDED", "DELETED", "ADDED", "DELETED"]


def test_a_watch_of_one_object_selects_by_name(server, api):
    """fieldSelector metadata.name, and the path of an object, watch that object alone."""
    for path in (f"{MAPS}?watch=true&fieldSelector=metadata.name%3Db", f"{MAPS}/b?watch=true"):
        for name in ("a", "b"):
            api.create(CONFIGMAPS, config(name))
        with watching(server, path) as events:
            assert next(events)["object"]["metadata"]["name"] == "b"
        for name in ("a", "b"):
            api.delete(CONFIGMAPS, name)


def test_a_watch_gives_tables(server, api):
    """In a table watch only the first event names the columns."""
    with watching(server, f"{PODS_PATH}?watch=true", Accept=TABLE) as events:
        api.create(PODS, pod())
        api.create(PODS, pod("b"))
        first, second = next(events)["object"], next(events)["object"]
    assert (len(first["columnDefinitions"]), len(second["columnDefinitions"])) == (9, 0)
    assert second["rows"][0]["cells"][0] == "b"


def test_a_watch_ends_in_time_with_a_bookmark(server, api):
    """timeoutSeconds ends the watch; with bookmarks, the client learns the version that it reached."""
    began = time.monotonic()
    path = f"{MAPS}?watch=true&timeoutSeconds=1&allowWatchBookmarks=true&resourceVersion={api.store.version}"
    with watching(server, path) as events:
        (event,) = list(events)
    assert 0.9 < time.monotonic() - began < 60
    assert (event["type"], event["object"]["metadata"]) == (
        "BOOKMARK", {"resourceVersion": str(api.store.version)},
    )  # fmt: skip


def test_a_watch_can_list_first(server, api):
    """sendInitialEvents lists in the stream and marks the end of the list."""
    api.create(CONFIGMAPS, config("a"))
    path = (
        f"{MAPS}?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    )
    with watching(server, path) as events:
        added, mark = next(events), next(events)
    assert (added["type"], mark["type"]) == ("ADDED", "BOOKMARK")
    assert mark["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


def test_a_watch_sends_what_exists_only_if_it_should(server, api):
    """With sendInitialEvents an older version repeats nothing, and `false` begins with the next change."""
    path = f"{MAPS}?watch=true&resourceVersionMatch=NotOlderThan&timeoutSeconds=60&sendInitialEvents="
    begin = api.store.version
    api.create(CONFIGMAPS, config("a"))
    api.patch(CONFIGMAPS, "a", {"data": {"x": "1"}})
    with (
        watching(server, f"{path}true&resourceVersion={begin}") as told,
        watching(server, f"{path}false") as new,
    ):
        assert [next(told)["type"] for _ in range(2)] == ["ADDED", "BOOKMARK"]
        api.create(CONFIGMAPS, config("b"))
        assert next(told)["object"]["metadata"]["name"] == "b"
        assert next(new)["object"]["metadata"]["name"] == "b"


def test_a_watch_that_has_begun_misses_nothing(server, api, monkeypatch):
    """A client that has seen the headers gets the change that comes right after them."""
    prepare = web.StreamResponse.prepare

    async def prepared(self, request):
        await prepare(self, request)
        if "watch" in request.query:
            api.create(CONFIGMAPS, config("b"))

    monkeypatch.setattr(web.StreamResponse, "prepare", prepared)
    options = "watch=true&resourceVersionMatch=NotOlderThan&sendInitialEvents=false&timeoutSeconds=60"
    with watching(server, f"{MAPS}?{options}") as told:
        assert next(told)["object"]["metadata"]["name"] == "b"


def test_faults_strike_on_demand(server, api):
    """Tests can make the server refuse, hang up and drop watches, as often as they say."""
    server.faults += [Fault(path="configmaps", code=429, retry_after=7), Fault(path="configmaps", cut=True)]
    refused = server.ask("GET", MAPS)
    assert (refused.code, refused.headers["Retry-After"]) == (429, "7")
    with pytest.raises(ConnectionError):
        server.ask("GET", MAPS)
    assert server.ask("GET", MAPS).code == 200
    server.faults.append(Fault(path="watch=true", cut_after=0.05))
    with watching(server, f"{MAPS}?watch=true") as events:
        assert list(events) == []


def test_a_pod_is_bound_by_a_binding(server):
    """POST binding sets the node once; a second binding is a conflict."""
    server.ask("POST", PODS_PATH, pod())
    binding = {"kind": "Binding", "apiVersion": "v1", "metadata": {"name": "a"}, "target": {"name": "local"}}
    assert server.ask("POST", f"{PODS_PATH}/a/binding", binding).code == 201
    assert server.ask("GET", f"{PODS_PATH}/a").body["spec"]["nodeName"] == "local"
    assert server.ask("POST", f"{PODS_PATH}/a/binding", binding).code == 409


def test_a_status_is_put_by_itself(server):
    """PUT and PATCH of the status subresource leave the spec alone, and reach cluster-wide types."""
    server.ask("POST", "/api/v1/nodes", {"metadata": {"name": "n"}})
    change = {"spec": {"unschedulable": True}, "status": {"phase": "x"}}
    answer = server.ask("PATCH", "/api/v1/nodes/n/status", change, Content_Type=MERGE)
    assert (answer.body["status"]["phase"], answer.body["spec"]) == ("x", {})
    assert answer.body["status"]["nodeInfo"]["osImage"] == ""
    assert server.api.get(NODES, "n")["status"] == answer.body["status"]


def test_discovery_agrees_with_itself(server):
    """Aggregated and plain discovery list the same types with the same verbs."""
    accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
    for path in ("/api", "/apis"):
        answer = server.ask("GET", path, Accept=accept)
        assert "as=APIGroupDiscoveryList" in answer.headers["Content-Type"]
        for group in answer.body["items"]:
            for version in group["versions"]:
                name = group["metadata"].get("name")
                where = f"/apis/{name}/{version['version']}" if name else "/api/v1"
                plain = {one["name"]: one for one in server.ask("GET", where).body["resources"]}
                for one in version["resources"]:
                    assert plain[one["resource"]]["verbs"] == one["verbs"]
                    for sub in one.get("subresources", []):
                        assert plain[f"{one['resource']}/{sub['subresource']}"]["verbs"] == sub["verbs"]


def test_a_long_list_is_quick(server, api):
    """2,000 objects of 4 KB leave the server for well under a second of work: stored text is passed on."""
    body = config("a", x="y" * 3800)
    with api.store.transaction():
        for index in range(2000):
            api.create(CONFIGMAPS, {**body, "metadata": {"name": f"c-{index:04}"}})
    times = []
    for _ in range(3):
        began = time.process_time()
        with server.open("GET", MAPS) as response:
            size = len(response.read())
        times.append(time.process_time() - began)
    assert size > 8_000_000
    assert min(times) < 0.5
