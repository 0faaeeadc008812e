"""Runs every golden script, each in a process of its own, and prints the total size of the fixtures."""

import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
for script in sorted([*HERE.glob("golden_*.py"), *HERE.glob("*_data.py")]):
    subprocess.run([sys.executable, "-B", str(script)], check=True)
total = sum(path.stat().st_size for path in HERE.parents[1].glob("packages/*/test/golden/*.json"))
print(f"fixtures: {total} bytes")
