"""PPO on the original system's environment, over several seeds, beside the order-up-to rules."""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np

from rl_replenishment.cli.benchmarks.inputs import northwind
from rl_replenishment.cli.screen import Screen
from rl_replenishment.core.environments.stock_multi_product import (
	EPISODE_DAYS,
	FIRST_DAY,
	LAST_DAY,
	OrderLines,
	evaluate_stock_multi_product,
	order_up_to_actions,
)
from rl_replenishment.core.errors import InputError
from rl_replenishment.core.files.orders import Orders, read_orders

SECONDS = 150.0
EPISODES = 200
#: of the history, as the original system had them
PRODUCTS = ("1", "2", "3")
LEVELS = (120, 140, 160, 180, 200, 220)


def measure(options: argparse.Namespace, screen: Screen) -> dict[str, Any]:
	"""Mean return and survival of each seed's agent over the same 200 episodes that the rules meet."""
	try:
		from rl_replenishment.core.training.stock_multi_product import train_stock_multi_product
	except ModuleNotFoundError as error:
		raise InputError(
			f"Training needs {error.name}, which is not installed;"
			" run: pip install 'rl_replenishment[train]'."
		) from None
	lines = order_lines(read_orders(northwind(options)[0], options.date_format, note=screen.note))
	seconds = options.seconds or SECONDS

	def evaluate(actions: Any) -> dict[str, float]:
		rng = np.random.default_rng(10_000 + options.seed)
		return evaluate_stock_multi_product(actions, lines, rng, episodes=EPISODES)

	rules = {
		level: evaluate(lambda stocks, level=level: order_up_to_actions(stocks, level)) for level in LEVELS
	}
	agents = []
	with screen.progress("Training") as update:
		for number in range(options.seeds):
			seed = options.seed + number
			update(number / options.seeds, f"Training with seed {seed}")
			started = time.perf_counter()
			agent = train_stock_multi_product(lines, seconds=seconds, seed=seed)
			took = time.perf_counter() - started
			agents.append({"seed": seed, "seconds": took, "level": agent.level, **evaluate(agent.actions)})
	for level, result in rules.items():
		screen.say(
			f"order up to {level}: return {result['mean_return']:.1f}, survived {result['survived']:.1%}"
		)
	for row in agents:
		screen.say(f"seed {row['seed']}: return {row['mean_return']:.1f}, survived {row['survived']:.1%}")
	return {
		"episodes": EPISODES,
		"rules": [{"level": level, **result} for level, result in rules.items()],
		"agents": agents,
		"median_return": float(np.median([row["mean_return"] for row in agents])),
		"least_return": min(row["mean_return"] for row in agents),
		"least_survived": min(row["survived"] for row in agents),
	}


def order_lines(orders: Orders) -> OrderLines:
	"""The lines of the original's three products."""
	codes = [key.item_code for key in orders.keys]
	missing = [product for product in PRODUCTS if product not in codes]
	if missing:
		raise InputError(
			f"The order history has no item {missing[0]}; this benchmark needs those of Northwind."
		)
	position = np.full(len(codes), -1, dtype=np.intp)
	position[[codes.index(product) for product in PRODUCTS]] = np.arange(len(PRODUCTS))
	chosen = position[orders.item] >= 0
	lines = OrderLines(
		product=position[orders.item][chosen],
		day=(orders.day[chosen] - FIRST_DAY).astype(np.intp),
		quantity=orders.quantity[chosen],
	)
	counts = (lines.day >= 0) & (lines.day < EPISODE_DAYS) & (lines.quantity > 0)
	unsold = np.flatnonzero(np.bincount(lines.product[counts], minlength=len(PRODUCTS)) == 0)
	if len(unsold):
		raise InputError(
			f"The order history has no demand for item {PRODUCTS[unsold[0]]} from {FIRST_DAY} to"
			f" {LAST_DAY - 1}; this benchmark needs that of Northwind."
		)
	return lines
