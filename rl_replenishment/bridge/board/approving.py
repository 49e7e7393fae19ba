"""Suppliers approved in one step: their Material Requests are submitted, and Purchase Orders made of them.

What ERPNext refuses is named and stays as it was; the rest goes through.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import frappe
from erpnext.stock.doctype.material_request.material_request import make_purchase_order
from frappe import _
from frappe.model.document import Document
from frappe.utils import flt, getdate

from rl_replenishment.bridge import feedback, workflows
from rl_replenishment.bridge.board.buying_prices import read_prices
from rl_replenishment.bridge.board.open_lines import MOST_LINES, OpenLine, read_open_lines
from rl_replenishment.bridge.state.order_prices import OrderPrice

#: quantities this close are the same, in purchase UOM
_SAME = 1e-6
#: what ERPNext finds for a line of an order where it is open
_PRICED = ("rate", "price_list_rate", "discount_percentage", "discount_amount", "pricing_rules")


@dataclass(frozen=True)
class Wish:
	"""What the buyer wants of one line."""

	#: in purchase UOM
	qty: float
	reason: str = ""
	#: when the buyer saw the request changed last
	seen: str = ""


@dataclass
class Group:
	"""The lines that one supplier is to deliver to one company, and what became of them."""

	supplier: str
	company: str
	wishes: dict[str, Wish]
	lines: list[OpenLine] = field(default_factory=list)
	result: dict[str, Any] = field(default_factory=dict)

	def fail(self, message: str) -> None:
		self.result = {"status": "Failed", "order": None, "message": message}


class _NothingOrdered(Exception):
	"""None of the suppliers of some requests could be ordered from."""


def approve(sent: Any, *, submit: bool) -> list[dict[str, Any]]:
	"""Order from several suppliers; one result for each, in the order given.

	`sent` has `supplier`, `company` and `lines`: `qty` in purchase UOM, `reason`, and `seen`, the moment of
	the request's last change as the board knew it, by proposal. A quantity of 0 turns a line down. A draft
	request is submitted as a whole. A result has `status` (Submitted, Draft, Turned Down or Failed), `order`,
	`requests`, `lines`, `value` in company currency, and a `message`.
	"""
	groups = _read(sent)
	found, _more = read_open_lines(proposals={name for group in groups for name in group.wishes})
	open_lines = {line.proposal: line for line in found}
	for group in groups:
		group.lines = [open_lines[name] for name in group.wishes if name in open_lines]
		if problem := _problem_of(group):
			group.fail(problem)
	waiting = [group for group in groups if not group.result]
	# of the supplier that the buyer chose, where none was known
	asked = [line._replace(supplier=group.supplier) for group in waiting for line in group.lines]
	prices = read_prices(asked, getdate())
	for together in _sharing_requests(waiting):
		_order_together(together, prices, submit)
	return [
		{
			"supplier": group.supplier,
			"company": group.company,
			"lines": len(group.lines),
			"requests": sorted({line.request for line in group.lines}),
			**group.result,
		}
		for group in groups
	]


def wishes_of(lines: Any) -> dict[str, Wish]:
	"""What is wanted of lines by proposal, as it was sent."""
	return {
		str(name): Wish(float(line["qty"]), str(line.get("reason") or ""), str(line.get("seen") or ""))
		for name, line in lines.items()
	}


def _read(sent: Any) -> list[Group]:
	try:
		groups = [
			Group(
				str(each.get("supplier") or ""),
				str(each.get("company") or ""),
				wishes_of(each["lines"]),
			)
			for each in frappe.parse_json(sent)
		]
		is_sound = all(0 <= wish.qty < 1e12 for group in groups for wish in group.wishes.values())
	except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
		is_sound = False
	if not is_sound:
		frappe.throw(_("What is to be ordered is not understood; load the board anew."))
	if sum(len(group.wishes) for group in groups) > MOST_LINES:
		frappe.throw(
			_("More than {0} lines cannot be ordered at once; approve fewer suppliers.").format(MOST_LINES)
		)
	return groups


def _problem_of(group: Group) -> str:
	"""Why a supplier's lines are not ordered at all, "" where they may be."""
	if len(group.lines) < len(group.wishes):
		gone = len(group.wishes) - len(group.lines)
		return _("Not open any more: {0} of its lines. What is left is shown here now.").format(gone)
	if any(line.company != group.company for line in group.lines):
		return _("Its lines are of another company; load the board anew.")
	if not group.supplier:
		return _("No supplier is known; choose one, or give the items a default supplier.")
	if not frappe.db.exists("Supplier", group.supplier) or not frappe.has_permission(
		"Supplier", "read", group.supplier
	):
		return _("There is no such supplier.")
	return ""


def _sharing_requests(groups: Sequence[Group]) -> Iterator[list[Group]]:
	"""Groups that have a request in common come together: it is submitted once."""
	left = list(groups)
	while left:
		together, requests = [left.pop(0)], set()
		while True:
			requests |= {line.request for group in together for line in group.lines}
			more = [group for group in left if requests & {line.request for line in group.lines}]
			if not more:
				break
			together += more
			left = [group for group in left if group not in more]
		yield together


