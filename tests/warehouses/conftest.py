import json
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.support import warehouse_process


@pytest.fixture
def process():
    """Starts work of tests/support/warehouse_process.py on a warehouse; what still runs at the end is killed."""
    root = str(Path(__file__).parents[2])

    @contextmanager
    def started(what, warehouse, argument=""):
        if warehouse.dialect == "duckdb":
            settings = {"kind": "duckdb", "path": str(warehouse.path)}
        else:
            parts = warehouse.settings
            settings = {"kind": "postgres", "host": parts.host, "database": parts.database, "user": parts.user}
        command = [sys.executable, warehouse_process.__file__, what, json.dumps(settings), argument]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": root}
        with subprocess.Popen(command, env={"PYTHONPATH": root}, **pipes) as child:
            try:
                yield child
            finally:
                child.kill()

    with ExitStack() as stack:
        yield lambda *arguments: stack.enter_context(started(*arguments))
