"""Rights on the local cluster: the owner may do everything, whoever is impersonated what bindings grant."""

import json

import kubectl as judge
import pytest

from arena.local.api.rbac import attributes, rules, users
from arena.local.api.rbac.attributes import Attributes

RBAC = "/apis/rbac.authorization.k8s.io/v1"
REVIEWS = "/apis/authorization.k8s.io/v1"
BOT = "system:serviceaccount:default:bot"
PODS = "/api/v1/namespaces/default/pods"


def grant(server, name, rules, *subjects, namespace="default", role=""):
    """A role with these rules for the subjects, in a namespace or, with "", in all of the cluster."""
    kind, base = ("Role", f"{RBAC}/namespaces/{namespace}/") if namespace else ("ClusterRole", f"{RBAC}/")
    if rules:
        path = f"{base}{kind.lower()}s"
        assert server.ask("POST", path, {"metadata": {"name": name}, "rules": rules}).code == 201
    binding = {
        "metadata": {"name": name},
        "roleRef": {"kind": "ClusterRole" if role else kind, "name": role or name},
        "subjects": list(subjects),
    }
    assert server.ask("POST", f"{base}{kind.lower()}bindings", binding).code == 201


def user(name):
    return {"kind": "User", "name": name}


def rule(verbs, resources, groups="", **more):
    return {"verbs": verbs.split(), "resources": resources.split(), "apiGroups": groups.split(",")} | more


def pod(name):
    return {"metadata": {"name": name}, "spec": {"containers": [{"name": "main", "image": "i"}]}}


def test_the_owner_may_do_everything(server):
    """Without impersonation no binding is needed, and a review says so."""
    assert server.ask("POST", PODS, pod("a")).code == 201
    review = {"spec": {"resourceAttributes": {"verb": "*", "group": "*", "resource": "*"}}}
    assert server.ask("POST", f"{REVIEWS}/selfsubjectaccessreviews", review).body["status"] == {
        "allowed": True
    }


@pytest.mark.parametrize(
    ("method", "path", "message"),
    [
        ("GET", PODS, 'pods is forbidden: User "x" cannot list resource "pods" in API group "" in the '
         'namespace "default"'),
        ("GET", f"{PODS}?watch=1", 'pods is forbidden: User "x" cannot watch resource "pods" in API group "" '
         'in the namespace "default"'),
        ("GET", "/api/v1/pods", 'pods is forbidden: User "x" cannot list resource "pods" in API group "" at '
         "the cluster scope"),
        ("DELETE", f"{PODS}/a", 'pods "a" is forbidden: User "x" cannot delete resource "pods" in API group '
         '"" in the namespace "default"'),
        ("DELETE", PODS, 'pods is forbidden: User "x" cannot deletecollection resource "pods" in API group '
         '"" in the namespace "default"'),
        ("GET", f"{PODS}/a/log", 'pods "a" is forbidden: User "x" cannot get resource "pods/log" in API '
         'group "" in the namespace "default"'),
        ("PATCH", "/apis/kubeflow.org/v1/namespaces/t/tfjobs/j", 'tfjobs.kubeflow.org "j" is forbidden: User '
         '"x" cannot patch resource "tfjobs" in API group "kubeflow.org" in the namespace "t"'),
        ("GET", "/api/v1/namespaces/t", 'namespaces "t" is forbidden: User "x" cannot get resource '
         '"namespaces" in API group "" in the namespace "t"'),
        ("GET", "/apis/no.such/v1/things", 'things.no.such is forbidden: User "x" cannot list resource '
         '"things" in API group "no.such" at the cluster scope'),
        ("GET", "/metrics", 'forbidden: User "x" cannot get path "/metrics"'),
    ],
)  # fmt: skip
def test_refusals(server, method, path, message):
    """What no binding grants is refused in the words of Kubernetes, whether or not it exists."""
    body = {} if method == "PATCH" else None
    code, _, status = server.ask(method, path, body, Impersonate_User="x")
    assert (code, status["code"], status["reason"]) == (403, 403, "Forbidden")
    assert status["message"] == message


