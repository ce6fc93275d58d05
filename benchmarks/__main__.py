"""Runs all benchmarks one after the other; ends with an error when any limit is exceeded: `python -m benchmarks`."""

import subprocess
import sys
from pathlib import Path

SCRIPTS = (
    "definitions.py",
    "mapping.py",
    "fetch.py",
    "export.py",
    "history.py",
    "activation_plan.py",
    "sending.py",
    "large.py",
    "combination.py",
)

failed = [
    name for name in SCRIPTS if subprocess.run([sys.executable, Path(__file__).with_name(name)], check=False).returncode
]
if failed:
    raise SystemExit(f"beyond a limit: {', '.join(failed)}")
