"""The first two commands that anybody types, on ports of their own: the demo, and its UI."""

import shutil
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.commands import Result, process, started

# Both tests in one process: the demo runs once for them.
pytestmark = pytest.mark.xdist_group("demo")

EXAMPLES = Path(__file__).parents[2] / "segment_configs"


def free_port() -> int:
    """A port of the loopback address that nobody listens on."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the examples, whose simulator has a port of its own."""
    folder = tmp_path_factory.mktemp("demo")
    shutil.copytree(EXAMPLES, folder / "segment_configs")
    file = folder / "segment_configs" / "project.yaml"
    file.write_text(file.read_text().replace(":8765/", f":{free_port()}/"))
    return folder


@pytest.fixture(scope="module")
def demo(folder: Path) -> Result:
    """What the demo answered, run in the folder."""
    return process("demo", "--project", "segment_configs", "--json", folder=folder, patience=500)


def test_the_demo_refreshes_every_example_twice_and_tells_who_joined_and_left(demo: Result) -> None:
    """Promise 11: every example is published by Dagster, and its members are accounted for."""
    assert demo.code == 0, demo.err
    segments = demo.document["segments"]
    assert len(segments) >= 3
    assert all(one["state"] == "published" and one["fresh"] for one in segments)
    assert all(one["fetched"] == one["mapped"] + sum(one["unmapped"].values()) for one in segments)
    assert any(one["joined"] for one in segments)
    assert any(one["left"] for one in segments)


def test_the_demo_sends_to_a_list_and_to_a_file_and_a_second_run_makes_no_call(demo: Result, folder: Path) -> None:
    """Promise 23: planned, approved and sent; then there is nothing to do, and it says so."""
    assert demo.code == 0, demo.err
    sent = {one["name"]: one for one in demo.document["activations"]}
    assert set(sent) == {"paying_to_klaviyo", "vip_to_file"}
    assert all(one["accepted"] > 100 and one["calls"] and not one["calls_again"] for one in sent.values())
    assert len((folder / "exports" / "vip_openers.csv").read_text().splitlines()) > 100


def lines_until(stream: Iterator[str], words: str) -> list[str]:
    """Reads lines up to the first with these words, or to the end."""
    read = []
    for line in stream:
        read.append(line)
        if words in line:
            break
    return read


def test_the_ui_serves_what_the_demo_made_until_it_is_interrupted(demo: Result, folder: Path) -> None:
    """Dagster answers on the port that was asked for, and ends as a whole."""
    assert demo.code == 0, demo.err
    port = free_port()
    running = started("ui", "--project", "segment_configs", "--port", str(port), folder=folder)
    patience = threading.Timer(150, running.send_signal, [signal.SIGINT])
    patience.start()
    try:
        assert running.stdout is not None
        told = lines_until(iter(running.stdout), "Serving dagster-webserver on")
        assert "Serving dagster-webserver on" in told[-1], "".join(told)
        with httpx.Client(transport=httpx.HTTPTransport(retries=9), timeout=60) as client:  # it tells before it listens
            assert client.get(f"http://127.0.0.1:{port}/server_info").json()["dagster_version"]
            query = {"query": "{ assetNodes { assetKey { path } assetMaterializations(limit: 1) { runId } } }"}
            nodes = client.post(f"http://127.0.0.1:{port}/graphql", json=query).json()["data"]["assetNodes"]
        ours = [node for node in nodes if node["assetKey"]["path"][0] == "segments"]
        assert len(ours) >= 9
        assert all(node["assetMaterializations"] for node in ours)
    finally:
        patience.cancel()
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=60)
    assert running.returncode == 0
    with pytest.raises(httpx.TransportError):
        httpx.get(f"http://127.0.0.1:{port}/server_info")
