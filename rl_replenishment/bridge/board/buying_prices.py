"""What open lines cost: the price that a Purchase Order will have, or the one that it is given."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from rl_replenishment.bridge.board.open_lines import OpenLine
from rl_replenishment.bridge.state.order_prices import OrderPrice, Wanted, read_order_prices


def read_prices(lines: Sequence[OpenLine], today: date) -> dict[str, OrderPrice]:
	"""By proposal: the price that an order would have, else what the proposal reckoned with.

	In a bounded number of queries for each company, whatever the number of lines.
	"""
	by_company: dict[str, list[OpenLine]] = defaultdict(list)
	for line in lines:
		by_company[line.company].append(line)
	found: dict[str, OrderPrice] = {}
	for company, group in by_company.items():
		wanted = [
			Wanted(line.item_code, line.warehouse, line.supplier, line.uom, line.conversion, line.rate)
			for line in group
		]
		prices = read_order_prices(company, wanted, today)
		found.update({line.proposal: price for line, price in zip(group, prices, strict=True)})
	return found
