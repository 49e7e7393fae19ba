"""What is requested or ordered of suppliers already and has not gone out yet: their terms count it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import NamedTuple

import frappe
import numpy as np
import numpy.typing as npt
from frappe.query_builder import Case
from frappe.query_builder.functions import Coalesce

from rl_replenishment.bridge.origin import request_lines
from rl_replenishment.bridge.queries import one_of
from rl_replenishment.bridge.state.order_prices import Wanted, read_order_prices
from rl_replenishment.bridge.state.supplier_terms import read_weights
from rl_replenishment.bridge.state.suppliers import read_default_suppliers
from rl_replenishment.core.terms.calendar import last_sent
from rl_replenishment.core.terms.terms import MEASURES, Terms


class _Placed(NamedTuple):
	"""A line that goes out with its supplier's next order."""

	supplier: str
	item_code: str
	#: in stock UOM
	quantity: float
	#: in company currency
	value: float


def with_placed(
	terms: Terms, company: str, today: date, minute: int, *, shown: Collection[str] = ()
) -> Terms:
	"""The terms with what goes out with each supplier's next order anyway, but for lines that are `shown`.

	That is what is requested and not ordered yet, drafts of agents included, and what was ordered since the
	supplier's last order day closed. In at most twenty queries.
	"""
	suppliers = terms.suppliers
	position = {name: at for at, name in enumerate(suppliers.names)}
	sent = last_sent(suppliers, np.datetime64(today, "D"), minute)
	rows = [*_requested(company, position, today, shown), *_ordered(company, position, sent)]
	if not rows:
		return terms
	at = np.array([position[row.supplier] for row in rows], np.intp)
	quantity = np.array([row.quantity for row in rows])
	per_line = np.zeros((len(MEASURES), len(rows)))
	per_line[0], per_line[3] = [row.value for row in rows], quantity
	if (suppliers.minimum[1] > 0).any():
		units = dict(
			frappe.get_all(
				"RL Supplier Terms",
				{"name": ("in", suppliers.names), "minimum_weight": (">", 0)},
				["name", "weight_uom"],
				as_list=True,
			)
		)
		wanted = [units.get(row.supplier) for row in rows]
		per_line[1] = quantity * read_weights([row.item_code for row in rows], wanted)
	placed = np.zeros_like(suppliers.minimum)
	for measure, amounts in enumerate(per_line):
		np.add.at(placed[measure], at, amounts)
	return replace(terms, placed=placed)


def _requested(
	company: str, suppliers: Collection[str], today: date, shown: Collection[str]
) -> list[_Placed]:
	"""What is requested and not ordered: by the proposal's supplier, else by the item's default one."""
	lines, line, request, proposal = request_lines()
	is_decided = (request.docstatus == 1) & (request.status != "Stopped")
	is_draft_of_agent = (request.docstatus == 0) & (Coalesce(request.rl_agent, "") != "")
	per_unit = Case().when(proposal.rate > 0, proposal.rate).else_(line.rate / line.conversion_factor)
	rows = (
		lines.select(
			*(line.name, line.item_code, line.item_group, line.brand, proposal.name.as_("proposal")),
			*(proposal.supplier, line.stock_qty - line.ordered_qty, Coalesce(per_unit, 0)),
			*(line.warehouse, line.uom, line.conversion_factor),
		)
		.where((request.company == company) & (request.material_request_type == "Purchase"))
		.where((is_decided | is_draft_of_agent) & (line.stock_qty > line.ordered_qty))
		.where(one_of(proposal.supplier, sorted(suppliers)) | proposal.name.isnull())
		.run()
	)
	known, defaults = set(shown), None
	wanted: list[Wanted] = []
	quantities: list[float] = []
	for name, item_code, item_group, brand, proposed, supplier, quantity, rate, *where in rows:
		if not proposed:
			defaults = defaults or read_default_suppliers(company)
			supplier = defaults.of(item_code, item_group, brand)
		if supplier in suppliers and name not in known:
			warehouse, uom, conversion = where
			wanted.append(
				Wanted(item_code, warehouse or "", supplier, uom, float(conversion or 1), float(rate))
			)
			quantities.append(float(quantity))
	# at what they will be ordered
	prices = read_order_prices(company, wanted, today)
	return [
		_Placed(line.supplier, line.item_code, quantity, quantity * price.at(quantity))
		for line, quantity, price in zip(wanted, quantities, prices, strict=True)
	]


def _ordered(company: str, position: dict[str, int], sent: npt.NDArray[np.datetime64]) -> Iterator[_Placed]:
	"""What was ordered of each supplier after the moment in `sent` up to which its orders have gone out."""
	order, line = frappe.qb.DocType("Purchase Order"), frappe.qb.DocType("Purchase Order Item")
	days: Sequence[date] = sent.astype("datetime64[D]").astype(object)
	rows = (
		frappe.qb.from_(line)
		.join(order)
		.on(order.name == line.parent)
		.select(
			*(order.supplier, order.transaction_date, order.creation),
			*(line.item_code, line.qty * line.conversion_factor, line.base_net_rate * line.qty),
		)
		.where((order.docstatus == 1) & (order.company == company))
		.where(order.status.notin(("Closed", "Completed", "Delivered")))
		.where(order.transaction_date >= min(days))
		.where(one_of(order.supplier, sorted(position)))
		.run()
	)
	for supplier, day, created, item_code, quantity, value in rows:
		last = sent[position[supplier]]
		# entered on a later day than it bears, it was to go out on that day
		moment = min(np.datetime64(created, "m"), np.datetime64(day, "D") + np.timedelta64(24 * 60 - 1, "m"))
		moment = max(moment, np.datetime64(day, "D").astype("datetime64[m]"))
		if moment >= last:
			yield _Placed(supplier, item_code, float(quantity), float(value))
