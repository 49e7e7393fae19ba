"""What suppliers ask of orders, on the command line."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rl_replenishment.cli.options import day
from rl_replenishment.cli.screen import Screen
from rl_replenishment.core.errors import InputError
from rl_replenishment.core.files.terms import minute_of, read_terms
from rl_replenishment.core.items import ItemTable
from rl_replenishment.core.terms.proposals import SupplierOrder
from rl_replenishment.core.terms.terms import END_OF_DAY, Terms


def add_terms_arguments(parser: argparse.ArgumentParser, *, with_time: bool = False) -> None:
	"""--terms and --prices."""
	parser.add_argument(
		"--terms",
		metavar="TERMS.csv",
		type=Path,
		help="what suppliers ask for: supplier, minimum_value, freight_cost, order_days and more",
	)
	parser.add_argument(
		"--prices",
		metavar="PRICES.csv",
		type=Path,
		help="price breaks: item_code, min_qty, price (with --terms)",
	)
	if with_time:
		parser.add_argument(
			"--time", metavar="HH:MM", help="time of ordering (default: before any supplier closes)"
		)


def terms_of(options: argparse.Namespace, items: ItemTable, screen: Screen) -> Terms | None:
	"""The terms of --terms; None without it."""
	if options.terms is None:
		for name in ("prices", "time"):
			if getattr(options, name, None) is not None:
				raise InputError(f"--{name} has no effect without --terms; give both, or leave it out.")
		return None
	return read_terms(options.terms, items, options.items, options.prices, screen.note)


def minute_of_ordering(options: argparse.Namespace) -> int:
	"""The minute of the day of --time; that of midnight without it."""
	if options.time is None:
		return 0
	minute = minute_of(options.time)
	if minute is None or minute == END_OF_DAY:
		raise InputError(f"--time {options.time!r} is no time of day; write it as in 11:30.")
	return minute


def tell_orders(orders: Sequence[SupplierOrder], screen: Screen) -> None:
	"""A note on each supplier that waits, is closed, or is to be paid freight."""
	for order in orders:
		if order.told:
			screen.note(order.told)


def orders_as_json(orders: Sequence[SupplierOrder]) -> list[dict[str, Any]]:
	"""What becomes of each supplier, as plain values."""
	return [{**asdict(order), "order_on": day(order.order_on)} for order in orders]
