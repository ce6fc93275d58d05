"""A list that members are added to and removed from, over real HTTP, by its own manifest; it misbehaves on demand."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MANIFEST = """
name: lister
title: Lister
docs: {}
api_version: "1"
checked: 2026-11-24
proof: documented
base_url: http://127.0.0.1:1
connection: {secrets: {key: a key}}
key_help: none
auth: {kind: bearer, secret: key}
limits: {}
retries: {attempts: 1}
timeout_seconds: 5
sources:
  list:
    title: List
    ids: list_id
    ids_help: anything
    identifiers: {email: {path: email, kind: email}}
    primary: email
    describe: {path: "/lists/{list_id}", name: name, size: size}
    members:
      path: /lists/{list_id}/members
      query: {count: "{page_size}"}
      page_size: 100
      format: {kind: json, items: members}
      paging: {kind: page-number, parameter: page, end: total}
      total: {certainty: exact, source: page, path: total}
destinations:
  list:
    title: List
    ids: list_id
    ids_help: anything
    identifiers: {email: {kind: email}}
    creates_people: true
    READABLE
    create: {path: /lists, body: '{"name": "{name}"}', ids: {list_id: id}}
    add:
      path: /lists/{list_id}/add
      members: {at: people, each: '{"email": "{email}"}', attributes: props}
      most: 10
      idempotent: IDEMPOTENT
      answer: {kind: each, at: results, status: state, accepted: [ok], rejected: [bad, never], reason: state,
               permanent: [never]}
    remove:
      path: /lists/{list_id}/remove
      members: {at: people, each: '{"email": "{email}"}'}
      most: 10
      idempotent: IDEMPOTENT
    upsert:
      path: /lists/{list_id}/update
      members: {at: people, each: '{"email": "{email}"}', attributes: props}
      most: 10
      idempotent: IDEMPOTENT
"""


def manifest(*, readable: bool = True, idempotent: bool = True) -> str:
    """The manifest of a platform `lister`; of another kind where its list cannot be read, or calls not be repeated."""
    text = MANIFEST.replace("READABLE", "readable: list" if readable else "notes: it cannot be read")
    return text.replace("IDEMPOTENT", str(idempotent).lower()).lstrip()


class ListServer:
    """The lists, everything that was asked of them, and what shall go wrong."""

    def __init__(self) -> None:
        self.lists: dict[str, dict[str, dict[str, Any]]] = {"7": {}}
        self.calls: list[tuple[str, list[str]]] = []
        """Verb and addresses of each call that writes, in the order in which they arrived."""
        self.reads = 0
        self.makes = True
        """Whether a list can be made."""
        self.spoiled: set[str] = set()
        """A call with one of these is refused as a whole."""
        self.rejected: dict[str, str] = {}
        """Addresses that are rejected by name: `bad` for now, `never` for good."""
        self.cut: set[int] = set()
        """Numbers of writing calls that are carried out, and whose connection is cut before the answer."""
        self.lost: set[int] = set()
        """The same, without being carried out."""
        self.statuses: dict[int, int] = {}
        """Numbers of writing calls that get this status, and are not carried out."""
        self.before_call: dict[int, Any] = {}
        """What happens before a writing call of a number is carried out."""
        self.after_call: dict[int, Any] = {}
        """What happens after it was carried out, and before it is answered."""
        self._lock = threading.Lock()

    @property
    def people(self) -> set[str]:
        """Who is in list 7."""
        return set(self.lists["7"])

    def answer(self, verb: str, name: str, body: dict[str, Any]) -> tuple[int, Any] | None:
        """Carries out a call; None where its connection is to be cut."""
        with self._lock:
            people = [one["email"] for one in body["people"]]
            self.calls.append((verb, people))
            number = len(self.calls)
        hook = self.before_call.get(number)
        if hook is not None:
            hook()
        if number in self.lost:
            return None
        if number in self.statuses:
            return self.statuses[number], {"message": "no"}
        if self.spoiled & set(people):
            return 422, {"message": "no"}
        with self._lock:
            results = [self._one(verb, name, one) for one in body["people"]]
        if number in self.after_call:
            self.after_call[number]()
        return None if number in self.cut else (200, {"results": results})

    def _one(self, verb: str, name: str, one: dict[str, Any]) -> dict[str, str]:
        state = self.rejected.get(one["email"])
        if state is not None:
            return {"state": state}
        if verb == "remove":
            self.lists[name].pop(one["email"], None)
        else:
            self.lists[name][one["email"]] = one.get("props", {})
        return {"state": "ok"}


@contextmanager
def list_server() -> Iterator[tuple[ListServer, str]]:
    """Serves lists on a free port; gives them and the address."""
    lists = ListServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            parts = self.path.strip("/").split("/")
            if len(parts) == 1:
                if not lists.makes:
                    self._tell(400, {"message": "no"})
                    return
                lists.lists["made"] = {}
                self._tell(200, {"id": "made"})
                return
            answer = lists.answer({"update": "upsert"}.get(parts[2], parts[2]), parts[1], body)
            if answer is None:
                self.close_connection = True
                self.connection.close()
                return
            self._tell(*answer)

        def do_GET(self) -> None:
            lists.reads += 1
            path, _, query = self.path.partition("?")
            if not path.endswith("/members"):
                name = path.split("/")[2]
                self._tell(200, {"name": name, "size": len(lists.lists[name])})
                return
            page = int(dict(part.split("=") for part in query.split("&")).get("page", "1"))
            people = sorted(lists.lists[path.split("/")[2]])
            shown = [{"email": one} for one in people[100 * (page - 1) : 100 * page]]
            self._tell(200, {"members": shown, "total": len(people)})

        def _tell(self, status: int, document: Any) -> None:
            data = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            """Prints nothing."""

        def finish(self) -> None:
            with suppress(ValueError):  # the connection was cut on purpose
                super().finish()

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield lists, f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
