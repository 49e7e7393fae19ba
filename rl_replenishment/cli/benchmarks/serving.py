"""How fast and how small proposing is: features and quantities of 100,000 item-warehouses, without torch."""

from __future__ import annotations

import argparse
import itertools
import re
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from rl_replenishment.cli.screen import Screen
from rl_replenishment.core.demand.statistics import LOOKBACK_DAYS
from rl_replenishment.core.items import ItemKey, ItemTable
from rl_replenishment.core.policies.network import Network, Normaliser
from rl_replenishment.core.policies.observation import OBSERVATION_SIZE
from rl_replenishment.core.policies.order_up_to import ForecastLevels, OrderUpTo
from rl_replenishment.core.policies.parameters import ItemParameters
from rl_replenishment.core.policies.residual_network import ACTION_SIZE, ResidualNetwork
from rl_replenishment.core.policies.serving import order_quantities_in_chunks

ITEMS = 100_000
ROUNDS = 5
#: proposing needs none of them, and each would count as memory
HEAVY = ("matplotlib", "pandas", "torch")


def measure(options: argparse.Namespace, screen: Screen) -> dict[str, Any]:
	"""Measure in this process, of which nothing but proposing has made use so far."""
	heavy = [name for name in HEAVY if name in sys.modules]
	if heavy:
		screen.note(
			f"The peak memory counts {' and '.join(heavy)}, which this process had loaded for something else."
		)
	found = _serve(ITEMS, options.seed)
	screen.say(
		f"{found['items']:,} item-warehouses in {found['seconds']:.2f} s"
		f" (median of {len(found['all_seconds'])}), peak memory {found['peak_mib']:.0f} MiB,"
		f" torch loaded: {found['torch_loaded']}."
	)
	return found


def _serve(count: int, seed: int) -> dict[str, Any]:
	"""From raw demand of 455 days to quantities."""
	rng = np.random.default_rng(seed)
	before = memory_mib("VmRSS")
	items = ItemTable.create(
		[ItemKey(str(number)) for number in range(count)],
		lead_time_days=rng.integers(1, 30, count),
		unit_cost=rng.uniform(1, 100, count),
		order_multiple=rng.choice([1, 6, 12], count),
	)
	demand = np.empty((LOOKBACK_DAYS, count), dtype=np.float32)
	for day in range(LOOKBACK_DAYS):
		demand[day] = rng.poisson(0.5, count)
	policy = network_policy(items, rng)
	on_hand = rng.uniform(0, 30, count).astype(np.float32)
	arrivals = rng.poisson(0.2, (14, count)).astype(np.float32)
	seconds = []
	for _ in range(ROUNDS):
		started = time.perf_counter()
		quantity = order_quantities_in_chunks(
			policy,
			items,
			demand,
			today=np.datetime64("2025-07-01"),
			review_days=7,
			on_hand=on_hand,
			arrivals=arrivals,
		)
		seconds.append(time.perf_counter() - started)
	return {
		"items": count,
		"seconds": statistics.median(seconds),
		"all_seconds": seconds,
		"peak_mib": memory_mib("VmHWM"),
		# what Python and its libraries take before there are any items
		"before_mib": before,
		"torch_loaded": "torch" in sys.modules,
		"ordered_lines": int((quantity > 0).sum()),
	}


def memory_mib(which: str) -> float:
	"""Memory of this process: of now ("VmRSS") or at its peak ("VmHWM").

	Where the system does not tell, the peak so far stands in for both; what `getrusage` tells may be that of
	the process which started this one.
	"""
	try:
		status = Path("/proc/self/status").read_text(encoding="utf-8", errors="replace")
	except OSError:
		status = ""
	told = re.search(rf"^{which}:\s*(\d+) kB$", status, re.MULTILINE)
	if told:
		return int(told[1]) / 2**10
	# not on every system, so not where the command line starts
	import resource

	unit = 2**20 if sys.platform == "darwin" else 2**10
	return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def network_policy(items: ItemTable, rng: np.random.Generator) -> ResidualNetwork:
	"""Of the size that training makes; random weights cost as much as trained ones."""
	sizes = (OBSERVATION_SIZE, 64, 64, ACTION_SIZE)
	layers = [
		(rng.normal(0, 0.1, (wide, narrow)).astype(np.float32), np.zeros(wide, np.float32))
		for narrow, wide in itertools.pairwise(sizes)
	]
	rule = ForecastLevels(ItemParameters.per_item(items, safety_factor=1.5, gap=0.5, cap=np.inf), "91 days")
	normaliser = Normaliser(np.zeros(OBSERVATION_SIZE, np.float32), np.ones(OBSERVATION_SIZE, np.float32))
	return ResidualNetwork("learned policy", OrderUpTo("(s, S)", rule), normaliser, Network(layers))
