"""Kubeconfig files and the credentials in them."""

import json
import os
import subprocess
import sys
from base64 import b64encode
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml
from servers import read, says

from arena.errors import SpecError
from arena.kube import credentials, kubeconfig, proxies, service_account
from arena.kube.endpoint import Endpoint
from arena.kube.transport import Transport

SERVER = {"server": "https://10.0.0.1:6443", "insecure-skip-tls-verify": True}


def config(user: dict | None = None, cluster: dict | None = None, name: str = "prod", **context) -> dict:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "clusters": [{"name": "c", "cluster": SERVER if cluster is None else cluster}],
        "users": [{"name": "u", "user": user}] if user is not None else [],
        "contexts": [
            {
                "name": name,
                "context": {"cluster": "c", **({"user": "u"} if user is not None else {}), **context},
            }
        ],
    }


def write(path: Path, data: dict | str) -> Path:
    path.write_text(data if isinstance(data, str) else yaml.safe_dump(data))
    return path


def endpoint(tmp_path: Path, user: dict | None = None, cluster: dict | None = None):
    return credentials.load(kubeconfig.read([write(tmp_path / "config", config(user, cluster))]))


def test_the_current_context_is_read(tmp_path):
    """Server, user and namespace come from the current context."""
    found = kubeconfig.read([write(tmp_path / "config", config({"token": "t"}, namespace="team-a"))])
    assert (found.name, found.namespace, found.cluster, found.user) == (
        "prod",
        "team-a",
        SERVER,
        {"token": "t"},
    )


def test_secrets_do_not_show(tmp_path):
    """Neither a context nor an endpoint shows its credentials when it is printed."""
    found = kubeconfig.read([write(tmp_path / "config", config({"token": "s3cret"}))])
    assert "s3cret" not in repr(found) + repr(credentials.load(found))


def test_several_files_are_one(tmp_path):
    """Of several files, the first one that has a value wins; missing files are skipped."""
    one = config({"token": "one"}, name="a", namespace="first")
    two = config({"token": "two"}, name="a", namespace="second")
    two["contexts"].append({"name": "b", "context": {"cluster": "c", "user": "u"}})
    files = [tmp_path / "missing", write(tmp_path / "1", one), write(tmp_path / "2", two)]
    assert kubeconfig.read(files).namespace == "first"
    other = kubeconfig.read(files, "b")
    assert other.user == {"token": "one"}


def test_relative_paths_belong_to_their_file(tmp_path, monkeypatch):
    """Paths of certificates and plug-ins are relative to the kubeconfig that contains them."""
    user = {"client-certificate": "pki/me.pem", "exec": {"command": "./login", "apiVersion": "v1"}}
    monkeypatch.chdir("/")
    found = kubeconfig.read([write(tmp_path / "config", config(user))])
    assert found.user["client-certificate"] == str(tmp_path / "pki/me.pem")
    assert os.path.normpath(found.user["exec"]["command"]) == str(tmp_path / "login")


@pytest.mark.parametrize(("text", "message"), [
    ("", "is empty"),
    ("# nothing\n", "is empty"),
    ("[1, 2]", "is not a kubeconfig"),
    ("just words", "is not a kubeconfig"),
    ("a: 1\nb: ]", r"is not valid YAML \(line 2\)"),
    ("\x00", "is not valid YAML"),
    ("contexts: 3\ncurrent-context: a", "contexts is not a list"),
    ("contexts: [{context: {}}]\ncurrent-context: a", "a context has no name"),
    ("contexts: []", "has no current context"),
    ("{}", "has no current context"),
    (json.dumps(config() | {"current-context": "other"}), 'has no context "other"'),
    (json.dumps(config() | {"clusters": []}), "names a cluster without a server"),
    (json.dumps(config({}) | {"users": []}), 'names the user "u", which does not exist'),
])  # fmt: skip
def test_a_wrong_file_is_an_error(tmp_path, text, message):
    """Errors of a configured file contain the file's name and a hint."""
    path = write(tmp_path / "config", text)
    with pytest.raises(SpecError, match=message) as caught:
        kubeconfig.read([path])
    assert str(path) in str(caught.value)
    assert caught.value.hint


def test_missing_and_unreadable_files_are_errors(tmp_path):
    """A file that is not there, or that is a folder, is an error."""
    with pytest.raises(SpecError, match="there is no kubeconfig"):
        kubeconfig.read([tmp_path / "missing"])
    with pytest.raises(SpecError, match="cannot be read"):
        kubeconfig.read([tmp_path])