def test_discovery_is_for_everybody_who_logs_in(server):
    """`system:discovery` grants it to all but the anonymous, until an administrator removes the binding."""
    assert server.ask("GET", "/apis", Impersonate_User="x").code == 200
    assert server.ask("GET", "/apis", Impersonate_User="system:anonymous").code == 403
    server.ask("DELETE", f"{RBAC}/clusterrolebindings/system:discovery")
    assert server.ask("GET", "/apis", Impersonate_User="x").code == 403


def test_a_role_grants_what_it_names_and_nothing_else(server):
    """Namespace, verb, subresource and names of objects."""
    server.ask("POST", "/api/v1/namespaces", {"metadata": {"name": "other"}})
    for name in ("a", "b"):
        assert server.ask("POST", PODS, pod(name)).code == 201
    one = [rule("get", "pods", resourceNames=["a"]), rule("list create", "pods"), rule("get", "*/status")]
    grant(server, "few", one, user("x"))

    def code(method, path, body=None):
        return server.ask(method, path, body, Impersonate_User="x").code

    assert [code("GET", f"{PODS}/{name}") for name in ("a", "b")] == [200, 403]
    assert [code("GET", f"{PODS}/b/{part}") for part in ("status", "log")] == [200, 403]
    assert [code("GET", path) for path in (PODS, "/api/v1/namespaces/other/pods", "/api/v1/pods")] == [
        200,
        403,
        403,
    ]
    assert code("POST", PODS, pod("c")) == 201
    assert code("DELETE", f"{PODS}/c") == 403
    assert server.ask("GET", f"{PODS}/a", Impersonate_User="y").code == 403


def test_a_server_side_apply_that_creates_needs_both_verbs(server):
    """patch alone changes what exists."""
    grant(server, "patcher", [rule("patch", "configmaps")], user("x"))
    path = "/api/v1/namespaces/default/configmaps/c?fieldManager=m"
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}
    more = {"Content_Type": "application/apply-patch+yaml", "Impersonate_User": "x"}
    code, _, status = server.ask("PATCH", path, body, **more)
    assert (code, "cannot create resource" in status["message"]) == (403, True)
    assert server.ask("POST", "/api/v1/namespaces/default/configmaps", body).code == 201
    assert server.ask("PATCH", path, body, **more).code == 200


@pytest.mark.parametrize(
    ("subject", "headers"),
    [
        ({"kind": "Group", "name": "team"}, {"Impersonate_User": "x", "Impersonate_Group": "team"}),
        ({"kind": "Group", "name": "system:authenticated"}, {"Impersonate_User": "x"}),
        ({"kind": "ServiceAccount", "name": "bot"}, {"Impersonate_User": BOT}),
        ({"kind": "Group", "name": "system:serviceaccounts:default"}, {"Impersonate_User": BOT}),
    ],
)  # fmt: skip
def test_subjects(server, subject, headers):
    """Groups and service accounts have the rights of their bindings."""
    assert server.ask("GET", PODS, **headers).code == 403
    grant(server, "readers", (), subject, role="view")
    assert server.ask("GET", PODS, **headers).code == 200


def test_the_masters_may_do_everything(server):
    """Also as somebody else."""
    assert server.ask("GET", PODS, Impersonate_User="x", Impersonate_Group="system:masters").code == 200


def test_impersonation_of_nobody(server):
    """A group without a user is an error, not the owner."""
    code, _, status = server.ask("GET", PODS, Impersonate_Group="team")
    assert (code, status["reason"]) == (500, "InternalError")
    assert status["message"] == "requested [impersonate-group: team] without impersonating a user"


def test_a_cluster_role_of_all_namespaces(server):
    """A ClusterRoleBinding grants it everywhere, also paths; a missing role is said in the refusal."""
    more = [rule("list", "pods nodes"), {"nonResourceURLs": ["/metrics*"], "verbs": ["get"]}]
    grant(server, "seer", more, user("x"), namespace="")
    for path in ("/api/v1/pods", "/api/v1/nodes", PODS):
        assert server.ask("GET", path, Impersonate_User="x").code == 200
    assert server.ask("GET", "/metrics/cadvisor", Impersonate_User="x").code == 404
    grant(server, "lost", (), user("x"), namespace="", role="gone")
    message = server.ask("GET", "/api/v1/events", Impersonate_User="x").body["message"]
    assert message.endswith(': RBAC: clusterrole.rbac.authorization.k8s.io "gone" not found')


