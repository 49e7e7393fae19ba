"""The order history that the benchmarks run on."""

from __future__ import annotations

import argparse
from pathlib import Path

from rl_replenishment.core.errors import InputError

#: where the Northwind files lie beside a checkout
_FOLDERS = (Path("data"), Path("../shared/data"))


def northwind(options: argparse.Namespace) -> tuple[Path, Path | None]:
	"""The ORDERS and ITEMS to measure on: what was given, or the Northwind files where they are at hand."""
	if options.orders is not None:
		return options.orders, options.items
	for folder in _FOLDERS:
		orders = folder / "northwind_orders.csv"
		if orders.is_file():
			items = folder / "northwind_items.csv"
			return orders, options.items or (items if items.is_file() else None)
	raise InputError(
		"This benchmark runs on the Northwind order history, which is not part of the project;"
		" name it with --orders."
	)