def test_an_unknown_context_lists_the_known_ones(tmp_path):
    """The hint names the contexts that there are."""
    with pytest.raises(SpecError) as caught:
        kubeconfig.read([write(tmp_path / "config", config())], "prd")
    assert "prod" in caught.value.hint


def test_of_many_contexts_the_likely_one_is_named(tmp_path):
    """A misspelt name is corrected; of hundreds of contexts the hint names some and counts the others."""
    data = config()
    data["contexts"] = [{"name": f"team-{n}", "context": {"cluster": "c"}} for n in range(500)]
    path = write(tmp_path / "config", data)
    with pytest.raises(SpecError) as caught:
        kubeconfig.read([path], "taem-123")
    assert caught.value.hint.startswith('did you mean "team-123"? it has: team-0, team-1, ')
    assert caught.value.hint.endswith(" and 490 more")
    assert len(caught.value.hint) < 200
    data["current-context"] = ""
    with pytest.raises(SpecError) as caught:
        kubeconfig.read([write(path, data)])
    assert len(caught.value.hint) < 200


def test_an_empty_file_is_skipped(tmp_path):
    """Of several files an empty one is skipped, as a missing one is, unless there is no other."""
    empty, full = write(tmp_path / "empty", "# later\n"), write(tmp_path / "full", config({"token": "t"}))
    assert kubeconfig.read([empty, full]).user == {"token": "t"}
    assert kubeconfig.contexts([empty, full]) == ["prod"]
    with pytest.raises(SpecError, match=f"the kubeconfig {empty}, {empty} is empty"):
        kubeconfig.read([empty, empty])


@pytest.mark.parametrize(("user", "header"), [
    ({"token": "abc"}, {"Authorization": "Bearer abc"}),
    ({"username": "me", "password": "pw"}, {"Authorization": "Basic bWU6cHc="}),
    ({}, {}),
])  # fmt: skip
def test_credentials_become_headers(tmp_path, user, header):
    """Tokens and passwords are sent as the kubeconfig says."""
    assert endpoint(tmp_path, user).headers() == header


def test_impersonation_is_sent(stage, tmp_path):
    """A request says as which user, with which groups and other claims an administrator acts."""
    extra = {"Example.com/scopes": ["a", "b"], "reason": ["test"]}
    user = {
        "token": "abc",
        "as": "bob",
        "as-uid": "7",
        "as-groups": ["devs", "ops, all"],
        "as-user-extra": extra,
    }
    stage.answers = [says(200, {"kind": "PodList"})]
    found = endpoint(tmp_path, user, {"server": stage.url})
    Transport(lambda: found).json(read())
    [(_, _, headers, _)] = stage.requests
    assert [(name, value) for name, value in headers.items() if name.startswith(("Imp", "Auth"))] == [
        ("Authorization", "Bearer abc"),
        ("Impersonate-User", "bob"),
        ("Impersonate-Uid", "7"),
        ("Impersonate-Group", "devs"),
        ("Impersonate-Group", "ops, all"),
        ("Impersonate-Extra-Example.com%2Fscopes", "a"),
        ("Impersonate-Extra-Example.com%2Fscopes", "b"),
        ("Impersonate-Extra-reason", "test"),
    ]


@pytest.mark.parametrize(("cluster", "message"), [
    ({"server": "https://ü..test"}, "server is not a valid address"),
    ({"server": "https://.test:6443"}, "server is not a valid address"),
    ({"server": "https://10.0.0.1/☃"}, "server is not a valid address"),
    ({"tls-server-name": ".test"}, "tls-server-name is not a host name"),
    ({"tls-server-name": "."}, "tls-server-name is not a host name"),
    ({"tls-server-name": "ü..test"}, "tls-server-name is not a host name"),
    ({"tls-server-name": "a\0b"}, "tls-server-name is not a host name"),
])  # fmt: skip
def test_a_name_that_no_server_has_is_an_error(tmp_path, cluster, message):
    """Host names that can be neither looked up nor certified are refused."""
    with pytest.raises(SpecError, match=f"is wrong: {message}"):
        endpoint(tmp_path, {"token": "t"}, SERVER | cluster)


@pytest.mark.parametrize("cluster", [
    {"server": "https://bücher.test:6443/k8s"}, {"server": "https://[::1]:6443"}, {"server": "https://c.test."},
    {"tls-server-name": "bücher.test"}, {"tls-server-name": "::1"}, {"tls-server-name": "10.0.0.1"},
])  # fmt: skip
def test_a_name_that_a_server_may_have(tmp_path, cluster):
    """International names and addresses of both kinds are accepted."""
    assert endpoint(tmp_path, {"token": "t"}, SERVER | cluster).host


