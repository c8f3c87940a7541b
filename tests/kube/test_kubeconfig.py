"""Kubeconfig files and the credentials in them."""

import json
import os
import stat
import subprocess
import sys
from base64 import b64encode
from pathlib import Path

import pytest
import yaml

from arena.errors import NotAllowed, SpecError
from arena.kube import credentials, kubeconfig

SERVER = {"server": "https://10.0.0.1:6443", "insecure-skip-tls-verify": True}


GRANTED = {
    "apiVersion": "client.authentication.k8s.io/v1",
    "kind": "ExecCredential",
    "status": {"token": "t"},
}


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


def program(path: Path, text: str) -> str:
    path.write_text(f"#!{sys.executable}\n{text}")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def plugin(command: str, **more) -> dict:
    return {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": command,
            "interactiveMode": "Never",
            **more,
        }
    }


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
    """Of several files the first to name something wins; missing ones are passed over."""
    one = config({"token": "one"}, name="a", namespace="first")
    two = config({"token": "two"}, name="a", namespace="second")
    two["contexts"].append({"name": "b", "context": {"cluster": "c", "user": "u"}})
    files = [tmp_path / "missing", write(tmp_path / "1", one), write(tmp_path / "2", two)]
    assert kubeconfig.read(files).namespace == "first"
    other = kubeconfig.read(files, "b")
    assert other.user == {"token": "one"}


def test_relative_paths_belong_to_their_file(tmp_path, monkeypatch):
    """Certificate files and plug-ins are looked for beside the kubeconfig that names them."""
    user = {"client-certificate": "pki/me.pem", "exec": {"command": "./login", "apiVersion": "v1"}}
    monkeypatch.chdir("/")
    found = kubeconfig.read([write(tmp_path / "config", config(user))])
    assert found.user["client-certificate"] == str(tmp_path / "pki/me.pem")
    assert os.path.normpath(found.user["exec"]["command"]) == str(tmp_path / "login")


@pytest.mark.parametrize(("text", "message"), [
    ("", "is empty"),
    ("# nothing\n", "is empty"),
    ("[1, 2]", "does not hold a kubeconfig"),
    ("just words", "does not hold a kubeconfig"),
    ("a: 1\nb: ]", r"is not valid YAML \(line 2\)"),
    ("\x00", "is not valid YAML"),
    ("contexts: 3\ncurrent-context: a", "contexts is not a list"),
    ("contexts: [{context: {}}]\ncurrent-context: a", "a context has no name"),
    ("contexts: []", "has no current context"),
    ("{}", "has no current context"),
    (json.dumps(config() | {"current-context": "other"}), 'has no context "other"'),
    (json.dumps(config() | {"clusters": []}), "names a cluster without a server"),
    (json.dumps(config({}) | {"users": []}), 'names the user "u", which is not there'),
])  # fmt: skip
def test_a_wrong_file_is_an_error(tmp_path, text, message):
    """Whatever is wrong with a configured file is said, with the file's name and what to do."""
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


@pytest.mark.parametrize(("user", "header"), [
    ({"token": "abc"}, {"Authorization": "Bearer abc"}),
    ({"username": "me", "password": "pw"}, {"Authorization": "Basic bWU6cHc="}),
    ({"token": "abc", "as": "bob"}, {"Authorization": "Bearer abc", "Impersonate-User": "bob"}),
    ({}, {}),
])  # fmt: skip
def test_credentials_become_headers(tmp_path, user, header):
    """Tokens, passwords and impersonation are sent as the kubeconfig says."""
    assert endpoint(tmp_path, user).headers() == header


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
    with pytest.raises(SpecError, match="client-key-data is not base64"):
        endpoint(tmp_path, {"client-certificate-data": "a2V5", "client-key-data": "a"})


def test_the_account_of_a_pod_is_used(tmp_path, monkeypatch):
    """In a pod the address comes from the environment, the token and the authority from its files."""
    monkeypatch.setattr(credentials, "SERVICE_ACCOUNT", tmp_path)
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


