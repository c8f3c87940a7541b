"""A program that counts its requests as an instrumented server does: its metrics are at /metrics.

With SILENT it has none, and prints the paths that it is asked for.
"""

import http.server
import os
import threading

COUNTED = {"requests": 0, "failed": 0}
LOCK = threading.Lock()
TOLD = float(os.environ.get("TOLD", "0.05"))
"""The seconds that a request is said to take."""
TEXT = """# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{{code="200",le="{limit}"}} {requests}
http_request_duration_seconds_bucket{{code="200",le="+Inf"}} {requests}
http_request_duration_seconds_sum{{code="200"}} {seconds}
http_request_duration_seconds_count{{code="200"}} {requests}
http_request_duration_seconds_count{{code="500"}} {failed}
"""


class Handler(http.server.BaseHTTPRequestHandler):
    """Fails if the path says so."""

    def do_GET(self) -> None:
        """Answer, and count it."""
        if os.environ.get("SILENT"):
            print(self.path, flush=True)
            self.answer(404, "")
            return
        if self.path == "/metrics":
            self.answer(200, TEXT.format(**COUNTED, limit=2 * TOLD, seconds=COUNTED["requests"] * TOLD))
            return
        failed = self.path == "/fail"
        with LOCK:
            COUNTED["failed" if failed else "requests"] += 1
        self.answer(500 if failed else 200, "")

    def answer(self, code: int, text: str) -> None:
        """Send a text."""
        self.send_response(code)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""


http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