def test_aggregated_roles(server):
    """A ClusterRole has the rules of those that its selectors find, also indirectly and in a circle."""
    for name, rules_, found in (("top", [], "middle"), ("middle", [], "leaf"), ("leaf", ["pods"], "top")):
        body = {
            "metadata": {"name": name, "labels": {"is": name}},
            "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"is": found}}]},
            "rules": [rule("list", one) for one in rules_],
        }
        assert server.ask("POST", f"{RBAC}/clusterroles", body).code == 201
    grant(server, "all", (), user("x"), role="top")
    assert server.ask("GET", PODS, Impersonate_User="x").code == 200


def test_nobody_grants_more_than_they_have(server):
    """Roles and bindings grant at most what their writer may do, unless it may escalate or bind."""
    write = rule("create update patch", "roles rolebindings", RBAC.split("/")[2])
    grant(server, "writer", [write, rule("get", "pods pods/log")], user("x"))
    path = f"{RBAC}/namespaces/default"

    def put(plural, name, **body):
        code, _, status = server.ask("POST", f"{path}/{plural}", {"metadata": {"name": name}, **body},
                                     Impersonate_User="x")  # fmt: skip
        return code, status.get("message", "")

    assert put("roles", "same", rules=[rule("get", "pods", resourceNames=["a"])])[0] == 201
    for more in (rule("get list", "pods"), rule("get", "*"), rule("*", "pods"), rule("get", "pods", "apps")):
        code, message = put("roles", "more", rules=[more])
        assert (code, "permissions not currently held" in message) == (403, True)
    assert server.ask("GET", f"{path}/roles/more").code == 404
    mine = {"rules": [write, rule("*", "*", "*")]}
    merge = {"Content_Type": "application/merge-patch+json", "Impersonate_User": "x"}
    assert server.ask("PATCH", f"{path}/roles/writer", mine, **merge).code == 403
    admin = {"roleRef": {"kind": "ClusterRole", "name": "admin"}, "subjects": [user("x")]}
    code, message = put("rolebindings", "up", **admin)
    assert (code, '{APIGroups:[""], Resources:["secrets"' in message) == (403, True)
    assert put("rolebindings", "none", roleRef={"kind": "Role", "name": "none"})[0] == 404
    assert put("rolebindings", "same", roleRef={"kind": "Role", "name": "same"})[0] == 201
    bind = rule("bind", "clusterroles", RBAC.split("/")[2], resourceNames=["admin"])
    grant(server, "binder", [bind], user("x"))
    assert put("rolebindings", "up", **admin)[0] == 201


def test_reviews(server):
    """Everybody may ask what they may do; others may be asked about by those who may do so."""
    grant(server, "few", [rule("get list", "pods"), rule("get", "pods/log")], user("x"))

    def ask(kind, spec, **headers):
        code, _, body = server.ask("POST", f"{REVIEWS}/{kind}", {"spec": spec}, **headers)
        return body["status"] if code == 201 else (code, body["message"])

    about = {"namespace": "default", "verb": "list", "resource": "pods"}
    mine = ask("selfsubjectaccessreviews", {"resourceAttributes": about}, Impersonate_User="x")
    reason = 'RBAC: allowed by RoleBinding "few/default" of Role "few" to User "x"'
    assert mine == {"allowed": True, "reason": reason}
    about["subresource"] = "log"
    assert ask("selfsubjectaccessreviews", {"resourceAttributes": about}, Impersonate_User="x") == {
        "allowed": False
    }
    path = {"nonResourceAttributes": {"verb": "get", "path": "/apis"}}
    assert ask("selfsubjectaccessreviews", path, Impersonate_User="x")["allowed"]
    about = {"namespace": "default", "verb": "get", "resource": "pods"}
    spec = {"resourceAttributes": about, "user": "x"}
    assert ask("subjectaccessreviews", spec)["allowed"]
    assert ask("subjectaccessreviews", spec, Impersonate_User="x")[0] == 403
    assert ask("subjectaccessreviews", {"resourceAttributes": about})[0] == 422
    assert ask("selfsubjectaccessreviews", {})[0] == 422
    assert ask("selfsubjectrulesreviews", {}) == (400, "no namespace on request")
    found = ask("selfsubjectrulesreviews", {"namespace": "default"}, Impersonate_User="x")
    assert {"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods"]} in found["resourceRules"]
    assert found["incomplete"] is False
    assert any("/apis/*" in one["nonResourceURLs"] for one in found["nonResourceRules"])


