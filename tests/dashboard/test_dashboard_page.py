"""The page in a real browser: what it shows, its keys, and that nothing of the cluster becomes markup."""

import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import browser
import pytest
from dashboards import Now, serving
from product import Local, Product, product, until
from screens import RUNNING, Stage

from arena.dashboard.server import Server
from arena.labels import SUBMITTER
from arena.local.state import recorded
from arena.resources import EVENTS

MARKUP = "<img src=x onerror=window.hit=1><script>window.hit=1</script><b>bold</b>"
SECRETS = ("env-s3cr3t", "log-s3cr3t", "note-s3cr3t", "hf_abcdefghijklmnopqrstuvwxyz0123")
LINES = (f"HF_TOKEN={SECRETS[1]}", f"login with {SECRETS[3]}", "\x1b[31mred\x1b[0m", MARKUP)
FAILS = f"""import os
for line in {(*LINES, "ValueError: " + MARKUP)!r}:
    print(line, flush=True)
os._exit(3)
"""
TALKS = """import time
for number in range(10**6):
    print("line", number, flush=True)
    time.sleep(0.1)
"""
CURVE = "for i in 1 2 3 4; do echo step=$i loss=0.$i; done"
CELL = "querySelector('.cell:not(.mark)').textContent"
ROWS = f"[...document.querySelectorAll('.rows .row:not([hidden])')].map(one => one.{CELL})"
CHOSEN = f"document.querySelector('.row.chosen')?.{CELL} ?? ''"
TEXT = "document.body.innerText"
Open = Callable[..., browser.Browser]


@pytest.fixture
def opened(chromium: browser.Browser) -> Iterator[Open]:
    """Opens the page of a server; at the end nothing was refused, thrown or loaded from elsewhere."""
    seen: list[Server] = []

    def open_page(server: Server, place: str = "", **how: object) -> browser.Browser:
        seen.append(server)
        chromium.open(server.link, **how)
        until(lambda: chromium.run("location.hash") == "#/jobs")
        if place:
            chromium.run(f"location.hash = {json.dumps(place)}")
        return chromium

    chromium.events.clear()
    yield open_page
    chromium.call("Page.navigate", url="about:blank")
    own = tuple(f"http://127.0.0.1:{one.server_address[1]}/" for one in seen)
    assert chromium.faults((*own, "about:")) == []


