"""The family of web servers that CONTRIBUTING.md adds, in a copy of the package, from submit to delete."""

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from product import Product, product, until
from worked_example import Example, python

FAMILY = Example("A new family")
SERVE = "python -u -m http.server --bind 127.0.0.1 $PORT"
SUBMIT = ("web", "webserver", "--name", "hello", SERVE)


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Product]:
    """The product with the family, in a folder whose page is `hi`."""
    with FAMILY.product(tmp_path) as made:
        (made.home / "index.html").write_text("hi", "utf-8")
        yield made


def sites(web: Product) -> dict[str, int]:
    """Each site and the number of its instances that are ready."""
    listed = json.loads(web.must("web", "list", "-o", "json"))
    return {one["name"]: one["readyInstances"] for one in listed}


def completed(web: Product, line: str) -> set[str]:
    """What TAB offers at the end of a line."""
    asked = {"_ARENA_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_BREAKS": " "}
    return {answer.partition(",")[2] for answer in web.must(**asked).splitlines()}


def test_a_family_is_made_of_new_files_only() -> None:
    """The section changes no file that is there."""
    assert len(FAMILY.files) == 12
    assert FAMILY.diffs == []


def test_a_dry_run_prints_what_is_sent(web: Product) -> None:
    """--dry-run prints the Deployment and its Service; the cluster accepts and then stores exactly these."""
    deployment, service = yaml.safe_load_all(web.must(*SUBMIT, "--dry-run"))
    assert (deployment["kind"], service["kind"]) == ("Deployment", "Service")
    assert deployment["spec"]["template"]["spec"]["containers"][0]["command"] == ["sh", "-c", SERVE]
    web.must(*SUBMIT, "--dry-run=server")
    assert sites(web) == {}
    assert "webserver hello submitted" in web.must(*SUBMIT)
    program = (
        "import arena, json; from arena.resources import DEPLOYMENTS, SERVICES; "
        "cluster = arena.connect().cluster(); "
        "print(json.dumps([cluster.get(one, 'default', 'hello') for one in (DEPLOYMENTS, SERVICES)]))"
    )
    stored = json.loads(python(web, program))
    assert stored[0]["spec"]["selector"] == deployment["spec"]["selector"]
    assert stored[1]["spec"]["selector"] == service["spec"]["selector"]
    assert stored[1]["metadata"]["ownerReferences"][0]["uid"] == stored[0]["metadata"]["uid"]


def test_a_site_answers_and_is_listed_shown_logged_and_deleted(web: Product) -> None:
    """A submitted site answers over HTTP, and every verb of the family and none of jobs' knows it."""
    told = web.run(*SUBMIT)
    assert (told.code, told.out) == (0, "webserver hello submitted\n")
    assert "arena web get hello" in told.err
    until(lambda: sites(web) == {"hello": 1}, what="the site")
    assert answer(web) == b"hi"
    head, row = web.must("web", "ls", "-A", "-o", "wide").splitlines()
    assert head.split() == ["NAMESPACE", "NAME", "KIND", "READY", "AGE"]
    assert row.split()[:4] == ["default", "hello", "webserver", "1/1"]
    page = web.must("web", "get", "hello", "-e")
    assert "Ready:      1/1" in page
    assert "[Started] Started container server" in page
    assert '"GET / HTTP/1.1" 200' in web.must("web", "logs", "hello", "-t", "1")
    assert web.must("list") == ""
    assert web.run("get", "hello").code == web.run("web", "get", "hell").code == 3
    assert "did you mean hello?" in web.run("web", "get", "hell").err
    assert web.must("web", "delete", "hello") == "webserver hello deleted\n"
    assert "no sites in namespace" in web.run("web", "list").err


def answer(web: Product) -> bytes:
    """What the site answers at the port that the local cluster gave to its Service."""
    program = (
        "import arena, json; from arena.resources import SERVICES; "
        "service = arena.connect().cluster().get(SERVICES, 'default', 'hello'); "
        "print(json.loads(service['metadata']['annotations']['local.arena.io/ports'])['8080'])"
    )
    with urllib.request.urlopen(f"http://127.0.0.1:{int(python(web, program))}/", timeout=10) as response:
        found: bytes = response.read()
    return found


def test_job_files_labels_and_completion(web: Product) -> None:
    """-f reads a site, -l selects sites, TAB completes commands, kinds, options and names."""
    file = web.home / "site.yaml"
    file.write_text("kind: server\nname: two\nreplicas: 2\nlabel: {team: a}\ncommand: sleep 100\n", "utf-8")
    made = json.loads(web.must("web", "webserver", "-f", str(file), "-o", "json"))
    assert made["wantedInstances"] == 2
    web.must("web", "webserver", "--name", "three", "sleep 100")
    assert web.must("web", "list", "-l", "team=a", "-o", "name") == "two\n"
    wrong = web.run("submit", "job", "-f", str(file.rename(web.home / "other.yaml")))
    assert wrong.code == 2
    assert completed(web, "arena web ") >= {"list", "get", "delete", "logs", "webserver"}
    assert completed(web, "arena web webserver --replic") == {"--replicas"}
    assert completed(web, "arena web get t") == {"two", "three"}
    assert web.run("web", "delete", "-l", "team=a").code == 2
    assert web.must("web", "delete", "-l", "team=a", "-y") == "webserver two deleted\n"
    assert sites(web).keys() == {"three"}


def test_the_library(web: Product) -> None:
    """From Python the family is submitted as jobs are, and its actions are a module that is named like it."""
    program = """
import arena
session = arena.connect()
spec = arena.WebServerSpec(name="lib", command="sleep 100", replicas=2)
assert [one["kind"] for one in arena.preview(session, spec)] == ["Deployment", "Service"]
assert arena.submit(session, spec).wanted == 2
assert [one.name for one in arena.web.sites(session)] == ["lib"]
assert arena.web.site(session, "lib").kind == "webserver"
assert arena.web.delete(session, "lib").name == "lib"
try:
    arena.web.site(session, "lib")
except arena.NotFound as error:
    print(error.message)
"""
    assert python(web, program) == 'no site "lib" in namespace "default"\n'


def test_what_is_shown_passes_the_checks(tmp_path: Path) -> None:
    """The files of the section are typed and tidy as the rest of the package is."""
    assert FAMILY.check(tmp_path) == ""


def test_without_the_family_nothing_knows_it(tmp_path: Path) -> None:
    """The package itself has no such command and no such kind, so the tests above are about the new files."""
    with product(tmp_path) as arena:
        assert 'no command "web"' in arena.run("web", "list").err
        assert 'unknown kind of job "webserver"' in arena.run("submit", "webserver").err


def test_settings_of_the_family(web: Product) -> None:
    """Defaults of its kinds are configured, masked and trusted as those of jobs are."""
    (web.home / ".arena.yaml").write_text(
        "defaults:\n  webserver: {image-pull-policy: Never, command: rm, secret: {TOKEN: abc}}\n", "utf-8"
    )
    shown = web.must("config", "view", "--origin")
    assert "defaults.webserver.image-pull-policy" in shown
    assert "abc" not in shown
    made = web.run("web", "webserver", "--name", "a", "sleep 1", "--dry-run")
    assert "imagePullPolicy: Never" in made.out
    assert "ignored in" in made.err
    assert "TOKEN" not in made.out
