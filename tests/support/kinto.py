"""A real Kinto server for tests, and the manifest by which members are sent to it, as a project's own."""

import base64
import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.servers.installing import installed, python_recipe
from tests.support.servers.serving import free_port, serving

MANIFEST = Path(__file__).parent / "servers" / "platforms" / "kinto_sending.yaml"

SETTINGS = """
[server:main]
use = egg:waitress#main
host = 127.0.0.1
port = {port}

[app:main]
use = egg:kinto
kinto.storage_backend = kinto.core.storage.memory
kinto.cache_backend = kinto.core.cache.memory
kinto.permission_backend = kinto.core.permission.memory
kinto.userid_hmac_secret = not-a-secret
kinto.bucket_create_principals = system.Authenticated
kinto.batch_max_requests = 25
multiauth.policies = basicauth
"""


@dataclass(frozen=True)
class Kinto:
    """A running server with one bucket."""

    url: str
    username: str = "reader"
    password: str = "s3cret-reader"
    bucket: str = "crm"

    def ask(self, method: str, path: str, document: Any = None) -> Any:
        """Makes a call as somebody who does not know this project."""
        body = None if document is None else json.dumps(document).encode()
        request = urllib.request.Request(f"{self.url}{path}", body, method=method)
        pair = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        request.add_header("Authorization", f"Basic {pair}")
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def collection(self, name: str) -> str:
        """Makes an empty collection and returns its name."""
        self.ask("PUT", f"/buckets/{self.bucket}", {})
        self.ask("PUT", f"/buckets/{self.bucket}/collections/{name}", {})
        self.ask("DELETE", f"/buckets/{self.bucket}/collections/{name}/records")
        return name

    def held(self, name: str) -> dict[str, str | None]:
        """Returns the records of a collection: their ids, and the address in each."""
        found = self.ask("GET", f"/buckets/{self.bucket}/collections/{name}/records?_limit=10000")["data"]
        return {one["id"]: one.get("email") for one in found}


@contextmanager
def running(folder: Path) -> Iterator[Kinto]:
    """Starts a server that keeps everything in memory; installs it first, once per machine."""
    home, port = installed(python_recipe("kinto", "kinto==26.5.0", "waitress")), free_port()
    settings = folder / "kinto.ini"
    settings.write_text(SETTINGS.format(port=port))
    program = home / "venv" / "bin" / "kinto"
    url = f"http://127.0.0.1:{port}/v1"
    with serving([program, "start", "--quiet", "--ini", settings], url=f"{url}/__heartbeat__", folder=folder):
        yield Kinto(url)