@pytest.mark.parametrize(
    ("plural", "body", "field"),
    [
        ("roles", {"rules": [{"verbs": [], "resources": ["pods"], "apiGroups": [""]}]}, "rules[0].verbs"),
        ("roles", {"rules": [{"verbs": ["get"], "nonResourceURLs": ["/x"]}]}, "rules[0].nonResourceURLs"),
        ("roles", {"rules": [{"verbs": ["get"], "resources": ["pods"]}]}, "rules[0].apiGroups"),
        ("rolebindings", {}, "roleRef.kind"),
        ("rolebindings", {"roleRef": {"kind": "Thing", "name": "a"}}, "roleRef.kind"),
        ("rolebindings", {"roleRef": {"kind": "Role", "name": "a"}, "subjects": [{"kind": "X", "name": "b"}]},
         "subjects[0].kind"),
    ],
)  # fmt: skip
def test_roles_that_are_none(server, plural, body, field):
    """Roles and bindings are refused where Kubernetes refuses them."""
    path = f"{RBAC}/namespaces/default/{plural}"
    code, _, status = server.ask("POST", path, {"metadata": {"name": "a:b"}, **body})
    assert code == 422
    assert field in [one["field"] for one in status["details"]["causes"]]


@judge.needed
def test_kubectl_asks_as_somebody_else(server, tmp_path):
    """`auth can-i`, its list, and the commands that make roles."""
    (tmp_path / "kubeconfig").write_text(server.kubeconfig())
    kubectl = judge.Kubectl(tmp_path / "kubeconfig", tmp_path)
    assert kubectl("auth can-i delete pods") == "yes\n"
    assert kubectl.run("auth", "can-i", "list", "pods", "--as", "x").stdout == "no\n"
    refused = kubectl("get pods --as x", fails=True)
    assert 'User "x" cannot list resource "pods" in API group "" in the namespace "default"' in refused
    manifest = [
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "reader"},
         "rules": [rule("get list", "pods pods/log"), rule("get", "secrets", resourceNames=["s"])]},
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "reader"},
         "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
         "subjects": [user("x") | {"apiGroup": "rbac.authorization.k8s.io"}]},
    ]  # fmt: skip
    for one in manifest:
        kubectl("apply -f -", stdin=json.dumps(one))
    assert kubectl("auth can-i list pods --as x") == "yes\n"
    assert kubectl("auth can-i get secrets/s --as x") == "yes\n"
    assert "No resources found" in kubectl.run("get", "pods", "--as", "x").stderr
    listed = judge.words(kubectl("auth can-i --list --as x"))
    assert ["pods/log", "[]", "[]", "[get", "list]"] in listed
    assert ["secrets", "[]", "[s]", "[get]"] in listed
    kubectl("create role writer --verb=create --resource=jobs.batch,pods/exec --resource-name=a")
    kubectl("create rolebinding writer --role=writer --user=y --serviceaccount=default:bot")
    for who in ("y", "system:serviceaccount:default:bot"):
        assert kubectl(f"auth can-i create jobs.batch/a --as {who}") == "yes\n"
        assert kubectl.run("auth", "can-i", "create", "jobs.batch/b", "--as", who).stdout == "no\n"
    assert judge.words(kubectl("get rolebindings -o wide"))[1][:2] == ["reader", "Role/reader"]
    assert "cluster-admin" in kubectl("get clusterroles")


