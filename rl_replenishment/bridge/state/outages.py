"""Days on which an item-warehouse could show no demand, and the history with these filled."""

from __future__ import annotations

from datetime import date
from typing import Any

import frappe
import numpy as np
import numpy.typing as npt
from frappe.model.document import Document

from rl_replenishment.bridge.queries import Keys, one_of, posted_within
from rl_replenishment.bridge.state.real_demand import read_real_demand
from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.demand.imputation import Imputed, Unseen, impute
from rl_replenishment.core.demand.statistics import QUARTER
from rl_replenishment.core.items import ItemTable

#: where a larger share of an agent's items is young, and more than so many, their masters were imported
_IMPORTED_SHARE, _FEW = 0.25, 3


def without_gaps(settings: Document, items: ItemTable, history: DemandHistory, held: int = 0) -> Imputed:
	"""The history as policies see it, see `core.demand.imputation`; in at most three queries."""
	seen = read_unseen(settings, items, history)
	return impute(history, items, seen, held, read_real_demand(settings, Keys(items.keys)))


def read_unseen(settings: Document, items: ItemTable, history: DemandHistory) -> Unseen:
	"""Where the history does not show what was asked for; in at most two queries."""
	at, shape = Keys(items.keys), history.demand.shape
	unseen = Unseen.nothing(*shape)
	if settings.demand_source != "Sales Order":
		# who orders what is out of stock is seen all the same
		unseen = out_of_stock(at, history)
	introduced = np.maximum(unseen.introduced, _introduced(at, history))
	return Unseen(unseen.out_of_stock, unseen.sold_out, introduced)


def out_of_stock(at: Keys, history: DemandHistory) -> Unseen:
	"""Read from the entries of the Stock Ledger after or before which nothing was left."""
	days, count = history.demand.shape
	item, day, left, came = _turning_points(at, history)
	out, sold_out = np.zeros((days, count), bool), np.zeros((days, count), bool)
	introduced = np.zeros(count, np.int64)
	is_first = np.diff(item, prepend=-1) != 0
	# until its first goods came, an item was not there at all
	introduced[item[is_first & came]] = day[is_first & came]
	until = np.append(np.where(is_first[1:], days, day[1:]), days)
	for row in np.flatnonzero(~left & (until > day)):
		out[day[row] + 1 : until[row], item[row]] = True
		sold_out[day[row], item[row]] = not came[row]
	return Unseen(out, sold_out, introduced)


def _turning_points(at: Keys, history: DemandHistory) -> tuple[npt.NDArray[Any], ...]:
	"""By item-warehouse and time: position, day, whether stock was left after it, and none before it."""
	entry = frappe.qb.DocType("Stock Ledger Entry")
	before = entry.qty_after_transaction - entry.actual_qty
	first, end = (day.astype(object) for day in (history.start, history.end))
	rows = (
		frappe.qb.from_(entry)
		.select(entry.item_code, entry.warehouse, entry.posting_date, entry.qty_after_transaction, before)
		.where((entry.is_cancelled == 0) & posted_within(entry, first, end))
		.where((entry.qty_after_transaction <= 0) | (before <= 0))
		.where(at.include(entry.item_code, entry.warehouse))
		.orderby(entry.posting_datetime, entry.creation)
		.run()
	)
	rows = [(place, *row[2:]) for row in rows if (place := at.position(row[0], row[1])) >= 0]
	item = np.array([row[0] for row in rows], dtype=np.int64)
	by_item = np.argsort(item, kind="stable")
	columns = (
		item,
		np.array([(row[1] - first).days for row in rows], dtype=np.int64),
		np.array([row[2] > 0 for row in rows], dtype=bool),
		np.array([row[3] <= 0 for row in rows], dtype=bool),
	)
	return tuple(column[by_item] for column in columns)


def _introduced(at: Keys, history: DemandHistory) -> npt.NDArray[np.int64]:
	"""Day of the history on which each item was entered, shape (N,), if in the last quarter; else 0."""
	item = frappe.qb.DocType("Item")
	youngest = (history.end - QUARTER).astype(object)
	young: dict[str, date] = dict(
		frappe.qb.from_(item)
		.select(item.name, item.creation)
		.where((item.creation >= youngest) & one_of(item.name, at.item_codes))
		.run()
	)
	if len(young) > max(_FEW, _IMPORTED_SHARE * len(at.item_codes)):
		return np.zeros(len(at), np.int64)
	entered = [
		np.datetime64(young.get(key.item_code) or history.start.astype(object), "D") for key in at.keys
	]
	days = (np.array(entered, dtype="datetime64[D]") - history.start).astype(np.int64)
	return np.clip(days, 0, history.days)
