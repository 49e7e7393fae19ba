"""Items whose supplier may not be ordered from now."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import frappe
from frappe import _
from frappe.utils import formatdate

from rl_replenishment.bridge.figures import words
from rl_replenishment.bridge.queries import one_of
from rl_replenishment.core.proposal import Proposal

#: on hold for these, ERPNext refuses a Purchase Order
_HOLDS = ("All", "Invoices")


def without_held(today: date, proposals: list[Proposal]) -> tuple[list[Proposal], list[str]]:
	"""The proposals with nothing for suppliers that ERPNext refuses orders to, and a message for each one."""
	names = {each.supplier for each in proposals if each.proposed_qty > 0 and each.supplier}
	held = _held(names, today) if names else {}
	if not held:
		return proposals, []
	result, counts = [], dict.fromkeys(held, 0)
	for proposal in proposals:
		if proposal.proposed_qty > 0 and proposal.supplier in held:
			counts[proposal.supplier] += 1
			reason = _("{0}: {1} of it are wanted; order from another supplier, or end the hold.").format(
				held[proposal.supplier], words(proposal.proposed_qty)
			)
			proposal = replace(proposal, proposed_qty=0.0, held_back=reason)
		result.append(proposal)
	return result, [
		_("{0}; lines not proposed: {1}.").format(held[name], count) for name, count in counts.items()
	]


def _held(names: set[str], today: date) -> dict[str, str]:
	"""What keeps suppliers from being ordered from, for those that something does."""
	supplier = frappe.qb.DocType("Supplier")
	is_held = (supplier.on_hold == 1) & (
		supplier.hold_type.isin(_HOLDS) | supplier.hold_type.isnull() | (supplier.hold_type == "")
	)
	not_released = supplier.release_date.isnull() | (supplier.release_date >= today)
	rows = (
		frappe.qb.from_(supplier)
		.select(supplier.name, supplier.on_hold, supplier.release_date, supplier.prevent_pos)
		.where(one_of(supplier.name, names) & ((is_held & not_released) | (supplier.prevent_pos == 1)))
		.run(as_dict=True)
	)
	found = {}
	for row in rows:
		if row.prevent_pos:
			found[row.name] = _("Supplier {0} may not be ordered from, by its scorecard").format(row.name)
		elif row.release_date:
			until = formatdate(row.release_date)
			found[row.name] = _("Supplier {0} is on hold until {1}").format(row.name, until)
		else:
			found[row.name] = _("Supplier {0} is on hold").format(row.name)
	return found
