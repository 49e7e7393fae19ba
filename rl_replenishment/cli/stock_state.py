"""What STOCK says of the items: what is there and coming, by when it can be sold, and what is left out."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rl_replenishment.cli.options import counted
from rl_replenishment.cli.screen import Screen
from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.errors import InputError
from rl_replenishment.core.files.dated import ends_from, read_ends, read_promises
from rl_replenishment.core.files.keys import fold
from rl_replenishment.core.files.matching import Index, find_items, refuse_shared, some
from rl_replenishment.core.files.orders import FutureOrders, Orders
from rl_replenishment.core.files.stock import StockRows
from rl_replenishment.core.files.table import shown
from rl_replenishment.core.files.units import same_unit
from rl_replenishment.core.items import FloatArray, ItemKey, ItemTable
from rl_replenishment.core.overdue import long_overdue, overdue_by_item, patience_days
from rl_replenishment.core.policies.base import State, usual_rate
from rl_replenishment.core.policies.store import StoredPolicy
from rl_replenishment.core.proposal import arrivals_by_day
from rl_replenishment.core.usable_stock import usable_stock


def state_of(applied: StoredPolicy, items: ItemTable, stock: StockRows, today: np.datetime64) -> State:
	"""The state of N rows of STOCK, less what is long overdue; an undated order takes its lead time."""
	lead_time = items.whole_lead_time_days[stock.arrival_item]
	unknown_date = np.isnat(stock.arrival_day)
	ahead = np.where(unknown_date, lead_time, (stock.arrival_day - today).astype(np.int64))
	patience = patience_days(items.lead_time_days, items.lead_time_std_days)
	lost = long_overdue(stock.arrival_item, ahead, patience)
	overdue, overdue_days = overdue_by_item(
		len(items), stock.arrival_item[lost], ahead[lost], stock.arrival_quantity[lost]
	)
	kept = ~lost
	return State(
		items=items,
		today=today,
		review_days=applied.review_days,
		on_hand=(stock.on_hand - stock.reserved).astype(np.float32),
		arrivals=arrivals_by_day(
			len(items), stock.arrival_item[kept], ahead[kept], stock.arrival_quantity[kept]
		),
		long_overdue=overdue,
		long_overdue_days=overdue_days,
		demand=applied.snapshot.demand,
		unmet_demand=applied.unmet_demand,
	)


def with_what_is_missing(
	stock: StockRows, known: Sequence[ItemKey], source: str, screen: Screen
) -> tuple[StockRows, Index]:
	"""The stock with the known items that its file leaves out, which are at 0, and the place of each item.

	Reports leave out what is at 0. They leave out whole warehouses for other reasons: of a warehouse that the
	file does not name, nothing is known.
	"""

	def refusal(_: int, problem: str) -> InputError:
		return InputError(f"{source}: {problem}.")

	index = find_items(stock.keys, known, refusal, lambda text: screen.note(f"{source}: {text}"))
	refuse_shared(stock.keys, index, refusal)
	absent = np.setdiff1d(np.arange(len(known)), index)
	named = {fold(key.warehouse) for key in stock.keys}
	told = [at for at in absent if not known[at].warehouse or named & {fold(known[at].warehouse), ""}]
	elsewhere = sorted({known[at].warehouse for at in absent}.difference(known[at].warehouse for at in told))
	if elsewhere:
		screen.note(f"{source} has no rows of {', '.join(elsewhere[:3])}: nothing is proposed there.")
	if told:
		missing = tuple(known[at] for at in told)
		screen.note(
			f"{source} leaves out {counted(len(told), 'item')} of the history, which are taken to be at 0 and"
			f" proposed for: {some(missing)}."
		)
		stock, index = stock.with_none_of(missing), np.append(index, told).astype(np.intp)
	return stock, index


def check_units(stock: StockRows, lines: Orders, index: Index, options: argparse.Namespace) -> None:
	"""Refuse an item whose stock is in another unit than what was sold of it."""
	for key, at, unit in zip(stock.keys, index.tolist(), stock.units, strict=True):
		if at >= 0 and not same_unit(unit, lines.units[at]):
			raise InputError(
				f"{options.stock.name}: {key} is in {shown(unit)}, but in {options.orders.name} in"
				f" {shown(lines.units[at])}; give both in the stock unit, or add a column stock_qty or"
				" conversion_factor to the orders."
			)


def without_what_expires(stock: StockRows, state: State, today: np.datetime64) -> State:
	"""The state with the stock that can be sold before it expires."""
	if not len(stock.batch_item):
		return state
	count = len(stock.keys)
	in_batches = np.bincount(stock.batch_item, weights=stock.batch_quantity, minlength=count)
	# a batch is still sold on its last day
	days = (stock.batch_expiry - today).astype(np.float64) + 1
	usable = usable_stock(
		np.concatenate([stock.batch_item, np.arange(count)]),
		np.concatenate([stock.batch_quantity, stock.on_hand - in_batches]),
		np.concatenate([days, np.full(count, np.inf)]),
		usual_rate(state),
		promised=stock.reserved.astype(np.float32),
	)
	return replace(
		state,
		on_hand=(usable - stock.reserved).astype(np.float32),
		expiring=np.maximum(stock.on_hand - usable, 0).astype(np.float32),
	)


def with_dates(
	options: argparse.Namespace,
	stock: StockRows,
	state: State,
	today: np.datetime64,
	future: FloatArray | None,
	known_ends: Sequence[Sequence[str]],
) -> State:
	"""The state with the end of its items and what is promised or ordered by date; `future`, shape (D, N).

	Items end as --items says, and without it as the policy was trained with.
	"""
	keys = state.items.keys
	promised = read_promises(options.stock, keys, today, options.date_format)
	ahead = (stock.later_day - today).astype(np.int64)
	reserved = arrivals_by_day(len(keys), stock.later_item, ahead, stock.later_quantity)
	told = [each for each in (future, promised, reserved) if each is not None and each.any()]
	days = max((len(each) for each in told), default=0)
	known = [np.pad(each, ((0, days - len(each)), (0, 0))) for each in told]
	state = replace(state, known_demand=np.sum(known, axis=0, dtype=np.float32) if known else None)
	if options.items is None:
		ends = ends_from(known_ends, keys)
	else:
		ends = read_ends(options.items, keys, options.date_format)
	if np.isnat(ends).all():
		return state
	# the last day is one on which it is still sold
	left = np.where(np.isnat(ends), np.inf, np.maximum((ends - today).astype(np.float64) + 1, 0))
	return replace(state, days_to_end=left.astype(np.float32))


def known_demand_of(future: FutureOrders, index: Index, today: np.datetime64) -> FloatArray:
	"""Future orders by the days until they leave, shape (D, N); `index`, shape (N,), is each item's place."""
	# one more, of which nothing is known
	places = 1 + int(max(index.max(initial=-1), future.item.max(initial=-1)))
	ahead = (future.day - today).astype(np.int64)
	return arrivals_by_day(places + 1, future.item, ahead, future.quantity)[:, index]


def history_of(history: DemandHistory, items: ItemTable, index: Index) -> DemandHistory:
	"""The demand of N items; `index`, shape (N,), is each one's place in `history`, -1 for none."""
	# no demand is known of what the history does not know
	demand = np.pad(history.demand, ((0, 0), (0, 1)))[:, index]
	return DemandHistory(items.keys, history.start, demand, events=history.events)


def values_of(known: FloatArray, index: Index) -> FloatArray:
	"""What is known of the history's items, for those at `index`; 0 where that is -1."""
	return np.append(known, np.float32(0))[index]