def _order_together(groups: list[Group], prices: dict[str, OrderPrice], submit: bool) -> None:
	"""Submit the requests of some groups and order; where no order comes of it, all is as it was."""
	try:
		with undone_if_it_fails("rl_board_requests"):
			by_request: dict[str, list[tuple[OpenLine, Wish]]] = defaultdict(list)
			for group in groups:
				for line in group.lines:
					by_request[line.request].append((line, group.wishes[line.proposal]))
			for request, lines in by_request.items():
				submit_request(request, lines)
			for group in groups:
				_order(group, prices, submit)
			if all(group.result["status"] == "Failed" for group in groups):
				raise _NothingOrdered
	except _NothingOrdered:
		# each says why
		return
	except Exception as error:
		for group in groups:
			group.fail(why_refused(error))


def submit_request(name: str, lines: Sequence[tuple[OpenLine, Wish]]) -> None:
	"""Write what the buyer changed into a draft and submit it; into one that is submitted, reasons alone."""
	if not lines[0][0].is_draft:
		_note_reasons(name, lines)
		return
	request = frappe.get_doc("Material Request", name, for_update=True)
	request.check_permission("write")
	if any(wish.seen and wish.seen != str(request.modified) for _line, wish in lines):
		changed = _("{0} was changed since you saw it, and is shown as it is now: look, and approve again.")
		frappe.throw(changed.format(name))
	wishes = {line.line: wish for line, wish in lines}
	left = []
	for row in request.items:
		wish = wishes.get(row.name)
		if wish and abs(wish.qty - flt(row.qty)) > _SAME:
			row.qty = wish.qty
		if wish and wish.reason:
			row.rl_edit_reason = wish.reason
		if not wish or wish.qty > 0:
			left.append(row)
	if not left:
		request.delete()
		return
	if len(left) < len(request.items):
		request.set("items", left)
	request.check_permission("submit")
	workflows.submit(request)


def _note_reasons(name: str, lines: Sequence[tuple[OpenLine, Wish]]) -> None:
	"""Why a submitted request's quantities are not those ordered, where the buyer may say so there."""
	reasons = {line.line: wish.reason for line, wish in lines if wish.reason not in ("", line.edit_reason)}
	if not reasons:
		return
	request = frappe.get_doc("Material Request", name, for_update=True)
	if request.has_permission("submit"):
		for row in request.items:
			row.rl_edit_reason = reasons.get(row.name) or row.rl_edit_reason
		request.save()


def _order(group: Group, prices: dict[str, OrderPrice], submit: bool) -> None:
	wanted = [line for line in group.lines if group.wishes[line.proposal].qty > 0]
	if not wanted:
		_turned_down(group)
		return
	try:
		with undone_if_it_fails("rl_board_order"):
			order = _make_order(group, wanted, prices)
			order.insert()
	except Exception as error:
		group.fail(why_refused(error))
		return
	message = _about_prices(order, {line.line: prices[line.proposal] for line in wanted})
	if submit:
		message = " ".join(part for part in (_try_to_submit(order), message) if part)
	group.result = {
		"status": "Submitted" if order.docstatus.is_submitted() else "Draft",
		"order": order.name,
		"value": flt(order.base_net_total),
		"message": message,
	}


def _turned_down(group: Group) -> None:
	"""Lines of requests that were submitted before cannot be taken out of them."""
	if any(not line.is_draft for line in group.lines):
		group.fail(_("Its request is submitted already: stop it to turn it down."))
	else:
		group.result = {"status": "Turned Down", "order": None, "value": 0.0, "message": ""}


def _make_order(group: Group, lines: Sequence[OpenLine], prices: dict[str, OrderPrice]) -> Document:
	"""An order as ERPNext makes it of requests, with what that leaves open: supplier, dates and prices."""
	order, money = frappe.new_doc("Purchase Order"), _money_of(group)
	order.update({"supplier": group.supplier, "company": group.company, **money})
	by_request: dict[str, list[str]] = defaultdict(list)
	for line in lines:
		by_request[line.request].append(line.line)
	for request, names in by_request.items():
		order = make_purchase_order(request, order, {"filtered_children": names})
	today = getdate()
	known = {line.line: line for line in lines}
	# what is given away with it is found anew, for the quantities that are ordered
	order.items = _asked_for(order)
	if len(order.items) != len(known):
		frappe.throw(_("Some of its lines were ordered in the meantime. What is left is shown here now."))
	for row in order.items:
		line = known[row.material_request_item]
		_complete(row, line, group.wishes[line.proposal], today)
		row.update(dict.fromkeys(_PRICED))
	order.schedule_date = min(row.schedule_date for row in order.items)
	# ERPNext has taken over the price list of the request, and prices of its quantities
	order.update(money)
	order.run_method("set_missing_values")
	order.run_method("calculate_taxes_and_totals")
	for row in _asked_for(order):
		if not flt(row.rate):
			rate = _rate_on_the_board(row, prices[known[row.material_request_item].proposal])
			row.rate = flt(rate / (flt(order.conversion_rate) or 1.0), row.precision("rate"))
	order.run_method("calculate_taxes_and_totals")
	return order


