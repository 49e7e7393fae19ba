"""Demand per item-warehouse and day, from the Stock Ledger or from Sales Orders."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import frappe
import numpy as np
import numpy.typing as npt
from frappe import _
from frappe.model.document import Document
from frappe.query_builder.functions import Min
from pypika.queries import QueryBuilder

from rl_replenishment.bridge.queries import Keys, days_between, grouped_numbers, long_lists_and_texts
from rl_replenishment.bridge.state.demand_queries import Window, ledger_queries, sales_order_queries
from rl_replenishment.bridge.state.known_events import read_known_events
from rl_replenishment.bridge.state.places import read_places
from rl_replenishment.bridge.state.written_off import read_written_off
from rl_replenishment.core.demand.history import DemandHistory, from_events
from rl_replenishment.core.demand.returns import References
from rl_replenishment.core.errors import InputError
from rl_replenishment.core.items import FloatArray, ItemKey

#: item-warehouses read at a time: bounds the memory that a long history takes
CHUNK = 20_000
#: days times item-warehouses, which take 2 GiB
MOST_NUMBERS = 2**29
#: a history that starts with more idle days than this is checked for when it really began
_IDLE_DAYS = 14


def read_demand(settings: Document, keys: Sequence[ItemKey], *, days: int, today: date) -> DemandHistory:
	"""The demand of N item-warehouses over up to `days` days, the last of them yesterday, in stock UOM.

	What counts as demand is told in `demand_queries`. The history starts later where nothing had been moved
	or ordered before. In at most twelve queries for `CHUNK` item-warehouses, and seven for the events that
	are known, see `known_events`.
	"""
	_check_size(days, len(keys))
	start = today - timedelta(days=days)
	places, written_off = read_places(settings), read_written_off(settings.company)
	demand = np.zeros((days, len(keys)), dtype=np.float32)
	with long_lists_and_texts():
		for first in range(0, len(keys), CHUNK):
			part = slice(first, first + CHUNK)
			window = Window(Keys(keys[part]), places.inside, places.used, start, today, written_off)
			demand[:, part] = _read(settings, window)
	idle = _idle_days(settings, keys, demand, start)
	return DemandHistory(
		tuple(keys),
		np.datetime64(start + timedelta(days=idle), "D"),
		demand[idle:],
		events=read_known_events(settings.company, start, today),
	)


def _check_size(days: int, items: int) -> None:
	"""Refuse a history that no machine would hold, before any of it is read."""
	if days * items > MOST_NUMBERS:
		raise InputError(
			_(
				"{0} days of {1} item-warehouses are {2} numbers, more than a run may hold ({3}); shorten "
				"the history, or divide the items among several agents."
			).format(days, items, days * items, MOST_NUMBERS)
		)


def _read(settings: Document, window: Window) -> FloatArray:
	"""The demand of a chunk of keys, shape (days, keys)."""
	from_orders = settings.demand_source == "Sales Order"
	queries = sales_order_queries(window) if from_orders else ledger_queries(window)
	events = [_events(query, window) for query in queries]
	index, day, quantity, reverses, party = (np.concatenate(column) for column in zip(*events, strict=True))
	index, day, quantity, party = _reversed(index, day, quantity, reverses, party)
	start = np.datetime64(window.start, "D")
	history, _unexplained = from_events(
		window.at.keys,
		index,
		start + day.astype("timedelta64[D]"),
		quantity,
		start=start,
		end=np.datetime64(window.end, "D"),
		references=_parties(index, quantity, party),
	)
	return history.demand


_Indices = npt.NDArray[np.int64]
_Quantities = npt.NDArray[np.float64]
_Names = npt.NDArray[np.object_]
_Events = tuple[_Indices, _Indices, _Quantities, npt.NDArray[np.bool_], _Names]


def _events(query: QueryBuilder, window: Window) -> _Events:
	"""The rows of a query: index of the item-warehouse, days since the start, quantity, whether one below 0
	belongs to this very day, and who took it, "" where nobody knows; each of shape (E,)."""
	row = query.as_("events")
	groups, counts, numbers = grouped_numbers(
		row,
		(row.item_code, row.warehouse, row.reverses, row.party),
		(days_between(row.day, window.start), row.quantity),
	)
	found = np.array([(window.at.position(*group[:2]), group[2]) for group in groups], dtype=np.int64)
	index, reverses = np.repeat(found.reshape(-1, 2), counts, axis=0).T
	known = index >= 0
	return (
		index[known],
		numbers[known, 0].astype(np.int64),
		numbers[known, 1],
		reverses[known].astype(bool),
		np.repeat(np.array([group[3] for group in groups], dtype=object), counts)[known],
	)


def _reversed(
	index: _Indices,
	day: _Indices,
	quantity: _Quantities,
	reverses: npt.NDArray[np.bool_],
	party: _Names,
) -> tuple[_Indices, _Indices, _Quantities, _Names]:
	"""The events with those that reverse others of their day taken off that day, and no other."""
	if not reverses.any():
		return index, day, quantity, party
	# what some party took stays by itself, so that it is known when that brings it back
	settled = reverses | ((quantity > 0) & (party == ""))
	cells, cell = np.unique(np.column_stack([index, day])[settled], axis=0, return_inverse=True)
	left = np.maximum(np.bincount(cell.ravel(), quantity[settled]), 0.0)
	rest = ~settled
	return (
		np.concatenate([cells[:, 0], index[rest]]),
		np.concatenate([cells[:, 1], day[rest]]),
		np.concatenate([left, quantity[rest]]),
		np.concatenate([np.full(len(cells), "", dtype=object), party[rest]]),
	)


def _parties(index: _Indices, quantity: _Quantities, party: _Names) -> References | None:
	"""Who took what, for what came back from whom something was taken; None where nothing did."""
	back = (quantity < 0) & (party != "")
	if not back.any():
		return None
	names, code = np.unique(party.astype(str), return_inverse=True)
	place = index * len(names) + code.ravel()
	# what comes back from who took none is taken off what anybody took
	known = np.isin(place, np.intersect1d(place[quantity > 0], place[back])) & (party != "")
	return References(party=np.where(known, code.ravel(), -1))


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
