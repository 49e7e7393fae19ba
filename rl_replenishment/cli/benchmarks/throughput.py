"""How fast the simulation is, beside a plain pandas environment of the original kind."""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

import numpy as np

from rl_replenishment.cli.screen import Screen
from rl_replenishment.core.environments.stock_multi_product import (
	EPISODE_DAYS,
	FIRST_DAY,
	LEAST_START,
	MOST_START,
	sample_order_lines,
)
from rl_replenishment.core.errors import InputError
from rl_replenishment.core.items import ItemKey, ItemTable
from rl_replenishment.core.simulation.dynamics import Inventory

PRODUCTS = 3
ITEMS, DAYS = 4000, 200
ROUNDS = 5


def measure(options: argparse.Namespace, screen: Screen) -> dict[str, Any]:
	"""Item-steps per second of both, in alternation, so that both meet the same machine."""
	fast, slow = [], []
	with screen.progress("Measuring") as update:
		for number in range(ROUNDS):
			fast.append(_batched(np.random.default_rng(options.seed + number)))
			slow.append(_pandas(np.random.default_rng(options.seed + number)))
			update((number + 1) / ROUNDS, "Measuring")
	ratios = [f / s for f, s in zip(fast, slow, strict=True)]
	found = {
		"batched_item_steps_per_second": statistics.median(fast),
		"pandas_item_steps_per_second": statistics.median(slow),
		"ratio": statistics.median(ratios),
		"ratios": ratios,
		"items": ITEMS,
		"days": DAYS,
	}
	screen.say(
		f"Batched: {found['batched_item_steps_per_second']:,.0f} item-steps/s; pandas: "
		f"{found['pandas_item_steps_per_second']:,.0f}; ratio {found['ratio']:,.0f} (median of {ROUNDS})."
	)
	return found


def _batched(rng: np.random.Generator) -> float:
	"""Random lead times, weekly packs and lost sales on all items; every day is a chance to order."""
	items = ItemTable.create(
		[ItemKey(str(number)) for number in range(ITEMS)],
		lead_time_days=rng.integers(1, 15, ITEMS),
		order_multiple=rng.choice([1, 6, 12], ITEMS),
		order_cost=1,
	)
	demand = rng.poisson(5, (DAYS, ITEMS)).astype(np.float32)
	target = 5 * (items.lead_time_days + 2)
	inventory = Inventory(items)
	inventory.reset(np.arange(ITEMS), target)
	cost = np.zeros(ITEMS)
	started = time.perf_counter()
	for day in range(DAYS):
		inventory.receive()
		ordered = inventory.place_orders(target - inventory.inventory_position)
		result = inventory.serve(demand[day])
		cost += result.holding_cost + result.stockout_cost + (ordered > 0) * items.order_cost
	return ITEMS * DAYS / (time.perf_counter() - started)


def _pandas(rng: np.random.Generator) -> float:
	"""The rules of StockMultiProduct-v0 as one would write them with a data frame of order lines."""
	try:
		import pandas as pd
	except ModuleNotFoundError:
		raise InputError(
			"This benchmark compares with pandas, which is not installed; run: pip install pandas."
		) from None
	lines = sample_order_lines(PRODUCTS)
	orders = pd.DataFrame(
		{
			"product": lines.product,
			"date": pd.Timestamp(FIRST_DAY) + pd.to_timedelta(lines.day, unit="D"),
			"quantity": lines.quantity,
		}
	)
	shifted = orders.copy()
	shifted["date"] += pd.to_timedelta(rng.integers(-2, 2, len(orders)), unit="D")
	shifted["quantity"] *= rng.uniform(0.5, 1.5, len(orders)).round(1)
	stock = pd.Series(rng.integers(LEAST_START, MOST_START + 1, PRODUCTS).astype(float))
	today = pd.Timestamp(FIRST_DAY)
	reward = 0.0
	started = time.perf_counter()
	for _ in range(EPISODE_DAYS):
		quantity = pd.Series(np.where(stock <= 190, 10.0, 0.0))
		stock = stock + quantity
		sold = shifted[shifted["date"] == today].groupby("product")["quantity"].sum()
		stock = stock.sub(sold.reindex(stock.index, fill_value=0.0))
		reward += 1 - quantity.sum() / 30
		today += pd.Timedelta(days=1)
	return PRODUCTS * EPISODE_DAYS / (time.perf_counter() - started)
