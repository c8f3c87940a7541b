"""Certificates and keys that cannot be used: one sentence names the file, or the line of the kubeconfig."""

import os
import shutil
import subprocess
from base64 import b64encode
from pathlib import Path

import pytest
import yaml
from servers import read

from arena.errors import SpecError
from arena.kube import credentials, kubeconfig, websocket
from arena.kube.transport import Transport


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    """A folder with certificates and keys, good and bad."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs the openssl command to make a certificate")
    folder = tmp_path_factory.mktemp("tls")

    def run(*words: str) -> None:
        subprocess.run([openssl, *words], cwd=folder, check=True, capture_output=True)

    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")
    for name in ("my", "other"):
        run("req", "-x509", *curve, "-nodes", "-days", "2", "-subj", "/CN=me",
            "-keyout", f"{name}-key", "-out", f"{name}-cert")  # fmt: skip
    run("ec", "-in", "my-key", "-aes256", "-passout", "pass:x", "-out", "old-encrypted")
    run("pkcs8", "-topk8", "-in", "my-key", "-passout", "pass:x", "-out", "encrypted")
    (folder / "text").write_text("hello\n")
    (folder / "damaged").write_text("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")
    return folder


def load(folder: Path, cluster: dict[str, str], user: dict[str, str]) -> Transport:
    """Requests with these certificates, which are named by their files, or with `-data` by their contents."""

    def entry(content: dict[str, str]) -> dict[str, str]:
        names = {key: folder / name for key, name in content.items()}
        return {
            key: b64encode(path.read_bytes()).decode() if key.endswith("-data") else str(path)
            for key, path in names.items()
        }

    data = {
        "current-context": "prod",
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1", **entry(cluster)}}],
        "users": [{"name": "u", "user": entry(user)}],
        "contexts": [{"name": "prod", "context": {"cluster": "c", "user": "u"}}],
    }
    (folder / "config").write_text(yaml.safe_dump(data))
    context = kubeconfig.read([folder / "config"])
    return Transport(lambda: credentials.load(context))


MINE = {"client-certificate": "my-cert"}
BAD = [
    ({"certificate-authority": "text"}, {}, "{}/text contains no certificate in PEM format"),
    ({"certificate-authority": "damaged"}, {}, "{}/damaged is damaged"),
    ({"certificate-authority-data": "text"}, {},
     "certificate-authority-data in {}/config, line 3 contains no certificate in PEM format"),
    ({"certificate-authority": "/proc/self/mem"}, {}, "/proc/self/mem cannot be read: Input/output error"),
    ({}, MINE, "{}/my-cert contains no private key in PEM format"),
    ({}, MINE | {"client-key": "text"}, "{}/text contains no private key in PEM format"),
    ({}, MINE | {"client-key": "/proc/self/mem"}, "/proc/self/mem cannot be read: Input/output error"),
    ({}, MINE | {"client-key": "encrypted"}, "{}/encrypted is encrypted with a passphrase"),
    ({}, MINE | {"client-key": "old-encrypted"}, "{}/old-encrypted is encrypted with a passphrase"),
    ({}, MINE | {"client-key-data": "encrypted"},
     "client-key-data in {}/config, line 15 is encrypted with a passphrase"),
    ({}, MINE | {"client-key": "other-key"},
     "the certificate of {0}/my-cert and the key of {0}/other-key do not match"),
    ({}, {"client-certificate": "damaged", "client-key": "my-key"},
     "the certificate of {0}/damaged and the key of {0}/my-key cannot be used, as one of them is damaged"),
]  # fmt: skip


@pytest.mark.parametrize(("cluster", "user", "message"), BAD)
def test_what_cannot_be_used_is_named(files, cluster, user, message):
    """Before anything is sent, the error says what is wrong and where; no prompt asks for a passphrase."""
    if "/proc/self/mem" in message and not os.path.exists("/proc/self/mem"):
        pytest.skip("needs a file that nobody can read")
    with pytest.raises(SpecError) as caught:
        load(files, cluster, user).json(read())
    assert caught.value.message == message.format(files)
    assert caught.value.hint


def test_sessions_are_secured_alike(files):
    """exec and port forwards refuse the same certificates and keys with the same sentence."""
    sender = load(files, {}, MINE | {"client-key": "encrypted"})
    with pytest.raises(SpecError, match="encrypted with a passphrase"):
        websocket.connect(sender, read(), ["v5.channel.k8s.io"])
