"""An HTTP server that plays a model: run it as a program.

It answers `{"version": V, "pod": P}` on the port of PORT. It ends on SIGTERM after it has answered
open requests. It loads for LOAD seconds before it listens, and fails to load if FAULT says how.
"""

import json
import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Model(BaseHTTPRequestHandler):
    """Answers all paths the same; `/slow/S` after S seconds, `/status/N` with that status."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        verb, _, word = self.path.strip("/").partition("/")
        wait = float(word) if verb == "slow" else float(os.environ.get("SLOW") or 0)
        if wait:
            time.sleep(wait)
        body = json.dumps(
            {"version": os.environ.get("ANSWER", ""), "pod": os.environ.get("HOSTNAME"), "predictions": [1]}
        ).encode()
        self.send_response(int(word) if verb == "status" else int(os.environ.get("STATUS") or 200))
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        """Log nothing: tests read the log."""


class Server(ThreadingHTTPServer):
    """Takes many connections at once, and waits for their requests when it ends."""

    request_queue_size = 128
    daemon_threads = True


def main() -> None:
    """Serve until SIGTERM."""
    if fault := os.environ.get("FAULT"):
        print("loading", flush=True)
        raise RuntimeError(fault)
    time.sleep(float(os.environ.get("LOAD") or 0))
    server = Server(("127.0.0.1", int(os.environ["PORT"])), Model)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown, daemon=True).start())
    print(f"serving {os.environ.get('ANSWER', '')}", flush=True)
    server.serve_forever(poll_interval=0.05)
    print("stopped", flush=True)


if __name__ == "__main__":
    sys.exit(main())
