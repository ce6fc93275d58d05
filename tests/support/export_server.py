"""A real server on loopback whose platform exports segments into a zip of JSON lines, as large as one asks for."""

import json
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

PEOPLE_PER_FILE = 5_000

PLATFORM: dict[str, Any] = {
    "name": "exporter",
    "title": "Exporter",
    "docs": {},
    "api_version": "1",
    "checked": "2026-11-24",
    "proof": "documented",
    "base_url": "http://127.0.0.1:9",
    "connection": {"secrets": {"key": "The key."}},
    "key_help": "Ask the inventor.",
    "auth": {"kind": "bearer", "secret": "key"},
    "limits": {},
    "sources": {
        "segment": {
            "title": "Segment",
            "ids": "segment_id",
            "ids_help": "Its number of members.",
            "identifiers": {
                "id": {"path": "braze_id"},
                "email": {"path": "email", "kind": "email", "absent": "null"},
            },
            "primary": "id",
            "describe": {"path": "/segments/{segment_id}", "name": "name"},
            "members": {
                "kind": "export",
                "job": {"submit": {"method": "POST", "path": "/exports", "body": '{"segment": "{segment_id}"}'}},
                "download": {"kind": "links", "at": "url", "not_ready": [403, 404], "every": 0.05, "deadline": 30},
                "format": {"kind": "ndjson"},
                "compression": "zip",
                "end": "archive",
            },
        }
    },
}


def write_export(file: Path, members: int) -> None:
    """Writes a zip archive of members, one file for some thousands of them."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for start in range(0, members, PEOPLE_PER_FILE):
            lines = (
                f'{{"external_id":"u-{n}","braze_id":"5f00aa{n:08d}","email":"member{n}@example.test","phone":null}}\n'
                for n in range(start, min(members, start + PEOPLE_PER_FILE))
            )
            archive.writestr(f"{start}.txt", "".join(lines))


@dataclass
class ExportServer:
    """What the server makes and how it fails."""

    folder: Path
    url: str = ""
    waits: int = 2  # answers of 403 before a file is there
    cuts: int = 0  # downloads that end after half of the file
    calls: list[str] = field(default_factory=list)

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Answers one call."""
        self.calls.append(f"{handler.command} {handler.path}")
        name = handler.path.rpartition("/")[2]
        if handler.command == "POST":
            wanted = json.loads(handler.rfile.read(int(handler.headers["content-length"])))["segment"]
            file = self.folder / wanted
            if not file.exists():
                write_export(file, int(wanted))
            self._json(handler, {"message": "success", "url": f"{self.url}/files/{wanted}"})
        elif handler.path.startswith("/segments/"):
            self._json(handler, {"name": f"Segment of {name}"})
        elif self.waits > 0:
            self.waits -= 1
            handler.send_response(403)
            handler.send_header("content-length", "0")
            handler.end_headers()
        else:
            self._file(handler, self.folder / name)

    def _json(self, handler: BaseHTTPRequestHandler, document: dict[str, str]) -> None:
        content = json.dumps(document).encode()
        handler.send_response(200)
        handler.send_header("content-length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    def _file(self, handler: BaseHTTPRequestHandler, file: Path) -> None:
        size = file.stat().st_size
        handler.send_response(200)
        handler.send_header("content-type", "application/zip")
        handler.send_header("content-length", str(size))
        handler.end_headers()
        left = size
        if self.cuts > 0:
            self.cuts -= 1
            left, handler.close_connection = size // 2, True
        with file.open("rb") as opened:
            while left and (block := opened.read(min(left, 1 << 20))):
                handler.wfile.write(block)
                left -= len(block)


@contextmanager
def export_server() -> Iterator[ExportServer]:
    """Runs a server in a thread; gives what it makes."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            served.answer(self)

        def do_POST(self) -> None:
            served.answer(self)

        def log_message(self, *_: object) -> None:
            pass

    with tempfile.TemporaryDirectory() as folder, ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        served = ExportServer(Path(folder), f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield served
        finally:
            server.shutdown()
            thread.join()
