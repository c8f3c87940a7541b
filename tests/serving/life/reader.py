"""An HTTP server that answers with what it was started with: its file, its secret and its code."""

import json
import os
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PARTS = {
    "file": Path(os.environ["FILE"]).read_text(encoding="utf-8") if "FILE" in os.environ else "",
    "secret": os.environ.get("KEY", ""),
    "code": Path("version.txt").read_text(encoding="utf-8"),
    "declared": os.environ.get("DECLARED", ""),
}


class Reader(BaseHTTPRequestHandler):
    """Answers all paths the same."""

    def do_GET(self) -> None:
        """Answer."""
        body = json.dumps(PARTS).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


class Server(ThreadingHTTPServer):
    """Waits for open requests when it ends."""

    request_queue_size = 128
    daemon_threads = False


if __name__ == "__main__":
    server = Server(("127.0.0.1", int(os.environ["HTTP_PORT"])), Reader)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown, daemon=True).start())
    server.serve_forever(poll_interval=0.05)
    server.server_close()
