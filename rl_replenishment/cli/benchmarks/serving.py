"""How fast and how small proposing is: features and quantities of 100,000 item-warehouses, without torch."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from typing import Any

from rl_replenishment.cli.screen import Screen

ITEMS = 100_000


def measure(options: argparse.Namespace, screen: Screen) -> dict[str, Any]:
	"""Measure in a fresh process: what this one has loaded must not count."""
	environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
	command = [
		sys.executable,
		"-m",
		"rl_replenishment.cli.benchmarks.serving_process",
		str(ITEMS),
		str(options.seed),
	]
	with screen.progress("Serving") as update:
		output = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout  # noqa: S603
		update(1.0, "Serving")
	found: dict[str, Any] = json.loads(output)
	screen.say(
		f"{found['items']:,} item-warehouses in {found['seconds']:.2f} s"
		f" (median of {len(found['all_seconds'])}), peak memory {found['peak_mib']:.0f} MiB,"
		f" torch loaded: {found['torch_loaded']}."
	)
	return found
