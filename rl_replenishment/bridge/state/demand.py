"""Demand per item-warehouse and day, from the Stock Ledger or from Sales Orders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta

import frappe
import numpy as np
import numpy.typing as npt
from frappe import _
from frappe.model.document import Document
from frappe.query_builder.functions import Concat, Count, GroupConcat, Min
from pypika.queries import QueryBuilder

from rl_replenishment.bridge.queries import Keys, days_between
from rl_replenishment.bridge.state.demand_queries import Window, ledger_queries, sales_order_queries
from rl_replenishment.bridge.state.places import read_places
from rl_replenishment.core.demand.history import DemandHistory, from_events
from rl_replenishment.core.errors import InputError
from rl_replenishment.core.items import FloatArray, ItemKey

#: item-warehouses read at a time: bounds the memory that a long history takes
CHUNK = 20_000
#: days times item-warehouses, which take 2 GiB
MOST_NUMBERS = 2**29
#: a history that starts with more idle days than this is checked for when it really began
_IDLE_DAYS = 14
#: bytes of the text of a busy item-warehouse's rows; the database cuts longer ones
_LONGEST_TEXT = 2**28


def read_demand(settings: Document, keys: Sequence[ItemKey], *, days: int, today: date) -> DemandHistory:
	"""The demand of N item-warehouses over up to `days` days, the last of them yesterday, in stock UOM.

	What counts as demand is told in `demand_queries`. The history starts later where nothing had been moved
	or ordered before. In at most nine queries for `CHUNK` item-warehouses.
	"""
	_check_size(days, len(keys))
	start = today - timedelta(days=days)
	places = read_places(settings)
	demand = np.zeros((days, len(keys)), dtype=np.float32)
	with _long_lists_and_texts():
		for first in range(0, len(keys), CHUNK):
			part = slice(first, first + CHUNK)
			window = Window(Keys(keys[part]), places.inside, places.used, start, today)
			demand[:, part] = _read(settings, window)
	idle = _idle_days(settings, keys, demand, start)
	return DemandHistory(tuple(keys), np.datetime64(start + timedelta(days=idle), "D"), demand[idle:])


def _check_size(days: int, items: int) -> None:
	"""Refuse a history that no machine would hold, before any of it is read."""
	if days * items > MOST_NUMBERS:
		raise InputError(
			_(
				"{0} days of {1} item-warehouses are {2} numbers, more than a run may hold ({3}); shorten "
				"the history, or divide the items among several agents."
			).format(days, items, days * items, MOST_NUMBERS)
		)


@contextmanager
def _long_lists_and_texts() -> Iterator[None]:
	"""Have the database look up long lists by index, which keeps the ledger's order, and cut off no text.

	By default it would sort a million rows to find a thousand items or more among them.
	"""
	# no query builder sets a session's variables; nothing of it is sent by anybody
	# nosemgrep
	frappe.db.sql(
		"set session group_concat_max_len = %s, in_predicate_conversion_threshold = 0", _LONGEST_TEXT
	)
	try:
		yield
	finally:
		# as above
		# nosemgrep
		frappe.db.sql(
			"set session group_concat_max_len = default, in_predicate_conversion_threshold = default"
		)


def _read(settings: Document, window: Window) -> FloatArray:
	"""The demand of a chunk of keys, shape (days, keys)."""
	from_orders = settings.demand_source == "Sales Order"
	queries = sales_order_queries(window) if from_orders else ledger_queries(window)
	events = [_events(query, window) for query in queries]
	index, day, quantity = (np.concatenate(column) for column in zip(*events, strict=True))
	start = np.datetime64(window.start, "D")
	history, _unexplained = from_events(
		window.at.keys,
		index,
		start + day.astype("timedelta64[D]"),
		quantity,
		start=start,
		end=np.datetime64(window.end, "D"),
	)
	return history.demand


_Events = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]


def _events(query: QueryBuilder, window: Window) -> _Events:
	"""The rows of a query: index of the item-warehouse, days since the start, quantity; each shape (E,).

	The database sends the rows of an item-warehouse as one text: a million rows one by one take ten times as
	long.
	"""
	row = query.as_("events")
	text = GroupConcat(Concat(days_between(row.day, window.start), ",", row.quantity))
	groups = (
		frappe.qb.from_(row)
		.select(row.item_code, row.warehouse, Count("*"), text)
		.groupby(row.item_code, row.warehouse)
		.run()
	)
	groups = [(window.at.position(code, warehouse), count, text) for code, warehouse, count, text in groups]
	groups = [group for group in groups if group[0] >= 0]
	if not groups:
		return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)
	counts = np.array([count for _at, count, _text in groups], dtype=np.int64)
	numbers = np.fromstring(",".join(text for _at, _count, text in groups), sep=",")
	if len(numbers) != 2 * counts.sum():
		raise ValueError("the database cut off rows of the demand history")
	numbers = numbers.reshape(-1, 2)
	index = np.repeat(np.array([at for at, _count, _text in groups], dtype=np.int64), counts)
	return index, numbers[:, 0].astype(np.int64), numbers[:, 1]


def _idle_days(settings: Document, keys: Sequence[ItemKey], demand: FloatArray, start: date) -> int:
	"""Days at the start of the window before anything was known of these items."""
	active = demand.any(axis=1)
	idle = int(active.argmax()) if active.any() else len(demand)
	if idle <= _IDLE_DAYS:
		return 0
	known = _first_day(settings, Keys(keys))
	before = (known - start).days if known else len(demand)
	# a day without demand is still a day
	return min(max(before, 0), idle, max(len(demand) - 1, 0))


def _first_day(settings: Document, at: Keys) -> date | None:
	if settings.demand_source == "Sales Order":
		order = frappe.qb.DocType("Sales Order")
		query = (
			frappe.qb.from_(order)
			.select(Min(order.transaction_date))
			.where((order.docstatus == 1) & (order.company == settings.company))
		)
	else:
		entry = frappe.qb.DocType("Stock Ledger Entry")
		query = (
			frappe.qb.from_(entry)
			.select(Min(entry.posting_date))
			.where((entry.is_cancelled == 0) & at.include(entry.item_code, entry.warehouse))
		)
	return query.run()[0][0]
