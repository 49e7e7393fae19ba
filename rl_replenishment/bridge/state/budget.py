"""What an agent may still spend: by run, and in the calendar month by what its requests have come to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import frappe
from frappe.model.document import Document
from frappe.query_builder.functions import Coalesce
from frappe.utils import flt

from rl_replenishment.bridge.origin import request_lines
from rl_replenishment.bridge.queries import one_of


@dataclass(frozen=True)
class Budget:
	"""In the currency of the agent's company; 0 where there is no limit."""

	run: float
	month: float
	#: what the month's requests have come to
	spent: float

	@property
	def left_of_month(self) -> float | None:
		"""None where there is no limit."""
		return max(self.month - self.spent, 0.0) if self.month > 0 else None

	@property
	def left(self) -> float | None:
		"""What a run may order now, None where there is no limit."""
		known = [each for each in (self.run or None, self.left_of_month) if each is not None]
		return min(known) if known else None

	@property
	def is_of_the_month(self) -> bool:
		"""Whether what is left of the month is the narrower limit."""
		return self.left_of_month is not None and self.left == self.left_of_month


def read_budget(settings: Document, today: date) -> Budget:
	"""What an agent may still spend, in two queries at most, in none without a monthly budget."""
	month = flt(settings.max_month_value)
	spent = read_spent(settings, today.replace(day=1), today) if month > 0 else 0.0
	return Budget(max(flt(settings.max_run_value), 0.0), month, spent)


def read_spent(settings: Document, first: date, last: date) -> float:
	"""What an agent's requests to purchase of some days have come to, in company currency.

	What is ordered of them counts at the price of the order, of a closed order what was received; what is
	still requested, drafts too, at the price that the proposal reckoned with.
	"""
	joined, line, request, proposal = request_lines()
	lines = (
		joined.select(
			*(line.name, line.stock_qty, line.ordered_qty, request.docstatus, request.status),
			Coalesce(proposal.rate, 0).as_("rate"),
		)
		.where((request.rl_agent == settings.name) & (request.docstatus < 2))
		.where((request.material_request_type == "Purchase") & (request.company == settings.company))
		.where((request.transaction_date >= first) & (request.transaction_date <= last))
		.run(as_dict=True)
	)
	if not lines:
		return 0.0
	order, ordered = frappe.qb.DocType("Purchase Order"), frappe.qb.DocType("Purchase Order Item")
	bought = (
		frappe.qb.from_(ordered)
		.join(order)
		.on(order.name == ordered.parent)
		.select(ordered.base_net_rate, ordered.qty, ordered.received_qty, order.status)
		.where((order.docstatus == 1) & (order.company == settings.company))
		.where(one_of(ordered.material_request_item, [row.name for row in lines]))
		.run(as_dict=True)
	)
	requested = sum(
		max(flt(row.stock_qty) - flt(row.ordered_qty), 0.0) * flt(row.rate)
		for row in lines
		if row.status != "Stopped"
	)
	return requested + sum(
		flt(row.base_net_rate) * flt(row.received_qty if row.status == "Closed" else row.qty)
		for row in bought
	)