def test_a_plug_in_gives_a_token(tmp_path):
    """An exec plug-in is run, with its arguments and environment, and its token used."""
    text = (
        "import json, os, sys\n"
        "token = sys.argv[1] + os.environ['EXTRA']\n"
        "print(json.dumps({'apiVersion': 'client.authentication.k8s.io/v1', 'kind': 'ExecCredential',"
        " 'status': {'token': token}}))"
    )
    command = program(tmp_path / "login", text)
    user = plugin(command, args=["a"], env=[{"name": "EXTRA", "value": "b"}])
    assert endpoint(tmp_path, user).headers() == {"Authorization": "Bearer ab"}


@pytest.mark.parametrize(("text", "message"), [
    ("import sys; sys.exit('session expired')", "session expired"),
    ("print('hello')", "gave no credentials"),
    ("print('{}')", "gave no credentials"),
])  # fmt: skip
def test_a_plug_in_that_fails_is_an_error(tmp_path, text, message, capfd):
    """Where the plug-in gives nothing, nothing is sent without credentials; the error repeats its words."""
    with pytest.raises(NotAllowed, match=message) as caught:
        endpoint(tmp_path, plugin(program(tmp_path / "login", text), installHint="get it\nfrom your admin"))
    assert caught.value.hint == "get it from your admin"
    assert capfd.readouterr() == ("", "")


def test_a_missing_plug_in_is_named(tmp_path):
    """A plug-in that is not installed is an error that names it."""
    with pytest.raises(NotAllowed, match="no-such-login-program"):
        endpoint(tmp_path, plugin("no-such-login-program"))


def test_a_missing_certificate_file_is_an_error(tmp_path):
    """A kubeconfig that names files which are not there is a SpecError."""
    with pytest.raises(SpecError, match=r"me\.pem"):
        endpoint(tmp_path, {"client-certificate": "me.pem", "client-key": "me.key"})


@pytest.mark.parametrize(("user", "imported"), [
    (None, False), ({"token": "t"}, False), ({"client-certificate-data": "a2V5"}, False),
    (plugin("echo", args=[json.dumps(GRANTED)]), True),
])  # fmt: skip
def test_only_plug_ins_need_the_credentials_machinery(tmp_path, user, imported):
    """Its library, slow to import, is left alone unless a plug-in has to be run."""
    path = write(tmp_path / "config", config(user))
    code = (
        "import sys; from arena.session import connect; from arena.kube import Cluster, credentials;"
        f"print(credentials.load(connect(kubeconfig={str(path)!r}).context).server);"
        "print('kubernetes' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["https://10.0.0.1:6443", str(imported)]


@pytest.mark.parametrize(("exempt", "covered"), [
    ("", False), ("*", True), ("10.0.0.0/8", True), ("10.0.0.1", True), ("192.168.0.0/16", False),
    ("10.0.0.1:6443", True), ("example.com", False),
])  # fmt: skip
def test_no_proxy_covers_hosts_and_networks(monkeypatch, exempt, covered):
    """NO_PROXY takes addresses, ports and networks, as the tools that people know do."""
    monkeypatch.setenv("https_proxy", "http://proxy:3128")
    monkeypatch.setenv("no_proxy", exempt)
    assert credentials.proxy_for("https://10.0.0.1:6443") == (None if covered else "http://proxy:3128")


@pytest.mark.parametrize(("exempt", "host", "covered"), [
    ("example.com", "api.example.com", True), (".example.com", "api.example.com", True),
    ("*.example.com", "api.example.com", True), ("ample.com", "example.com", False),
])  # fmt: skip
def test_no_proxy_covers_domains(monkeypatch, exempt, host, covered):
    """NO_PROXY takes domains with all below them."""
    monkeypatch.setenv("https_proxy", "proxy:3128")
    monkeypatch.setenv("no_proxy", f"other, {exempt}")
    assert credentials.proxy_for(f"https://{host}") == (None if covered else "http://proxy:3128")