@pytest.mark.parametrize(("user", "message"), [
    ({"auth-provider": {"name": "oidc", "config": "text"}}, '"config" is not a mapping'),
    ({"auth-provider": {"name": "oidc", "config": {"idp-certificate-authority-data": 5}}},
     '"idp-certificate-authority-data" is not text'),
    ({"exec": {"command": "true", "apiVersion": "v1", "args": ["a\0b"]}},
     "cannot be run: embedded null byte"),
])  # fmt: skip
def test_a_login_that_cannot_be_tried_is_an_error(tmp_path, user, message):
    """Settings of a login that have the wrong type, or that no program can receive, are refused."""
    with pytest.raises(SpecError, match=message):
        endpoint(tmp_path, user)


@pytest.mark.parametrize("user", [{"as-groups": ["devs"]}, {"as-uid": "7"}, {"as-user-extra": {"a": ["b"]}}])
def test_impersonation_needs_a_user(tmp_path, user):
    """Groups and other claims without a user are refused, as kubectl does."""
    with pytest.raises(SpecError, match='of context "prod" cannot be used: as-uid, as-groups'):
        endpoint(tmp_path, user)


def test_impersonation_cannot_smuggle_headers(tmp_path):
    """A claim that would end its line is refused before anything is sent."""
    with pytest.raises(SpecError, match="characters that a request cannot contain"):
        endpoint(tmp_path, {"as": "bob", "as-groups": ["a\r\nX: y"]})


def test_a_token_file_is_read(tmp_path):
    """TokenFile is followed, relative to the kubeconfig."""
    (tmp_path / "token").write_text("from-file")
    assert endpoint(tmp_path, {"tokenFile": "token"}).headers() == {"Authorization": "Bearer from-file"}


def test_a_renewed_token_file_is_read_again(tmp_path):
    """A token that somebody renews in its file is used from the next request on."""
    (tmp_path / "token").write_text("old\n")
    found = endpoint(tmp_path, {"tokenFile": "token"})
    assert found.headers() == {"Authorization": "Bearer old"}
    (tmp_path / "token").write_text("new\n")
    assert found.headers() == {"Authorization": "Bearer new"}


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe"])
def test_a_token_file_without_a_token_is_an_error(tmp_path, content):
    """A token file that is missing, empty or no text is named before anything is sent."""
    if content is not None:
        (tmp_path / "token").write_bytes(content)
    with pytest.raises(SpecError, match=f"{tmp_path}/token (is empty|cannot be read)"):
        endpoint(tmp_path, {"tokenFile": "token"})


def test_certificates_within_the_kubeconfig_become_files(tmp_path):
    """TLS wants files: they are for this user alone, and go when the program ends."""
    code = (
        "import os, sys; from arena.session import connect; from arena.kube import credentials;"
        "one = credentials.load(connect(kubeconfig=sys.argv[1]).context);"
        "files = [one.ca_file, one.cert_file, one.key_file];"
        "modes = [oct(os.stat(each).st_mode) for each in files];"
        "print(*files, *[open(each).read() for each in files], *modes)"
    )
    data = {key: b64encode(key.encode()).decode() for key in ("certificate-authority", "client-certificate")}
    user = {"client-certificate-data": data["client-certificate"], "client-key-data": "a2V5"}
    cluster = {
        "server": "https://10.0.0.1:6443",
        "certificate-authority-data": data["certificate-authority"],
    }
    path = write(tmp_path / "config", config(user, cluster))
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    words = done.stdout.split()
    assert words[3:] == ["certificate-authority", "client-certificate", "key", *["0o100600"] * 3]
    assert not any(Path(name).exists() for name in words[:3])


def test_data_that_is_not_base64_is_an_error(tmp_path):
    """Certificates that were damaged are named by their key."""
    with pytest.raises(SpecError, match=r"client-key-data in .*config, line \d+ is not base64"):
        endpoint(tmp_path, {"client-certificate-data": "a2V5", "client-key-data": "a"})


def test_the_account_of_a_pod_is_used(tmp_path, monkeypatch):
    """In a pod the address comes from the environment, the token and the authority from its files."""
    monkeypatch.setattr(service_account, "FOLDER", tmp_path)
    with pytest.raises(SpecError, match="KUBERNETES_SERVICE_PORT is not set"):
        credentials.load_in_cluster({"KUBERNETES_SERVICE_HOST": "10.96.0.1"})
    environ = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"}
    with pytest.raises(SpecError, match=r"there is no .*ca\.crt"):
        credentials.load_in_cluster(environ)
    write(tmp_path / "ca.crt", "an authority")
    with pytest.raises(SpecError, match=r"token cannot be read: No such file"):
        credentials.load_in_cluster(environ)
    write(tmp_path / "token", "t")
    found = credentials.load_in_cluster(environ)
    assert (found.server, found.ca_file) == ("https://[fd00::1]:443", str(tmp_path / "ca.crt"))
    assert found.headers() == {"Authorization": "Bearer t"}


