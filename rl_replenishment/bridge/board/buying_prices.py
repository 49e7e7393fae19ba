"""What open lines cost: the price that a Purchase Order will have, or the one that it is given."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import numpy as np

from rl_replenishment.bridge.board.open_lines import SAME, OpenLine
from rl_replenishment.bridge.state.price_breaks import read_breaks, read_rules
from rl_replenishment.bridge.state.prices import order_prices
from rl_replenishment.core.items import ItemKey, ItemTable


class Price(NamedTuple):
	"""Company currency per stock unit."""

	rate: float
	#: "Price List", "Last Purchase", "Valuation", or "" where no price is known
	source: str
	#: quantities in stock UOM from which it is another one, and which, rising
	breaks: tuple[tuple[float, float], ...] = ()

	def at(self, quantity: float) -> float:
		"""Where so much is ordered, in stock UOM."""
		reached = [rate for least, rate in self.breaks if quantity >= least - SAME]
		return reached[-1] if reached else self.rate


def read_prices(lines: Sequence[OpenLine], today: date) -> dict[str, Price]:
	"""By proposal: the price that an order would have, else what the proposal reckoned with.

	In ten queries for each company, and nine more where Pricing Rules have a least quantity, whatever the
	number of lines.
	"""
	found: dict[str, Price] = {}
	by_company: dict[str, list[OpenLine]] = defaultdict(list)
	for line in lines:
		by_company[line.company].append(line)
	for company, group in by_company.items():
		# an item has one supplier in a company
		known = order_prices(company, {line.item_code: line.supplier for line in group}, today)
		for line in group:
			if price := known.get(line.item_code):
				# the line may have another conversion than its item
				is_its_unit = price.uom == line.uom
				rate = price.rate / line.conversion if is_its_unit else price.per_stock_unit
				found[line.proposal] = Price(rate, price.source)
			else:
				found[line.proposal] = Price(line.rate, "Valuation" if line.rate else "")
		_add_breaks(company, group, found, today)
	return found


def _add_breaks(company: str, lines: Sequence[OpenLine], found: dict[str, Price], today: date) -> None:
	rules = read_rules(company, today)
	if not rules:
		return
	items = ItemTable.create(
		[ItemKey(line.item_code, line.warehouse) for line in lines], [line.supplier for line in lines]
	)
	rates = np.array([found[line.proposal].rate for line in lines])
	breaks = read_breaks(company, items, rules, rates, today)
	rows = zip(breaks.item.tolist(), breaks.quantity.tolist(), breaks.price.tolist(), strict=True)
	for i, least, rate in rows:
		price = found[lines[i].proposal]
		found[lines[i].proposal] = price._replace(breaks=(*price.breaks, (least, rate)))
