"""A real Ghost, as its release ships it, on a Node and an SQLite of its own; seeded by its Admin API."""

import csv
import http.cookiejar
import io
import json
import platform
import shutil
import sqlite3
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.request import HTTPCookieProcessor, Request, build_opener

from tests.support.servers.accounts import Account
from tests.support.servers.installing import Recipe, alone, installed
from tests.support.servers.serving import free_port, serving

GHOST, NODE, PNPM = "6.65.0", "22.23.3", "12.4.2"

VIPS, OTHERS = 230, 30
"""Members with the label VIP, which fill three pages, and others."""

OWNER, PASSWORD = "ada@example.test", "a long pass phrase 7"


def _node() -> str:
    """The package that holds Node for this machine."""
    machine = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}[platform.machine().lower()]
    return f"node-{sys.platform}-{machine}"


def recipe() -> Recipe:
    """Ghost as its release ships it: the packages of its own lock file, and SQLite compiled against its own Node.

    The package `better-sqlite3` would fetch a compiled library from elsewhere; what is compiled here is its own source.
    """
    node = f"tools/node_modules/{_node()}"
    gyp = "package/node_modules/.pnpm/node-gyp@13.0.1/node_modules/node-gyp/bin/node-gyp.js"
    quiet = ["--no-audit", "--no-fund", "--loglevel", "error"]
    return Recipe(
        "ghost",
        [
            ["npm", "install", "--prefix", "tools", *quiet, f"{_node()}@{NODE}", f"pnpm@{PNPM}"],
            ["npm", "pack", "--loglevel", "error", f"ghost@{GHOST}"],
            ["tar", "xzf", f"ghost-{GHOST}.tgz"],
            [
                "tools/node_modules/.bin/pnpm",
                *("--dir", "package", "install", "--frozen-lockfile", "--prod", "--ignore-scripts"),
                *("--store-dir", "{folder}/store", "--reporter", "silent"),
            ],
            [
                f"{node}/bin/node",
                gyp,
                *("rebuild", "--release", "--nodedir", f"{{folder}}/{node}"),
                *("--directory", "package/node_modules/better-sqlite3"),
            ],
        ],
        needs=("npm", "tar", "python3", "make", "g++"),
    )


def _settings(port: int, run: Path) -> dict[str, str]:
    """Ghost's configuration: everything in one folder, no mail, no word to its makers."""
    return {
        "NODE_ENV": "production",
        "url": f"http://127.0.0.1:{port}",
        "server__host": "127.0.0.1",
        "server__port": str(port),
        "database__client": "sqlite3",
        "database__useNullAsDefault": "true",
        "database__connection__filename": str(run / "ghost.db"),
        "paths__contentPath": str(run / "content"),
        "security__staffDeviceVerification": "false",
        "mail__transport": "stub",
        "logging__transports": '["stdout"]',
        "privacy__useUpdateCheck": "false",
        "explore__update_url": "",
        "updateCheck__url": f"http://127.0.0.1:{port}/none",
    }


@contextmanager
def _started(folder: Path, run: Path) -> Iterator[str]:
    """Runs Ghost on a database in a folder; gives its address."""
    if not (run / "content").exists():
        shutil.copytree(folder / "package" / "content", run / "content")
    port = free_port()
    url = f"http://127.0.0.1:{port}/ghost/api/admin"
    words = [folder / "tools" / "node_modules" / _node() / "bin" / "node", "index.js"]
    package, settings = folder / "package", _settings(port, run)
    # It answers 503 as long as it starts.
    with serving(words, url=f"{url}/site/", folder=package, log=run / "server.log", environment=settings):
        yield url


class Owner:
    """The owner of a new site, who seeds it through the Admin API as a person's browser would."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.opener = build_opener(HTTPCookieProcessor(http.cookiejar.CookieJar()))

    def post(self, path: str, body: bytes | Mapping[str, Any], media_type: str = "application/json") -> Any:
        """Sends something and returns the answer, where it is JSON."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        origin = self.url.removesuffix("/ghost/api/admin")
        request = Request(f"{self.url}{path}", content, {"Content-Type": media_type, "Origin": origin})
        with self.opener.open(request, timeout=120) as answer:
            text = answer.read()
        return json.loads(text) if text.startswith(b"{") else None

    def seed(self) -> str:
        """Sets the site up, imports its members, and returns the key of a new integration."""
        owner = {"name": "Ada", "email": OWNER, "password": PASSWORD, "blogTitle": "Blog"}
        self.post("/authentication/setup/", {"setup": [owner]})
        self.post("/session/", {"username": OWNER, "password": PASSWORD})
        self.upload()
        self.post("/labels/", {"labels": [{"name": "Nobody yet"}]})
        made = self.post("/integrations/?include=api_keys", {"integrations": [{"name": "Segments"}]})
        keys = made["integrations"][0]["api_keys"]
        return str(next(key["secret"] for key in keys if key["type"] == "admin"))

    def upload(self) -> None:
        """Imports all members from a CSV file, which holds their labels."""
        text = io.StringIO()
        rows = csv.writer(text)
        rows.writerow(["email", "name", "labels"])
        for number in range(1, VIPS + OTHERS + 1):
            label = "VIP" if number <= VIPS else "Quiet since 2025"
            rows.writerow([f"member{number}@example.test", f"Member {number}", label])
        boundary = uuid.uuid4().hex
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="mapping[{name}]"\r\n\r\n{name}\r\n'
            for name in ("email", "name", "labels")
        ]
        file = f'name="membersfile"; filename="members.csv"\r\nContent-Type: text/csv\r\n\r\n{text.getvalue()}'
        parts.append(f"--{boundary}\r\nContent-Disposition: form-data; {file}\r\n--{boundary}--\r\n")
        told = self.post("/members/upload/", "".join(parts).encode(), f"multipart/form-data; boundary={boundary}")
        assert told["meta"]["stats"] == {"imported": VIPS + OTHERS, "invalid": []}, told


def _seeded(folder: Path) -> tuple[Path, str]:
    """Returns the database of a seeded site and its key; made once per installation."""
    made = folder / "seeded"
    with alone("ghost-seeded"):
        if not (made / "key").exists():
            shutil.rmtree(made, ignore_errors=True)
            made.mkdir()
            with _started(folder, made) as url:
                key = Owner(url).seed()
            (made / "key").write_text(key)
    return made / "ghost.db", (made / "key").read_text()


@contextmanager
def running(run: Path) -> Iterator[tuple[Account, Path]]:
    """Runs a seeded Ghost in an empty folder; gives the account, and the database as it is."""
    folder = installed(recipe())
    database, key = _seeded(folder)
    shutil.copy(database, run / "ghost.db")
    with _started(folder, run) as url:
        yield Account("ghost", url, {"admin_api_key": key}, {"label": "vip"}, {"host": "127.0.0.1"}), run / "ghost.db"


def labelled(database: Path, slug: str) -> set[tuple[str, str]]:
    """Id and address of every member with a label, read from Ghost's own tables."""
    query = """
        SELECT members.id, members.email FROM members
        JOIN members_labels ON members_labels.member_id = members.id
        JOIN labels ON labels.id = members_labels.label_id WHERE labels.slug = ?
    """
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return set(connection.execute(query, [slug]))
