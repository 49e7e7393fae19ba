"""Options and inputs that several subcommands share."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rl_replenishment.cli.screen import Screen
from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.errors import InputError
from rl_replenishment.core.files.items import item_table, read_items
from rl_replenishment.core.files.orders import read_orders
from rl_replenishment.core.items import DEFAULTS, ItemKey, ItemTable

#: a hold-out where none is asked for: a quarter of the history, at most this many days
LONGEST_DEFAULT_HOLDOUT = 180
_SHOWN = 5

#: options that stand in for ITEMS columns, with what they mean
ITEM_OPTIONS = {
	"lead_time_days": "days from an order to its arrival",
	"unit_cost": "price of a unit",
	"holding_cost_rate": "cost of holding stock, as a share of the unit cost per year",
	"stockout_cost_rate": "cost of a unit of unmet demand, as a share of the unit cost",
	"order_cost": "cost of an order line",
}


def positive(kind: type[int] | type[float]) -> object:
	"""A parser of numbers above 0, for argparse."""

	def parse(text: str) -> int | float:
		value = kind(text)
		if not 0 < value < float("inf"):
			raise argparse.ArgumentTypeError(f"{text} is not a number above 0")
		return value

	parse.__name__ = "number"
	return parse


def not_negative(kind: type[int] | type[float]) -> object:
	"""A parser of numbers from 0 on, for argparse."""

	def parse(text: str) -> int | float:
		value = kind(text)
		if not 0 <= value < float("inf"):
			raise argparse.ArgumentTypeError(f"{text} is not a number of 0 or more")
		return value

	parse.__name__ = "number"
	return parse


def add_history_arguments(parser: argparse.ArgumentParser) -> None:
	"""ORDERS, --items, and what stands in for columns that ITEMS does not have."""
	parser.add_argument("orders", metavar="ORDERS.csv", type=Path, help="order history: item_code, date, qty")
	add_item_arguments(parser)


def add_item_arguments(parser: argparse.ArgumentParser) -> None:
	"""--items and the defaults of its columns."""
	parser.add_argument("--items", metavar="ITEMS.csv", type=Path, help="lead times, costs, packs, suppliers")
	parser.add_argument("--date-format", help="of all dates in the files, as in %%d/%%m/%%Y")
	for name, meaning in ITEM_OPTIONS.items():
		parser.add_argument(
			f"--{name.replace('_', '-')}",
			type=not_negative(float),  # type: ignore[arg-type]
			help=f"{meaning}, where ITEMS does not say (default: {DEFAULTS[name]:g})",
		)


def add_training_arguments(parser: argparse.ArgumentParser) -> None:
	"""How long and where to."""
	parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="folder for the policy")
	parser.add_argument("--seconds", type=positive(float), help="time to train (default: 60)")  # type: ignore[arg-type]
	parser.add_argument(
		"--timesteps",
		type=positive(int),  # type: ignore[arg-type]
		help="steps to train; without --seconds the same seed gives the same policy",
	)


def add_policy_argument(parser: argparse.ArgumentParser) -> None:
	"""--policy."""
	parser.add_argument("--policy", metavar="DIR", type=Path, required=True, help="folder that train or learn wrote")


def budget(options: argparse.Namespace) -> tuple[float | None, int | None]:
	"""Seconds and timesteps; a minute where neither is given."""
	if options.seconds is None and options.timesteps is None:
		return 60.0, None
	return options.seconds, options.timesteps


def item_defaults(options: argparse.Namespace) -> dict[str, float]:
	"""The item options that were given."""
	return {name: value for name in ITEM_OPTIONS if (value := getattr(options, name)) is not None}


def read_item_table(
	options: argparse.Namespace, keys: Sequence[ItemKey], screen: Screen, base: ItemTable | None = None
) -> ItemTable:
	"""The items of --items; without it `base`, or the defaults where there is none."""
	if options.items is None:
		return base if base is not None and not item_defaults(options) else item_table(keys, item_defaults(options))
	items, without = read_items(options.items, keys, item_defaults(options))
	if without:
		names = ", ".join(str(key) for key in without[:_SHOWN])
		more = f" and {len(without) - _SHOWN} more" if len(without) > _SHOWN else ""
		screen.note(f"{options.items.name} has no row for {names}{more}: the defaults stand in.")
	return items


def read_history(orders: Path, date_format: str | None, screen: Screen) -> DemandHistory:
	"""The daily demand of an ORDERS file."""
	history, unexplained = read_orders(orders, date_format).history()
	if unexplained:
		screen.note(f"{orders.name}: {unexplained:g} units were returned that no earlier line accounts for; left out.")
	return history


def holdout_days(asked: int | None, history: DemandHistory) -> int:
	"""Days at the end of the history to keep for the test."""
	days = min(history.days // 4, LONGEST_DEFAULT_HOLDOUT) if asked is None else asked
	if days >= history.days:
		raise InputError(
			f"--holdout {days} leaves nothing to learn from: the history spans {history.days} days; give fewer."
		)
	return days


def day(date: np.datetime64) -> str:
	"""A date as people write it in files."""
	return str(np.datetime64(date, "D"))
