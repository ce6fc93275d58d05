"""A real SCIM server, from the Python package index, with a directory of users in memory."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from tests.support.servers.accounts import Account
from tests.support.servers.installing import installed, python_recipe
from tests.support.servers.serving import free_port, serving

RECIPE = python_recipe("scim2-server", "scim2-server==0.8.3")

USERS = 360
"""Users of the directory: two of three are customers, who fill three pages; every tenth has no address."""

TOKEN = "a-bearer-token"
SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:User"
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"


def user(number: int) -> dict[str, Any]:
    """One user; most have two addresses, of which the first counts."""
    found = {"schemas": [SCHEMA], "userName": f"user{number}", "externalId": f"C{number}"}
    if number % 10:
        addresses = [f"member{number}@example.test", f"private{number}@example.test"]
        found["emails"] = [{"value": value, "primary": value == addresses[0]} for value in addresses]
    return {**found, "userType": "customer" if number % 3 else "employee"}


def _call(url: str, body: dict[str, Any] | None = None) -> Any:
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/scim+json"}
    request = Request(url, json.dumps(body).encode() if body else None, headers)
    with urlopen(request, timeout=60) as answer:
        return json.load(answer)


@contextmanager
def running(run: Path) -> Iterator[Account]:
    """Runs it in an empty folder, and fills its directory; gives the account."""
    folder, port = installed(RECIPE), free_port()
    url = f"http://127.0.0.1:{port}/v2"
    with serving(
        [folder / "venv/bin/scim2-server", "--port", str(port), "--bearer-token", TOKEN], url=f"{url}/Users", folder=run
    ):
        operations = [
            {"method": "POST", "path": "/Users", "bulkId": f"b{number}", "data": user(number)}
            for number in range(1, USERS + 1)
        ]
        done = _call(f"{url}/Bulk", {"schemas": [BULK], "Operations": operations})
        assert {one["status"] for one in done["Operations"]} == {"201"}
        yield Account("scim", url, {"token": TOKEN}, {"user_type": "customer"})


def customers(account: Account) -> set[tuple[str, str | None]]:
    """Id and first address of every customer, from one unpaged listing of the whole directory."""
    everybody = _call(f"{account.base_url}/Users?count={USERS * 2}")["Resources"]
    assert len(everybody) == USERS
    return {
        (one["id"], one["emails"][0]["value"] if one.get("emails") else None)
        for one in everybody
        if one["userType"] == "customer"
    }
