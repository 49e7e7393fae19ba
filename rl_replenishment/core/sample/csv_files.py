"""The sample company as the three files that the command line reads."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.sample.company import SampleCompany


def write_files(company: SampleCompany, folder: Path) -> tuple[Path, Path, Path]:
	"""Write ORDERS.csv, ITEMS.csv and STOCK.csv into `folder`, made where missing; returns their paths."""
	folder.mkdir(parents=True, exist_ok=True)
	orders, items, stock = (folder / name for name in ("ORDERS.csv", "ITEMS.csv", "STOCK.csv"))
	write_orders(company.history, orders)
	_write(items, _ITEM_COLUMNS, _item_rows(company))
	_write(stock, ("item_code", "on_hand", "on_order", "expected_date"), _stock_rows(company))
	return orders, items, stock


def write_orders(history: DemandHistory, path: Path) -> None:
	"""Write an ORDERS file with a row for each day and item with demand, oldest first."""
	_write(path, ("item_code", "date", "qty"), _order_rows(history))


_ITEM_COLUMNS = (
	"item_code",
	"item_name",
	"item_group",
	"supplier",
	"lead_time_days",
	"lead_time_std_days",
	"unit_cost",
	"holding_cost_rate",
	"stockout_cost",
	"order_cost",
	"min_order_qty",
	"order_multiple",
)


def _order_rows(history: DemandHistory) -> Iterable[Sequence[str]]:
	for day, item in zip(*np.nonzero(history.demand), strict=True):
		date = history.start + np.timedelta64(int(day), "D")
		yield history.keys[item].item_code, str(date), _number(history.demand[day, item])


def _item_rows(company: SampleCompany) -> Iterable[Sequence[str]]:
	table = company.items
	for item, key in enumerate(table.keys):
		yield (
			key.item_code,
			company.item_names[item],
			table.groups[item],
			table.suppliers[item],
			_number(table.lead_time_days[item]),
			_number(table.lead_time_std_days[item]),
			_number(table.unit_cost[item]),
			_number(company.holding_cost_rate[item]),
			_number(table.stockout_cost[item]),
			_number(table.order_cost[item]),
			_number(table.min_order_qty[item]),
			_number(table.order_multiple[item]),
		)


def _stock_rows(company: SampleCompany) -> Iterable[Sequence[str]]:
	"""A row for each open order, or for an item that has none; each repeats what is on hand."""
	for item, key in enumerate(company.items.keys):
		due = [order for order in company.open_orders if order.item == item]
		awaited = [(_number(order.quantity), str(order.expected_date)) for order in due] or [("0", "")]
		for on_order, expected_date in awaited:
			yield key.item_code, _number(company.on_hand[item]), on_order, expected_date


def _number(value: float | np.floating) -> str:
	"""The shortest text that reads back as the same float32."""
	return np.format_float_positional(np.float32(value), trim="-")


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
	with path.open("w", encoding="utf-8", newline="") as file:
		writer = csv.writer(file, lineterminator="\n")
		writer.writerow(header)
		writer.writerows(rows)