def _asked_for(order: Document) -> list[Document]:
	"""The lines that were requested, without what a Pricing Rule gives away with them."""
	return [row for row in order.items if row.material_request_item]


def _rate_on_the_board(row: Document, price: OrderPrice) -> float:
	"""What the board showed for the quantity of a line, by purchase UOM in company currency."""
	return price.at(flt(row.stock_qty)) * flt(row.conversion_factor)


def _money_of(group: Group) -> dict[str, Any]:
	"""Currency and price list of a supplier, as ERPNext's form takes them over where one is chosen."""
	found = frappe.get_cached_value(
		"Supplier", group.supplier, ["default_currency", "default_price_list"], as_dict=True
	)
	listed = found.default_price_list or frappe.db.get_single_value("Buying Settings", "buying_price_list")
	own = frappe.get_cached_value("Company", group.company, "default_currency")
	return {
		"currency": found.default_currency or own,
		"buying_price_list": listed,
		**dict.fromkeys(("conversion_rate", "plc_conversion_rate", "price_list_currency")),
	}


def _about_prices(order: Document, prices: dict[str, OrderPrice]) -> str:
	"""What a buyer should know of an order's prices: which are missing, and which the board had otherwise."""
	rows = _asked_for(order)
	unpriced = [row.item_code for row in rows if not flt(row.rate)]
	said = [_("Without a price: {0}.").format(", ".join(unpriced))] if unpriced else []
	other = []
	for row in rows:
		rate = _rate_on_the_board(row, prices[row.material_request_item])
		step = flt(order.conversion_rate or 1) * 10.0 ** -row.precision("rate")
		if flt(row.rate) and abs(flt(row.base_net_rate) - rate) > step:
			other.append(row.item_code)
	if other:
		said.append(_("ERPNext has another price than the board for {0}.").format(", ".join(other)))
	return " ".join(said)


def _complete(row: Document, line: OpenLine, wish: Wish, today: date) -> None:
	row.qty = wish.qty
	row.stock_qty = wish.qty * flt(row.conversion_factor)
	# ERPNext leaves days that have passed open
	row.schedule_date = max(line.required_by or today, today)


def _try_to_submit(order: Document) -> str:
	"""Submit an order; returns why it stays a draft, "" where it does not."""
	if not order.has_permission("submit"):
		return _("It stays a draft: you may not submit Purchase Orders.")
	try:
		with undone_if_it_fails("rl_board_submit"):
			workflows.submit(order)
	except Exception as error:
		order.docstatus = frappe.model.docstatus.DocStatus.draft()
		return _("It stays a draft: {0}").format(why_refused(error))
	return ""


@contextmanager
def undone_if_it_fails(name: str) -> Iterator[None]:
	"""Nothing of what fails within is kept, nor what ERPNext would have shown of it."""
	messages = len(frappe.local.message_log)
	frappe.db.savepoint(name)
	try:
		yield
	except Exception:
		frappe.db.rollback(save_point=name)
		del frappe.local.message_log[messages:]
		raise


def undo(sent: Any) -> list[dict[str, Any]]:
	"""Take orders back: drafts are deleted, submitted ones cancelled; one result for each.

	Their lines wait on the board again, in requests that stay submitted. ERPNext decides, by permissions and
	by what followed: an order with goods received stays, and `message` says why.
	"""
	names = names_of(sent, _("Orders is to be a list of names of Purchase Orders."))
	results = {name: _take_back(name) for name in names}
	# whose lines wait again, the board reads from there
	feedback.answer_now("Purchase Order", [name for name, why in results.items() if not why])
	return [{"order": name, "done": not why, "message": why} for name, why in results.items()]


def names_of(sent: Any, otherwise: str) -> list[str]:
	"""A list of names as it was sent, each once, or a word on what is expected."""
	try:
		names = frappe.parse_json(sent)
	except (ValueError, RecursionError):
		names = None
	if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
		frappe.throw(otherwise)
	if len(names) > MOST_LINES:
		frappe.throw(_("More than {0} cannot be taken back at once.").format(MOST_LINES))
	return list(dict.fromkeys(names))


def _take_back(name: str) -> str:
	"""Returns why not, "" where it went well."""
	try:
		with undone_if_it_fails("rl_board_undo"):
			order = frappe.get_doc("Purchase Order", name, for_update=True)
			if order.docstatus.is_draft():
				order.delete()
			else:
				order.check_permission("cancel")
				workflows.cancel(order)
	except Exception as error:
		return why_refused(error)
	return ""


def why_refused(error: Exception) -> str:
	"""What ERPNext says, in plain text; where it says nothing, what kind of fault it was."""
	if text := frappe.utils.strip_html(str(error)).strip():
		return text
	if isinstance(error, frappe.PermissionError):
		return _("You may not do this.")
	return type(error).__name__
