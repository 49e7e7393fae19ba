"""What open lines cost: the price that a Purchase Order will have, or the one that it is given."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from rl_replenishment.bridge.board.open_lines import OpenLine
from rl_replenishment.bridge.state.prices import last_purchase_rates, list_prices
from rl_replenishment.bridge.state.units import read_units


class Price(NamedTuple):
	"""Company currency per stock unit."""

	rate: float
	#: "Price List", "Last Purchase", "Valuation", or "" where no price is known
	source: str


def read_prices(lines: Sequence[OpenLine], today: date) -> dict[str, Price]:
	"""By proposal: the supplier's price list, else what was paid last, else what the proposal reckoned with.

	In eight queries for each company, whatever the number of lines.
	"""
	found: dict[str, Price] = {}
	by_company: dict[str, list[OpenLine]] = defaultdict(list)
	for line in lines:
		by_company[line.company].append(line)
	for company, group in by_company.items():
		# an item has one supplier in a company
		listed = list_prices(company, {line.item_code: line.supplier for line in group}, today)
		paid = last_purchase_rates(company, {line.item_code for line in group})
		units = read_units({line.item_code for line in group}) if listed else None
		for line in group:
			if (price := listed.get(line.item_code)) and units:
				uom = price.uom or line.stock_uom
				factor = (
					line.conversion
					if uom == line.uom
					else units.conversion(line.item_code, None, uom, line.stock_uom)
				)
				found[line.proposal] = Price(price.rate / factor, "Price List")
			elif rate := paid.get(line.item_code):
				found[line.proposal] = Price(rate, "Last Purchase")
			else:
				found[line.proposal] = Price(line.rate, "Valuation" if line.rate else "")
	return found