@pytest.mark.parametrize(
    ("granted", "wanted", "expected"),
    [
        (rule("*", "*", "*"), Attributes("get", "a", "b", "c"), True),
        (rule("get", "pods"), Attributes("get", "", "pods", "log"), False),
        (rule("get", "pods/*"), Attributes("get", "", "pods", "log"), False),
        (rule("get", "*/log"), Attributes("get", "", "pods", "log"), True),
        (rule("get", "*", "apps"), Attributes("get", "", "pods"), False),
        (rule("get", "pods", resourceNames=["a"]), Attributes("get", "", "pods"), False),
        (rule("*", "*", "*"), Attributes("get", path="/x"), False),
        ({"verbs": ["get"], "nonResourceURLs": ["/a/*"]}, Attributes("get", path="/a/b"), True),
        ({"verbs": ["get"], "nonResourceURLs": ["/a/*"]}, Attributes("get", path="/a"), False),
    ],
)
def test_rules(granted, wanted, expected):
    """What a rule covers."""
    assert rules.covers(granted, wanted) is expected


def test_attributes_of_named_lists():
    """A list or watch of one object by its field is one of that name."""
    query = {"watch": "true", "fieldSelector": "metadata.name=a"}
    assert attributes.of("GET", PODS, query) == Attributes("watch", "", "pods", "", "a", "default")


@pytest.mark.parametrize("body", [b"k8s\0", b"k8s\0\x0a\x05", b"k8s\0\xff\xff", b"k8s\0\x08\x01"])
def test_bodies_that_are_no_protobuf(server, body):
    """A damaged body is 400."""
    path, form = f"{REVIEWS}/selfsubjectaccessreviews", "application/vnd.kubernetes.protobuf"
    assert server.ask("POST", path, body, Content_Type=form).code == 400


def test_groups_that_follow_from_a_name():
    """As Kubernetes adds them."""
    assert users.known("x", ["a"]).groups == ("a", "system:authenticated")
    assert users.known("system:anonymous", []).groups == ("system:unauthenticated",)
    assert users.known("x", ["system:unauthenticated"]).groups == ("system:unauthenticated",)


@judge.needed
def test_kubectl_asks_who_it_is(server, tmp_path):
    """`auth whoami` names the owner of the cluster, or the user who is impersonated, with their groups."""
    (tmp_path / "kubeconfig").write_text(server.kubeconfig())
    kubectl = judge.Kubectl(tmp_path / "kubeconfig", tmp_path)
    assert ["Username", "system:admin"] in judge.words(kubectl("auth whoami"))
    found = judge.words(kubectl("auth whoami --as x --as-group team"))
    assert ["Username", "x"] in found
    assert ["Groups", "[team", "system:authenticated]"] in found


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"spec": {"resourceAttributes": {"verbs": "get"}}}, 'unknown field "spec.resourceAttributes.verbs"'),
        (
            {"spec": {"resourceAttributes": {"verb": 1}}},
            "spec.resourceAttributes.verb in body must be of type",
        ),
    ],
)
def test_reviews_that_cannot_be_read(server, body, words):
    """Reviews are read as all objects are: misspelt fields are refused when strict, as are other types."""
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews?fieldValidation=Strict"
    answer = server.ask("POST", path, body)
    assert answer.code == 400
    assert words in answer.body["message"]


def test_reviews_of_tokens(server):
    """Nobody has a token, which the answer says; a review without one is no review."""
    path, about = "/apis/authentication.k8s.io/v1/tokenreviews", {"kind": "TokenReview"}
    answer = server.ask("POST", path, {**about, "spec": {"token": "abc"}})
    assert (answer.code, answer.body["status"]["user"]) == (201, {})
    assert "authenticated" not in answer.body["status"]
    assert "invalid bearer token" in answer.body["status"]["error"]
    assert server.ask("POST", path, {**about, "spec": {}}).code == 400
