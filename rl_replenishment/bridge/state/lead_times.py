"""Lead times as they were, from Purchase Orders to what came of them; see `core.lead_times`."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from frappe.query_builder.functions import Coalesce
from pypika.queries import QueryBuilder
from pypika.terms import CustomFunction

from rl_replenishment.bridge.queries import grouped_numbers, long_lists_and_texts, one_of
from rl_replenishment.bridge.state.receipts import received_since
from rl_replenishment.core.lead_times import OrderLeadTimes, order_lead_times

#: fewer orders say little
LEAST_ORDERS = 5

_day_number = CustomFunction("TO_DAYS", ["day"])
#: a number for a name; among the few orders of an item from a supplier hardly ever the same for two
_number = CustomFunction("CRC32", ["name"])


class LeadTime(NamedTuple):
	"""Days from order to arrival."""

	mean_days: float
	#: standard deviation
	std_days: float


@dataclass(frozen=True)
class LeadTimes:
	"""What at least `LEAST_ORDERS` orders tell."""

	#: by (item code, supplier)
	items: dict[tuple[str, str], LeadTime]
	#: of all that a supplier delivers
	suppliers: dict[str, LeadTime]

	def of(self, item_code: str, supplier: str) -> LeadTime | None:
		"""The lead time of an item from a supplier, else of all the supplier's goods, else None."""
		return self.items.get((item_code, supplier)) or self.suppliers.get(supplier)


def learn_lead_times(company: str, suppliers: Collection[str], since: date) -> LeadTimes:
	"""Learn from what these suppliers have delivered since a day, in four queries.

	Each order of an item tells one lead time, in however many parts it came: those that were called off one
	by one, or ordered for a day far ahead, are told from those that took long.
	"""
	pairs: dict[tuple[str, str], int] = {}
	numbers = [np.zeros((0, 6))]
	with long_lists_and_texts():
		for query in _deliveries(company, suppliers, since):
			row = query.as_("deliveries")
			groups, counts, found = grouped_numbers(
				row,
				(row.item_code, row.supplier),
				(row.order, row.ordered, row.promised, row.received, row.qty),
			)
			pair = np.repeat([pairs.setdefault(group, len(pairs)) for group in groups], counts)
			numbers.append(np.column_stack([pair.reshape(-1, 1), found]))
	columns = np.concatenate(numbers).T
	orders = order_lead_times(*columns[:5].astype(np.int64), columns[5])
	keys = list(pairs)
	return LeadTimes(
		_summed_up(orders, orders.pair, keys),
		_summed_up(orders, *_of_suppliers(orders, keys)),
	)


def _deliveries(company: str, suppliers: Collection[str], since: date) -> Iterator[QueryBuilder]:
	"""What came of an order."""
	for query, document, line, order, ordered in received_since(company, since):
		yield query.select(
			line.item_code,
			document.supplier,
			_number(order.name).as_("order"),
			_day_number(order.transaction_date).as_("ordered"),
			Coalesce(_day_number(ordered.schedule_date), 0).as_("promised"),
			_day_number(document.posting_date).as_("received"),
			line.stock_qty.as_("qty"),
		).where(order.name.isnotnull() & one_of(document.supplier, suppliers))


def _of_suppliers(
	orders: OrderLeadTimes, pairs: Sequence[tuple[str, str]]
) -> tuple[npt.NDArray[np.int64], list[str]]:
	"""The supplier of each order, as a number, and the suppliers."""
	names = list(dict.fromkeys(supplier for _item_code, supplier in pairs))
	place = {name: number for number, name in enumerate(names)}
	of_pair = np.array([place[supplier] for _item_code, supplier in pairs], dtype=np.int64)
	return of_pair[orders.pair], names


def _summed_up(
	orders: OrderLeadTimes, group: npt.NDArray[np.int64], keys: Sequence[Hashable]
) -> dict[Hashable, LeadTime]:
	"""Mean and deviation of each group of orders that has enough of them."""
	count = np.bincount(group, minlength=len(keys))
	mean = np.bincount(group, orders.days, len(keys)) / np.maximum(count, 1)
	squares = np.bincount(group, (orders.days - mean[group]) ** 2, len(keys))
	deviation = np.sqrt(squares / np.maximum(count - 1, 1))
	return {
		keys[at]: LeadTime(float(mean[at]), float(deviation[at]))
		for at in np.flatnonzero(count >= LEAST_ORDERS)
	}