def test_tls_settings_are_kept(tmp_path):
    """Verification, server name and proxy are the cluster's."""
    cluster = {
        "server": "https://10.0.0.1:6443/",
        "tls-server-name": "api.test",
        "proxy-url": "http://proxy:3128",
    }
    found = endpoint(tmp_path, {"token": "t"}, cluster)
    assert (found.server, found.verify, found.server_name, found.proxy) == (
        "https://10.0.0.1:6443", True, "api.test", "http://proxy:3128",
    )  # fmt: skip


def test_where_a_proxy_is_named_is_known(tmp_path, monkeypatch):
    """A proxy comes with the file and line that name it, or with the variable, also to a plain server."""
    cluster = {"server": "http://10.0.0.1:8080", "proxy-url": "http://user:secret@proxy:3128"}
    path = write(tmp_path / "two", yaml.safe_dump(config({}, cluster)))
    found = credentials.load(kubeconfig.read([tmp_path / "none", path]))
    lines = path.read_text().splitlines()
    number = next(number for number, line in enumerate(lines, 1) if "proxy-url" in line)
    assert found.proxy == cluster["proxy-url"]
    assert found.proxy_origin == f"proxy-url in {path}, line {number}"
    monkeypatch.setenv("https_proxy", "http://proxy:3128")
    assert endpoint(tmp_path, {"token": "t"}).proxy_origin == "HTTPS_PROXY"
    assert Endpoint(server="https://a").proxy_origin == ""


def test_a_missing_certificate_file_is_an_error(tmp_path):
    """A kubeconfig that names files which are not there is a SpecError."""
    with pytest.raises(SpecError, match=r"me\.pem"):
        endpoint(tmp_path, {"client-certificate": "me.pem", "client-key": "me.key"})


@pytest.mark.parametrize(("exempt", "covered"), [
    ("", False), ("*", True), ("10.0.0.0/8", True), ("10.0.0.1", True), ("192.168.0.0/16", False),
    ("10.0.0.1:6443", True), ("example.com", False),
])  # fmt: skip
def test_no_proxy_covers_hosts_and_networks(monkeypatch, exempt, covered):
    """NO_PROXY takes addresses, ports and networks, as the tools that people know do."""
    monkeypatch.setenv("https_proxy", "http://proxy:3128")
    monkeypatch.setenv("no_proxy", exempt)
    assert proxies.proxy_for("https://10.0.0.1:6443") == (
        (None, "") if covered else ("http://proxy:3128", "HTTPS_PROXY")
    )


@pytest.mark.parametrize(("exempt", "host", "covered"), [
    ("example.com", "api.example.com", True), (".example.com", "api.example.com", True),
    ("*.example.com", "api.example.com", True), ("ample.com", "example.com", False),
])  # fmt: skip
def test_no_proxy_covers_domains(monkeypatch, exempt, host, covered):
    """NO_PROXY takes domains with all below them."""
    monkeypatch.setenv("https_proxy", "proxy:3128")
    monkeypatch.setenv("no_proxy", f"other, {exempt}")
    assert proxies.proxy_for(f"https://{host}")[0] == (None if covered else "http://proxy:3128")


@pytest.mark.parametrize(
    "proxy", ["http://[bad", "http://", "ftp://proxy", "http://proxy:99999", "socks://proxy"]
)
def test_a_variable_that_names_no_proxy_is_an_error(monkeypatch, proxy):
    """An invalid address of a proxy is refused, with the variable that contains it."""
    monkeypatch.setenv("all_proxy", proxy)
    with pytest.raises(SpecError, match=r"^ALL_PROXY is not the address of a proxy$"):
        proxies.proxy_for("https://10.0.0.1:6443")


@pytest.mark.skipif(find_spec("socks") is not None, reason="PySocks is installed")
def test_a_socks_proxy_needs_a_package(tmp_path):
    """A SOCKS proxy without its package is one sentence, with the line that names the proxy."""
    cluster = SERVER | {"proxy-url": "socks5://me:secret@127.0.0.1:1080"}
    path = write(tmp_path / "config", config({"token": "t"}, cluster))
    done = subprocess.run(
        [sys.executable, "-m", "arena", "--kubeconfig", path, "list"], env={"HOME": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stderr == (
        f"Error: proxy-url in {path}, line 5 names a SOCKS proxy, which needs the package PySocks\n"
        "Hint: install it with arena: pip install PySocks; or use an http proxy\n"
    )
