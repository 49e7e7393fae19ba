"""What a company's own books say of a backtest's days: what was ordered, what arrived, what was there."""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np

from rl_replenishment.cli.options import day
from rl_replenishment.cli.screen import Screen
from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.errors import InputError
from rl_replenishment.core.evaluation.as_ordered import Purchases, balance, starting_from_books, touches
from rl_replenishment.core.files.matching import find_items, refuse_shared, some
from rl_replenishment.core.files.ordered import OrderedRows
from rl_replenishment.core.files.stock import read_stock
from rl_replenishment.core.items import FloatArray, ItemTable
from rl_replenishment.core.simulation.scenario import Scenario
from rl_replenishment.report import wording

#: items named where books do not balance
_SHOWN = 3


def with_books(history: DemandHistory, ordered: OrderedRows, source: str, screen: Screen) -> DemandHistory:
	"""The item-warehouses that the ORDERED file called `source` knows: of others nothing can be compared."""
	index = find_items(ordered.keys, history.keys, _refusal(source))
	known = np.unique(index[index >= 0])
	if not len(known):
		raise InputError(
			f"{source} has none of the items in the order history; give the orders of the same items."
		)
	left_out = [history.keys[at] for at in np.setdiff1d(np.arange(len(history.keys)), known)]
	strangers = [key for key, at in zip(ordered.keys, index, strict=True) if at < 0]
	if left_out:
		screen.note(f"{source} has no line for {some(left_out)}: left out of the comparison.")
	if strangers:
		screen.note(f"{source}: no demand is known for {some(strangers)}: their lines do not count.")
	return history.take(known) if left_out else history


def purchases_of(ordered: OrderedRows, items: ItemTable, source: str) -> Purchases:
	"""The lines of the items; what has no day of arrival takes the item's lead time."""
	index = find_items(ordered.keys, items.keys, _refusal(source))[ordered.item]
	known = index >= 0
	index, ordered_on, received_on = index[known], ordered.ordered_on[known], ordered.received_on[known]
	expected = ordered_on + items.whole_lead_time_days[index].astype("timedelta64[D]")
	arrives_on = np.where(np.isnat(received_on), expected, received_on)
	return Purchases(index, ordered_on, arrives_on, ordered.quantity[known])


def books_start(
	scenario: Scenario, purchases: Purchases, options: argparse.Namespace, screen: Screen
) -> Scenario:
	"""The scenario with the stock and the open orders of the books, and notes on what does not add up."""
	first, last = scenario.date(0), scenario.date(scenario.days - 1)
	source = options.ordered.name
	if not touches(scenario, purchases):
		raise InputError(
			f"{source} has no order and no arrival on the replayed days, {day(first)} to {day(last)}; give"
			" the orders of those days, or another --holdout."
		)
	on_hand = None if options.stock is None else _opening_stock(scenario, options, screen)
	if on_hand is None:
		screen.note(
			f"The stock on {day(first)} is not known (--stock tells), so all policies start with the least"
			" that what was sold could be sold from: this favours what was really ordered."
		)
	started = starting_from_books(scenario, purchases, on_hand)
	_tell_balance(started, purchases, source, screen)
	return started


def _opening_stock(scenario: Scenario, options: argparse.Namespace, screen: Screen) -> FloatArray:
	"""What STOCK has of each item, shape (N,); nan where it has none."""
	stock = read_stock(options.stock, today=scenario.date(0), date_format=options.date_format)
	keys, refusal = scenario.items.keys, _refusal(options.stock.name)
	index = find_items(stock.keys, keys, refusal)
	refuse_shared(stock.keys, index, refusal)
	on_hand = np.full(len(keys), np.nan, np.float32)
	later = np.bincount(stock.later_item, stock.later_quantity, len(stock.keys))
	on_hand[index[index >= 0]] = (stock.on_hand - stock.reserved - later)[index >= 0]
	missing = [keys[at] for at in np.flatnonzero(np.isnan(on_hand))]
	if missing:
		screen.note(
			f"{options.stock.name} has no row for {some(missing)}: the least that what was sold could be sold"
			" from stands in."
		)
	return on_hand


def _tell_balance(scenario: Scenario, purchases: Purchases, source: str, screen: Screen) -> None:
	found, items = balance(scenario, purchases), scenario.items
	odd = found.is_odd(items)
	for wrong, what in (
		(found.unexplained > items.order_noise, "more was sold than the stock and the arrivals explain"),
		(odd & (found.received > found.sold), "more than twice of what was sold arrived"),
		(odd & (found.received < found.sold), "less than half of what was sold arrived"),
	):
		at = np.flatnonzero(wrong)
		if not len(at):
			continue
		# the most telling first
		at = at[np.argsort(-(np.abs(found.sold - found.received) * items.unit_cost)[at], kind="stable")]
		told = ", ".join(
			f"{items.keys[i]} ({wording.quantity(found.sold[i])} sold,"
			f" {wording.quantity(found.received[i])} arrived)"
			for i in at[:_SHOWN]
		)
		more = f" and {len(at) - _SHOWN} more" if len(at) > _SHOWN else ""
		screen.note(
			f"{source} does not balance: of {told}{more}, {what}; look there before you trust 'as ordered'."
		)


def _refusal(source: str) -> Callable[[int, str], InputError]:
	return lambda _, problem: InputError(f"{source}: {problem}.")
