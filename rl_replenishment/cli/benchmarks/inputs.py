"""The order history that the benchmarks run on."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from rl_replenishment.core.errors import InputError

#: where the Northwind files lie beside a checkout
_FOLDERS = (Path("data"), Path("../shared/data"))


#: names the folder of cases of recorded demand
REAL_DATA = "RL_REPLENISHMENT_REAL_DATA"


def real_cases(options: argparse.Namespace) -> list[tuple[str, Path, Path]]:
	"""Name, ORDERS and ITEMS of each case of recorded demand, by name; only those of --case where given."""
	given = options.data or (Path(os.environ[REAL_DATA]) if os.environ.get(REAL_DATA) else None)
	places = [given] if given else [folder / "real" for folder in _FOLDERS]
	cases = {
		orders.parent.name: (orders.parent.name, orders, orders.with_name("items.csv"))
		for place in places
		for orders in sorted(place.glob("*/orders.csv"))
		if orders.with_name("items.csv").is_file()
	}
	if not cases:
		where = f"{given} has" if given else "there are"
		raise InputError(
			"This benchmark runs on recorded demand, which is not part of the project, and"
			f" {where} no cases (folders with orders.csv and items.csv); name their folder with --data or"
			f" {REAL_DATA}."
		)
	unknown = [name for name in options.case or () if name not in cases]
	if unknown:
		raise InputError(f"--case {unknown[0]}: there is no such case, only {', '.join(cases)}.")
	return [case for name, case in cases.items() if not options.case or name in options.case]


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
