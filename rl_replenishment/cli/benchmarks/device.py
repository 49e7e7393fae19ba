"""How many replays of pathwise training a GPU does in the time that the CPU takes for one."""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from rl_replenishment.cli.benchmarks.engines import company
from rl_replenishment.cli.screen import Screen
from rl_replenishment.core.environments.batch import ReplenishmentTask
from rl_replenishment.core.policies.order_up_to import ForecastLevels, OrderUpTo
from rl_replenishment.core.policies.parameters import ItemParameters
from rl_replenishment.core.simulation.rollout import run
from rl_replenishment.core.simulation.scenario import replay
from rl_replenishment.core.training.interface import TrainingProblem

if TYPE_CHECKING:
	import torch

REPLAYS = (1_000, 10_000, 100_000, 1_000_000)
#: of what is replayed
ITEMS, DAYS, REVIEW_DAYS = 200, 540, 7
#: replays in a step at most: what the caches of a CPU, and the memory of a GPU, take
COLUMNS = {"cpu": 4_096, "cuda": 65_536}
#: for each number of replays, unless --seconds says otherwise; of what takes longer, the rest is reckoned
SECONDS = 120.0


def measure(options: argparse.Namespace, screen: Screen) -> dict[str, Any]:
	"""Seconds of so many replays, with their gradients, on the CPU and on what --device asks for."""
	from rl_replenishment.core.training.devices import CPU, device_of

	other = device_of(options.device)
	devices = [CPU, *([other] if other != CPU else [])]
	problem, longest = _problem(options.seed), options.seconds or SECONDS
	rows = []
	with screen.progress("Replaying") as update:
		for number, replays in enumerate(options.replays):
			row: dict[str, Any] = {"replays": replays}
			for at, device in enumerate(devices):
				update(
					(number + at / len(devices)) / len(options.replays),
					f"{replays:,} replays on {device.type}",
				)
				row[device.type] = _measured(problem, replays, device, longest, options.seed)
			row["speed_up"] = row["cpu"]["seconds"] / row[other.type]["seconds"] if other != CPU else None
			rows.append(row)
	for row in rows:
		told = "; ".join(_told(device.type, row[device.type]) for device in devices)
		speed_up = f"; {row['speed_up']:.1f} times as fast" if row["speed_up"] else ""
		screen.say(f"{row['replays']:>9,} replays: {told}{speed_up}.")
	if other == CPU:
		screen.note("No GPU was measured: add --device cuda where torch sees one.")
	return {"device": other.type, "name": _name(other), "items": ITEMS, "days": DAYS, "rows": rows}


def _measured(
	problem: TrainingProblem, replays: int, device: torch.device, longest: float, seed: int
) -> dict[str, Any]:
	"""Seconds of steps of training that replay so often, drawing histories as a training does."""
	import torch

	from rl_replenishment.core.training.pathwise import Pathwise, PathwiseSettings

	columns = min(replays, COLUMNS[device.type])
	learner = Pathwise(replace(PathwiseSettings(), columns=columns), problem, seed, device=device)
	# the first step loads what all others use
	learner.step(0.0)
	done, began = 0, time.perf_counter()
	while done < replays and (not done or time.perf_counter() - began < longest):
		learner.step(done / replays)
		done += columns
	if device.type == "cuda":
		torch.cuda.synchronize()
	seconds = time.perf_counter() - began
	return {
		"seconds": seconds * max(replays / done, 1.0),
		"measured": min(done, replays),
		"replays": replays,
		"columns": columns,
	}


def _problem(seed: int) -> TrainingProblem:
	"""A company's items with an untuned rule: what a policy is worth does not matter here."""
	items, history = company(ITEMS, DAYS, np.random.default_rng(seed))
	rule = OrderUpTo(
		"rule",
		ForecastLevels(ItemParameters.per_item(items, safety_factor=1.0, gap=0.5, cap=np.inf), "91 days"),
	)
	judging = replay(items, history, days=DAYS // 4, review_days=REVIEW_DAYS, rng=np.random.default_rng(seed))
	cost = (run(rule, judging).cost / (DAYS // 4)).astype(np.float32)
	task = ReplenishmentTask(
		items=items, history=history, classical=rule, cost_per_day=cost, review_days=REVIEW_DAYS
	)
	return TrainingProblem(task, judging)


def _told(device: str, row: dict[str, Any]) -> str:
	reckoned = f", reckoned from {row['measured']:,}" if row["measured"] < row["replays"] else ""
	return f"{row['seconds']:.2f} s on {device}{reckoned}"


def _name(device: torch.device) -> str:
	import platform

	import torch

	return torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
