"""A headless Chromium, driven through its debugging protocol."""

import base64
import itertools
import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import websocket

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
MISSING = (
    "no Chromium is installed (chromium, chromium-browser, google-chrome): pages are not tried in a browser"
)
DEADLINE = 60.0
KEYS = {
    "ArrowDown": 40,
    "ArrowUp": 38,
    "Enter": 13,
    "Escape": 27,
    "Tab": 9,
    "Home": 36,
    "End": 35,
    "ArrowLeft": 37,
}


class Browser:
    """A browser with one page."""

    def __init__(self):
        self._folder = tempfile.mkdtemp()
        options = [
            "--headless=new",
            "--disable-gpu",
            "--hide-scrollbars",
            "--no-first-run",
            "--remote-allow-origins=*",
        ]
        if os.name == "posix" and os.geteuid() == 0:
            options.append("--no-sandbox")  # which Chromium cannot set up for root
        self._process = subprocess.Popen(
            [PROGRAM, *options, "--remote-debugging-port=0", f"--user-data-dir={self._folder}"],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._ids = itertools.count(1)
        self.events = []
        for line in self._process.stderr:
            if "DevTools listening on" in line:
                self._root = line.split()[-1]
                break
        self._socket = websocket.create_connection(self._root, timeout=DEADLINE)
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = None
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()
        self._process.kill()
        self._process.communicate()
        shutil.rmtree(self._folder, ignore_errors=True)

    def call(self, method, **parameters):
        """Call a method of the protocol; keeps the events that come meanwhile."""
        number = next(self._ids)
        message = {"id": number, "method": method, "params": parameters}
        if getattr(self, "_session", None):
            message["sessionId"] = self._session
        self._socket.send(json.dumps(message))
        while True:
            answer = json.loads(self._socket.recv())
            if answer.get("id") == number:
                assert "error" not in answer, answer["error"]
                return answer["result"]
            self.events.append(answer)

    def open(self, where: Path | str, width=1440, height=900, dark=False, touch=False):
        """Open a file or an address and wait until it is loaded; the page may change the fragment."""
        url = where if isinstance(where, str) else where.as_uri()
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=touch,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call("Page.navigate", url="about:blank")  # or another fragment alone would load nothing
        self.call("Page.navigate", url=url)
        deadline = time.monotonic() + DEADLINE
        place, loaded = url.partition("#")[0], "[document.readyState, location.href.split('#')[0]].join()"
        while self.run(loaded) != f"complete,{place}":
            assert time.monotonic() < deadline

    def run(self, script):
        """The value of an expression of JavaScript."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def move(self, x, y):
        """Move the pointer."""
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def click(self, x, y):
        """Click at a place of the window."""
        self.move(x, y)
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def press(self, key):
        """Press a key: a named one, or a character."""
        text = {"Enter": "\r"}.get(key, key if len(key) == 1 else None)
        for kind in ("keyDown", "keyUp"):
            extra = {"text": text} if text and kind == "keyDown" else {}
            self.call(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code=key,
                windowsVirtualKeyCode=KEYS.get(key, 0),
                **extra,
            )

    def picture(self, path: Path, whole=False):
        """Save a picture of the window, or of the whole page."""
        data = self.call("Page.captureScreenshot", captureBeyondViewport=whole)["data"]
        path.write_bytes(base64.b64decode(data))

    def faults(self, own=("file:", "about:")):
        """What scripts threw, what the browser refused, and what it wanted to load from elsewhere.

        Args:
            own: the beginnings of the addresses that are not elsewhere.
        """
        named = ("Runtime.exceptionThrown", "Log.entryAdded")
        found = [str(one["params"]) for one in self.events if one.get("method") in named]
        sent = (
            one["params"]["request"]["url"]
            for one in self.events
            if one.get("method") == "Network.requestWillBeSent"
        )
        return [*found, *(url for url in sent if not url.startswith(own))]