def shows(shown: browser.Browser, *texts: str) -> None:
    """Wait until the page shows these texts."""
    for text in texts:
        until(lambda text=text: text in shown.run(TEXT), what=text)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A local cluster with a job that failed and one that talks, both with secrets and markup."""
    with product(tmp_path_factory.mktemp("lived")) as arena:
        told = ("--env", "DB_PASSWORD=env-s3cr3t", "--annotation", "api-token=note-s3cr3t")
        arena.submit("bad", FAILS, *told)
        arena.submit("talks", TALKS, "--workers", "2")
        image = ("--image", "i")
        arena.must("cron", "job", "--name", "nightly", "--schedule", "0 3 * * *", *image, "true")
        arena.must("serve", "custom", "--name", "web", "--version", "1", *image, "--port", "1", "sleep 600")
        sweep = ("--engine", "katib", "--param", "x=1,2,3", "--metric", "y:max", "--algorithm", "grid")
        arena.must("sweep", "submit", "job", "--name", "tried", *image, *sweep, "--wait", "echo y={x}")
        arena.must("submit", "job", "--name", "curve", *image, "--wait", CURVE)
        until(lambda: {"bad": "FAILED", "talks": "RUNNING"}.items() <= arena.jobs().items())
        yield arena


@pytest.fixture
def lively(lived: Product) -> Iterator[Server]:
    """The server of the page of that cluster."""
    state = recorded(lived.state)
    assert state is not None
    with serving(Local(lived.home, state)) as one:
        yield one


def test_jobs_and_their_logs(lively: Server, opened: Open) -> None:
    """The page lists jobs, opens one with Enter, shows its instances and events, and follows its log."""
    shown = opened(lively)
    until(lambda: shown.run(ROWS))
    shown.press("/")
    for letter in "pytorch":
        shown.press(letter)
    until(lambda: shown.run(ROWS) == ["talks", "bad"])
    shown.press("ArrowDown")
    shows(shown, "2 of 6 jobs", "✕ FAILED", "● RUNNING", "exit code 3")
    assert shown.run(CHOSEN) == "talks"
    shown.press("Enter")
    until(lambda: shown.run("location.hash") == "#/jobs/default/pytorchjob/talks")
    shows(shown, "master-0", "worker-0", "line 1\n")
    last = shown.run("document.querySelectorAll('.log > div').length")
    until(lambda: shown.run("document.querySelectorAll('.log > div').length") > last)
    shown.press("2")
    until(lambda: sorted(shown.run(ROWS)) == ["talks-master-0", "talks-worker-0"])
    shown.press("3")
    shows(shown, "[Scheduled] Successfully assigned default/talks-master-0")
    shown.press("Escape")
    until(lambda: shown.run("location.hash") == "#/jobs")
    shown.press("Escape")


PLACES = {
    "#/sweeps": ["tried", "✓ SUCCEEDED", "3/3"],
    "#/sweeps/default/tried": ["maximize y", "y of each trial", "★"],
    "#/servings": ["web", "custom", "1 serving"],
    "#/servings/default/custom/web/1": ["Instances", "Running", "Conditions", "Revisions"],
    "#/crons": ["nightly", "0 3 * * *", "never"],
    "#/crons/default/nightly": ["Schedule", "No runs so far."],
    "#/nodes": ["local", "Ready", "0 of 8 (virtual)"],
    "#/events": ["experiment/tried", "Warning"],
    "#/jobs/default/pytorchjob/missing": ['no pytorchjob "missing" in namespace "default"'],
    "#/crons/default/missing": ['no cron "missing"'],
    "#/jobs/default/pytorchjob/bad/why": ["ValueError: <img", "Evidence", "Next"],
    "#/jobs/default/pytorchjob/talks/timeline": ["starting", "running"],
    "#/nowhere": ["6 jobs"],
}


@pytest.mark.parametrize("place", PLACES)
def test_places(lively: Server, opened: Open, place: str) -> None:
    """Sweeps, servings, crons, nodes and events have their pages; what is missing is told on its own."""
    shown = opened(lively, place)
    shows(shown, *PLACES[place])
    assert shown.run("document.documentElement.scrollWidth <= innerWidth")


def test_curves(lively: Server, opened: Open) -> None:
    """Jobs that are marked with x are drawn over each other with c: one chart for each metric."""
    shown = opened(lively)
    until(lambda: len(shown.run(ROWS)) == 6)
    names = shown.run(ROWS)
    for at in sorted((names.index("curve"), names.index("talks"))):
        shown.press("Home")
        for _ in range(at):
            shown.press("j")
        shown.press("x")
    shows(shown, "Curves of 2")
    shown.press("c")
    shows(shown, "Curves of 2 jobs", "loss")
    until(lambda: shown.run("document.querySelectorAll('.chart path.line').length") == 1)
    drawn = shown.run("document.querySelector('.chart path.line').getAttribute('d')")
    assert drawn.count("L") == 3
    shown.run("document.querySelector('.chart svg').focus()")
    shown.press("ArrowLeft")
    shows(shown, "curve 0.4 at 4")
    shown.press("ArrowLeft")
    shows(shown, "curve 0.3 at 3")


@pytest.mark.parametrize("part", ["logs", "instances", "events", "why", "timeline"])
def test_no_secret_and_no_markup(lively: Server, opened: Open, part: str) -> None:
    """Output, errors, environment and annotations give no secret, no element and no control character."""
    shown = opened(lively, f"#/jobs/default/pytorchjob/bad/{part}")
    shows(
        shown,
        f"ValueError: {MARKUP}",
        *(["HF_TOKEN=<redacted>", "login with <redacted>", "\nred\n"] if part == "logs" else []),
    )
    whole = shown.run("document.documentElement.outerHTML") + shown.run(TEXT)
    assert not [one for one in SECRETS if one in whole]
    assert "\x1b" not in whole
    assert shown.run("window.hit") is None
    assert shown.run("document.querySelectorAll('main img, main script, main b').length") == 0


def test_hostile_objects(server: Server, stage: Stage, opened: Open) -> None:
    """Markup in annotations, events and states of pods is text, and names may be long."""
    name = "long-" * 11 + "name"
    job = stage.job(name, "Created", annotations={SUBMITTER: MARKUP})
    waiting = {"reason": "ImagePullBackOff", "message": f"\x1b[2J{MARKUP}"}
    status = {
        "name": "pytorch",
        "ready": False,
        "restartCount": 0,
        "image": "i",
        "imageID": "",
        "state": {"waiting": waiting},
    }
    pod = stage.pod(job, phase="Pending", containerStatuses=[status])
    about = {
        "kind": "Pod",
        "name": pod["metadata"]["name"],
        "uid": pod["metadata"]["uid"],
        "namespace": "default",
    }
    event = {
        "metadata": {"name": "e"},
        "involvedObject": about,
        "reason": MARKUP,
        "type": MARKUP,
        "message": f"\u202e{MARKUP}",
    }
    stage.cluster.create(EVENTS, "default", {"apiVersion": "v1", "kind": "Event", **event})
    shown = opened(server)
    shows(shown, name, MARKUP)
    assert shown.run("document.documentElement.scrollWidth <= innerWidth")
    for part in ("instances", "events"):
        shown.run(f"location.hash = '#/jobs/default/pytorchjob/{name}/{part}'")
        shows(shown, MARKUP, "ImagePullBackOff" if part == "instances" else "\\u202e")
        assert "\x1b" not in shown.run(TEXT)
        assert shown.run("document.documentElement.scrollWidth <= innerWidth")
    assert shown.run("window.hit") is None
    assert shown.run("document.querySelectorAll('main img, main script, main b').length") == 0


def test_filter_and_keys(stage: Stage, tmp_path: Path, opened: Open) -> None:
    """`/` filters by any column, j and k move, Esc clears, ? shows the keys; a status filters, too."""
    for name, state in (("apple", "Running"), ("pear", "Failed"), ("plum", "Running")):
        job = stage.job(f"fruit-{name}", "Created", state)
        if name == "plum":
            stage.pod(job, **RUNNING)
    with serving(Now(stage.cluster, tmp_path)) as server:
        shown = opened(server)
        until(lambda: "fruit-plum" in shown.run(ROWS))
        shown.press("/")
        for letter in "fruit failed":
            shown.press(letter)
        until(lambda: shown.run(ROWS) == ["fruit-pear"])
        shown.press("Escape")
        until(lambda: len(shown.run(ROWS)) >= 3)
        shown.run("document.querySelector('input').value = 'fruit-'")
        shown.run("document.querySelector('input').dispatchEvent(new Event('input'))")
        shown.press("ArrowDown")  # from the field into the table
        for key in "jjkj":
            shown.press(key)
        assert shown.run(CHOSEN) == shown.run(ROWS)[2]
        shown.run("document.querySelector('[data-group$=RUNNING]').click()")
        until(lambda: sorted(shown.run(ROWS)) == ["fruit-apple", "fruit-plum"])
        shown.press("?")
        assert shown.run("document.querySelector('dialog').open")
        shown.press("Escape")
        until(lambda: not shown.run("document.querySelector('dialog').open"))
        shown.run(
            "[...document.querySelectorAll('.head button')].find(one => one.textContent === 'Name').click()"
        )
        until(lambda: shown.run(ROWS) == ["fruit-apple", "fruit-plum"])


@pytest.mark.parametrize("dark", [False, True])
def test_phone(lively: Server, opened: Open, dark: bool) -> None:
    """On a phone, in light and dark, nothing is wider than the window, and texts differ from the paper."""
    for place in ("#/jobs", "#/jobs/default/pytorchjob/talks", "#/jobs/default/pytorchjob/bad/events"):
        shown = opened(lively, place, width=390, height=844, dark=dark, touch=True)
        shows(shown, "bad" if "bad" in place else "talks")
        assert shown.run("document.documentElement.scrollWidth <= innerWidth")
        colours = (
            "(one => [one.color, one.backgroundColor])(getComputedStyle(document.querySelector('header')))"
        )
        assert len(set(shown.run(colours))) == 2


def test_changes(lived: Product, opened: Open) -> None:
    """Where changes are allowed, buttons suspend, resume and delete after a question; else there are none."""
    lived.must("submit", "job", "--name", "goes", "--image", "i", "sleep 600")
    state = recorded(lived.state)
    assert state is not None
    buttons = "[...document.querySelectorAll('.title button')].map(one => one.textContent).join()"
    press = "[...document.querySelectorAll('%s button')].find(one => one.textContent === '%s').click()"
    with serving(Local(lived.home, state)) as server:
        shown = opened(server, "#/jobs/default/job/goes")
        shows(shown, "RUNNING")
        assert shown.run(buttons) == ""
    with serving(Local(lived.home, state), changes=True) as server:
        shown = opened(server, "#/jobs/default/job/goes")
        until(lambda: shown.run(buttons) == "Suspend,Delete")
        shown.run(press % (".title", "Suspend"))
        shown.run(press % ("dialog", "Cancel"))
        for verb, then in (("Suspend", "Resume,Delete"), ("Resume", "Suspend,Delete")):
            shown.run(press % (".title", verb))
            shows(shown, f"{verb} job goes?")
            shown.run(press % ("dialog", verb))
            until(lambda then=then: shown.run(buttons) == then, what=then)
        shown.run(press % (".title", "Delete"))
        shown.run(press % ("dialog", "Delete"))
        until(lambda: shown.run("location.hash") == "#/jobs" and "goes" not in shown.run(ROWS))
        assert "goes" not in lived.jobs()
        shown.run("location.hash = '#/crons/default/nightly'")
        until(lambda: shown.run(buttons) == "Suspend")
        shown.run(press % (".title", "Suspend"))
        shown.run(press % ("dialog", "Suspend"))
        until(lambda: shown.run(buttons) == "Resume")


def test_a_stranger_sees_only_why(lively: Server, chromium: browser.Browser) -> None:
    """Without the token of this run, the page shows how to open it, and no job until its link is opened."""
    chromium.open(f"{lively.link.partition('#')[0]}#token=wrong")
    shows(chromium, "open the link that arena dashboard printed")
    assert chromium.run(ROWS) == []
    chromium.run(f"location.hash = 'token={lively.token}'")
    until(lambda: "talks" in chromium.run(ROWS))
    assert chromium.run("location.hash") == "#/jobs"


def test_the_end_is_told(lived: Product, chromium: browser.Browser) -> None:
    """A page whose server has ended says so, and keeps what it has shown."""
    child = lived.start("dashboard", "--no-open")
    out = lived.lines(child.stdout)
    [link] = until(lambda: out)
    chromium.open(link.strip())
    until(lambda: "talks" in chromium.run(ROWS))
    child.send_signal(signal.SIGINT)
    shows(chromium, "arena dashboard has ended")
    assert "talks" in chromium.run(ROWS)
