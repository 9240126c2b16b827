"""Serves the site to this machine, and has open pages load again when it changes."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from helpers.errors import UsageError

_ASK = "/-/state"
_RELOAD = (
    b"<script>(function(){var seen=null;setInterval(function(){fetch('" + _ASK.encode() + b"')"
    b".then(function(r){return r.text()}).then(function(now){if(seen!==null&&now!==seen)"
    b"location.reload();seen=now}).catch(function(){})},400)})()</script>"
)


class Pages(http.server.ThreadingHTTPServer):
    """The site on a loopback port; `state` is what open pages compare, and the files stay as is."""

    daemon_threads = True

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.state = folder, "0"
        super().__init__(("127.0.0.1", port), _Handler)

    @property
    def address(self) -> str:
        """Where the index is."""
        return f"http://127.0.0.1:{self.server_address[1]}/index.html"


class _Handler(http.server.SimpleHTTPRequestHandler):
    server: Pages

    def __init__(self, request: Any, client_address: Any, server: Pages) -> None:
        super().__init__(request, client_address, server, directory=str(server.folder))

    def do_GET(self) -> None:
        """Answer with the state, a page that watches it, or a file."""
        path = Path(self.translate_path(self.path))
        if path.is_dir():
            path /= "index.html"
        if self.path == _ASK:
            self._send(self.server.state.encode(), "text/plain")
        elif path.suffix == ".html" and path.is_file():
            text = path.read_bytes()
            head, end, tail = text.rpartition(b"</body>")
            self._send(head + _RELOAD + end + tail if end else text + _RELOAD, "text/html")
        else:
            super().do_GET()

    def _send(self, content: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing: the terminal belongs to the watch."""


@contextmanager
def serving(folder: Path, port: int) -> Iterator[Pages]:
    """Serve a folder in the background.

    Raises:
        UsageError: the port is taken.
    """
    try:
        pages = Pages(folder, port)
    except OSError as error:
        hint = "Give another one with --port; 0 takes a free one."
        raise UsageError(f"port {port} cannot be served: {error.strerror}", hint=hint) from error
    with pages:
        thread = threading.Thread(target=pages.serve_forever, name="pages", daemon=True)
        thread.start()
        try:
            yield pages
        finally:
            pages.shutdown()
