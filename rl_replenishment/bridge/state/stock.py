"""Stock on hand, what is to arrive and what is promised: as in ERPNext's projected quantity, but by date.

Over all dates, stock on hand plus arrivals less promises is the projected quantity of the Bin, plus what that
leaves out: the agent's own drafts (so that running twice never orders twice) and goods on their way that were
requested for the warehouse; less what expires before it can be sold, and what is overdue for so long that
nothing counts on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import frappe
import numpy as np
import numpy.typing as npt
from frappe.model.document import Document
from frappe.query_builder.functions import Coalesce
from pypika.queries import QueryBuilder

from rl_replenishment.bridge.origin import request_lines
from rl_replenishment.bridge.queries import Keys, one_of
from rl_replenishment.bridge.state.batches import read_expiring
from rl_replenishment.bridge.state.demand_queries import TILL_TABLES, sold_at_tills
from rl_replenishment.bridge.state.detours import asked_by, destinations, is_proposed, read_waiting
from rl_replenishment.bridge.state.promised import read_promises
from rl_replenishment.core.items import FloatArray, ItemKey
from rl_replenishment.core.overdue import long_overdue, overdue_by_item
from rl_replenishment.core.policies.base import total_within
from rl_replenishment.core.proposal import arrivals_by_day


@dataclass(frozen=True, eq=False)
class Stock:
	"""N item-warehouses, in stock UOM."""

	#: in the warehouse less what is promised for today or earlier, and what will expire there, shape (N,)
	on_hand: FloatArray
	#: row d is due in d days, shape (H, N); what is late is due today
	arrivals: FloatArray
	#: all that is on order, shape (N,): arrivals, and what is overdue for so long that nothing counts on it
	on_order: FloatArray
	#: of these, what suppliers should have delivered before today, shape (N,)
	overdue: FloatArray
	#: row d is to leave in d days: for customers, production and whoever requested an issue, shape (D, N)
	promised: FloatArray
	#: what is there and expires before it can be sold, shape (N,), not part of `on_hand`
	expiring: FloatArray
	#: of `on_order`, what is overdue by more than the supplier's usual delay by far, shape (N,), and by how
	#: many days the latest due of it is, shape (N,); not part of `arrivals`
	long_overdue: FloatArray
	long_overdue_days: FloatArray

	@property
	def projected(self) -> FloatArray:
		"""On hand plus all that is to arrive less all that is promised, shape (N,)."""
		return self.on_hand + self.arrivals.sum(axis=0) - self.promised.sum(axis=0)

	def within(self, days: npt.NDArray[np.number]) -> FloatArray:
		"""On hand plus what arrives, less what is promised, in fewer than `days`, shape (N,)."""
		return self.on_hand + total_within(self.arrivals, days) - total_within(self.promised, days)


def read_stock(
	settings: Document,
	keys: Sequence[ItemKey],
	today: date,
	lead_time_days: npt.NDArray[np.integer] | None = None,
	rate: FloatArray | None = None,
	patience: FloatArray | None = None,
) -> Stock:
	"""Read stock and open orders of N item-warehouses, in a bounded number of queries whatever N.

	A request to purchase that nobody has ordered yet arrives when it is required, but with `lead_time_days`,
	shape (N,), no sooner than an order of today would. With the demand per day, `rate` of shape (N,), batches
	that expire before they are sold do not count; without it, those that have expired. What is
	overdue by more days than `patience`, shape (N,), does not arrive; without it, all does.
	"""
	at = Keys(keys)
	requests: dict[str, list[Sequence]] = {}
	for *line, request_type in _requests(at).run():
		requests.setdefault(request_type, []).append(line)
	requests = {request_type: list(destinations(lines)) for request_type, lines in requests.items()}
	issues = requests.get("Material Issue", ())
	incoming = _Dated(at, today, patience)
	from_suppliers = [*destinations(_purchase_orders(at).run()), *_subcontracting_orders(at).run()]
	incoming.add(from_suppliers)
	waiting = read_waiting(at, today)
	incoming.add((each.item_code, each.asked_for, today, each.quantity) for each in waiting)
	incoming.add(_work_orders(at).run())
	# what has left is on its way, on whatever day that was
	incoming.add((item_code, to, today, quantity) for item_code, to, _day, quantity in _in_transit(at).run())
	for request_type in ("Manufacture", "Customer Provided", "Material Transfer"):
		incoming.add(requests.get(request_type, ()))
	incoming.add(requests.get("Purchase", ()), lead_time_days)
	incoming.add(destinations(_own_drafts(at, settings.name, "Purchase").run()), lead_time_days)
	incoming.add(destinations(_own_drafts(at, settings.name, "Material Transfer").run()))
	in_stock, reserved = (at.column(rows) for rows in _read_bins(at))
	in_stock -= at.column((each.item_code, each.warehouse, each.quantity) for each in waiting)
	for table in TILL_TABLES:
		sold = sold_at_tills(table, at).run()
		in_stock -= at.column((item_code, warehouse, row[1]) for item_code, warehouse, *row in sold)
	# what is due later is still there; the Bin knows the sum alone
	later = [row for row in read_promises(at) if _days_until(row[2], today) > 0]
	dated = at.column((item_code, warehouse, quantity) for item_code, warehouse, _day, quantity in later)
	owed = reserved - np.minimum(dated, np.maximum(reserved, 0))
	owed += at.column((row[0], row[1], row[3]) for row in issues if _days_until(row[2], today) <= 0)
	# what is to be moved elsewhere is as good as gone, whatever the day
	owed += at.column(_leaving(at, settings.name).run())
	outgoing = _Dated(at, today)
	outgoing.add(later)
	outgoing.add(row for row in issues if _days_until(row[2], today) > 0)
	expiring = read_expiring(at, today, in_stock, rate, owed)
	arrivals = incoming.by_day()
	given_up, given_up_days = incoming.long_overdue()
	overdue = at.column(
		(item_code, warehouse, quantity)
		for item_code, warehouse, due, quantity in from_suppliers
		if _days_until(due, today) < 0
	)
	return Stock(
		on_hand=in_stock - owed - expiring,
		arrivals=arrivals,
		on_order=arrivals.sum(axis=0) + given_up,
		overdue=overdue,
		promised=outgoing.by_day(),
		expiring=expiring,
		long_overdue=given_up,
		long_overdue_days=given_up_days,
	)


def _days_until(due: date | None, today: date) -> int:
	if isinstance(due, datetime):
		due = due.date()
	return (due - today).days if due else 0


class _Dated:
	"""Gathers what is to arrive, or to leave, by day; with `patience`, less what is too late for that."""

	def __init__(self, at: Keys, today: date, patience: FloatArray | None = None) -> None:
		self._at, self._today, self._patience = at, today, patience
		self._index: list[int] = []
		self._days_ahead: list[int] = []
		self._quantity: list[float] = []

	def add(self, rows: Iterable[Sequence], lead_time_days: npt.NDArray[np.integer] | None = None) -> None:
		"""Add rows of (item code, warehouse, due date, quantity); with lead times, none is due sooner."""
		for item_code, warehouse, due, quantity in rows:
			position = self._at.position(item_code, warehouse)
			if position < 0:
				continue
			days = _days_until(due, self._today)
			if lead_time_days is not None:
				days = max(days, int(lead_time_days[position]))
			self._index.append(position)
			self._days_ahead.append(days)
			self._quantity.append(float(quantity))

	def by_day(self) -> FloatArray:
		in_time = ~self._is_long_overdue()
		return arrivals_by_day(len(self._at), *(column[in_time] for column in self._columns()))

	def long_overdue(self) -> tuple[FloatArray, FloatArray]:
		late = self._is_long_overdue()
		return overdue_by_item(len(self._at), *(column[late] for column in self._columns()))

	def _is_long_overdue(self) -> npt.NDArray[np.bool_]:
		index, days_ahead, _quantity = self._columns()
		if self._patience is None:
			return np.zeros(len(index), bool)
		return long_overdue(index, days_ahead, self._patience)

	def _columns(self) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
		return (
			np.array(self._index, np.intp),
			np.array(self._days_ahead, np.int64),
			np.array(self._quantity, np.float64),
		)


_Rows = list[tuple[str, str, float]]


def _read_bins(at: Keys) -> tuple[_Rows, _Rows]:
	"""What is in stock, and what of it is reserved, by item code and warehouse."""
	stock = frappe.qb.DocType("Bin")
	reserved = (
		stock.reserved_qty
		+ stock.reserved_qty_for_production
		+ stock.reserved_qty_for_sub_contract
		+ stock.reserved_qty_for_production_plan
	)
	rows = (
		frappe.qb.from_(stock)
		.select(stock.item_code, stock.warehouse, stock.actual_qty, reserved)
		.where(at.include(stock.item_code, stock.warehouse))
		.run()
	)
	return [row[:3] for row in rows], [(row[0], row[1], row[3]) for row in rows]


def _purchase_orders(at: Keys) -> QueryBuilder:
	"""With the warehouse that asked for it, where one did, before the date."""
	order, line = frappe.qb.DocType("Purchase Order"), frappe.qb.DocType("Purchase Order Item")
	asked, proposed = frappe.qb.DocType("Material Request Item"), frappe.qb.DocType("RL Proposal")
	request = frappe.qb.DocType("Material Request")
	asked_for = asked_by(order, request, asked, proposed)
	return (
		frappe.qb.from_(line)
		.join(order)
		.on(line.parent == order.name)
		.left_join(asked)
		.on(asked.name == line.material_request_item)
		.left_join(request)
		.on(request.name == asked.parent)
		.left_join(proposed)
		.on(is_proposed(asked, proposed))
		.select(
			line.item_code,
			line.warehouse,
			asked_for,
			Coalesce(line.expected_delivery_date, line.schedule_date),
			(line.qty - line.received_qty) * line.conversion_factor,
		)
		.where((order.docstatus == 1) & order.status.notin(("Closed", "Completed", "Delivered")))
		# what the supplier sends straight to the customer never arrives here
		.where((line.qty > line.received_qty) & (Coalesce(line.delivered_by_supplier, 0) == 0))
		.where(one_of(line.item_code, at.item_codes))
		.where(one_of(line.warehouse, at.warehouses) | one_of(asked_for, at.warehouses))
	)


def _subcontracting_orders(at: Keys) -> QueryBuilder:
	order, line = frappe.qb.DocType("Subcontracting Order"), frappe.qb.DocType("Subcontracting Order Item")
	return (
		frappe.qb.from_(line)
		.join(order)
		.on(line.parent == order.name)
		.select(
			line.item_code,
			line.warehouse,
			Coalesce(line.expected_delivery_date, line.schedule_date),
			(line.qty - line.received_qty) * line.conversion_factor,
		)
		.where((order.docstatus == 1) & order.status.notin(("Closed", "Completed")))
		.where((line.qty > line.received_qty) & at.include(line.item_code, line.warehouse))
	)


def _work_orders(at: Keys) -> QueryBuilder:
	order = frappe.qb.DocType("Work Order")
	return (
		frappe.qb.from_(order)
		.select(
			order.production_item,
			order.fg_warehouse,
			Coalesce(order.expected_delivery_date, order.planned_end_date, order.planned_start_date),
			order.qty - order.produced_qty,
		)
		.where((order.docstatus == 1) & order.status.notin(("Stopped", "Completed", "Closed")))
		.where((order.qty > order.produced_qty) & at.include(order.production_item, order.fg_warehouse))
	)


def _in_transit(at: Keys) -> QueryBuilder:
	"""What has left for the warehouse that requested it, by way of a transit warehouse; due now."""
	entry, line = frappe.qb.DocType("Stock Entry"), frappe.qb.DocType("Stock Entry Detail")
	request, header = frappe.qb.DocType("Material Request Item"), frappe.qb.DocType("Material Request")
	return (
		frappe.qb.from_(entry)
		.join(line)
		.on(line.parent == entry.name)
		.join(request)
		.on((request.name == line.material_request_item) & (request.item_code == line.item_code))
		.join(header)
		# an entry may name the line of any request
		.on((header.name == request.parent) & (header.company == entry.company))
		.select(
			line.item_code, request.warehouse, entry.posting_date, line.transfer_qty - line.transferred_qty
		)
		.where((entry.purpose == "Material Transfer") & (entry.add_to_transit == 1) & (entry.docstatus == 1))
		.where((entry.per_transferred < 100) & (line.transfer_qty > line.transferred_qty))
		.where(at.include(line.item_code, request.warehouse))
	)


def _requests(at: Keys) -> QueryBuilder:
	"""What was requested and is neither ordered nor issued yet, and the type of request.

	With the warehouse that it was proposed for, where it was, before the date.
	"""
	lines, line, request, proposed = request_lines()
	return (
		lines.select(
			line.item_code,
			line.warehouse,
			proposed.warehouse,
			line.schedule_date,
			line.stock_qty - line.ordered_qty,
			request.material_request_type,
		)
		.where((request.docstatus == 1) & (request.status != "Stopped"))
		.where((line.stock_qty > line.ordered_qty) & one_of(line.item_code, at.item_codes))
		.where(one_of(line.warehouse, at.warehouses) | one_of(proposed.warehouse, at.warehouses))
	)


def _leaving(at: Keys, agent: str) -> QueryBuilder:
	"""What is requested from here by other warehouses and not moved yet, the agent's own drafts included."""
	request, line = frappe.qb.DocType("Material Request"), frappe.qb.DocType("Material Request Item")
	is_open = (request.docstatus == 1) & (request.status != "Stopped")
	return (
		frappe.qb.from_(line)
		.join(request)
		.on(line.parent == request.name)
		.select(line.item_code, line.from_warehouse, line.stock_qty - line.ordered_qty)
		.where(is_open | ((request.docstatus == 0) & (request.rl_agent == agent)))
		.where(
			(request.material_request_type == "Material Transfer") & (line.from_warehouse != line.warehouse)
		)
		.where((line.stock_qty > line.ordered_qty) & at.include(line.item_code, line.from_warehouse))
	)


def _own_drafts(at: Keys, agent: str, request_type: str) -> QueryBuilder:
	lines, line, request, proposed = request_lines()
	return (
		lines.select(line.item_code, line.warehouse, proposed.warehouse, line.schedule_date, line.stock_qty)
		.where((request.docstatus == 0) & (request.rl_agent == agent))
		.where((request.material_request_type == request_type) & one_of(line.item_code, at.item_codes))
		.where(one_of(line.warehouse, at.warehouses) | one_of(proposed.warehouse, at.warehouses))
	)


def take_off(arrivals: FloatArray, column: int, due: int, quantity: float) -> None:
	"""Take a quantity off one column of arrivals by day, shape (H, N): on its day, then on those nearby."""
	days = np.arange(len(arrivals))
	for day in np.argsort(np.abs(days - due), kind="stable"):
		if quantity <= 0:
			break
		taken = min(float(arrivals[day, column]), quantity)
		arrivals[day, column] -= taken
		quantity -= taken
