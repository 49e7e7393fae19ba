"""What an agent has already proposed in this review period, so that running again orders nothing again.

A policy decides once per review period: one with a cap on an order would use it twice if it were asked twice.
So it is asked as if this period's proposals had not been made, and only what goes beyond them is proposed.
What the buyer cut or turned down in the meantime stays as the buyer has it until the next period.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import frappe
import numpy as np
from frappe import _
from frappe.model.document import Document
from frappe.query_builder.functions import Sum
from frappe.utils import formatdate

from rl_replenishment.bridge.queries import Keys
from rl_replenishment.core.items import FloatArray, ItemKey, ItemTable
from rl_replenishment.core.policies.base import State
from rl_replenishment.core.proposal import Proposal


@dataclass(frozen=True, eq=False)
class Earlier:
	"""Of N item-warehouses, in stock UOM."""

	since: date
	#: what was proposed, shape (N,)
	proposed: FloatArray
	#: what of it is requested or ordered now, shape (N,)
	pending: FloatArray

	def without(self, state: State) -> State:
		"""The state as it would be without this period's proposals: what is due last is taken off first."""
		if not self.pending.any():
			return state
		arrivals = state.arrivals.copy()
		left = self.pending.copy()
		for day in range(len(arrivals) - 1, -1, -1):
			taken = np.minimum(arrivals[day], left)
			arrivals[day] -= taken
			left -= taken
		# the rest has arrived
		return replace(state, arrivals=arrivals, on_hand=state.on_hand - left)

	def beyond(self, proposals: Sequence[Proposal], state: State) -> list[Proposal]:
		"""What is to be proposed besides, in whole packs and no less than the minimum order.

		`state` is the one with this period's proposals in it.
		"""
		if not self.proposed.any():
			return list(proposals)
		result = []
		on_order = state.arrivals.sum(axis=0)
		for i, proposal in enumerate(proposals):
			if already := float(self.proposed[i]):
				extra = _feasible(state.items, i, proposal.proposed_qty - already)
				reason = _("{0} Of this, {1} were proposed since {2}: {3} more.").format(
					proposal.reason, f"{already:g}", formatdate(self.since), f"{extra:g}"
				)
				baseline = max(proposal.baseline_qty - already, 0.0)
				proposal = replace(
					proposal,
					on_hand=float(state.on_hand[i]),
					on_order=float(on_order[i]),
					proposed_qty=extra,
					baseline_qty=baseline,
					reason=reason,
				)
			result.append(proposal)
		return result


def read_earlier(settings: Document, keys: Sequence[ItemKey], since: date) -> Earlier:
	"""This period's proposals of an agent and what has become of them, in two queries."""
	at = Keys(keys)
	proposal, line = frappe.qb.DocType("RL Proposal"), frappe.qb.DocType("Material Request Item")
	request = frappe.qb.DocType("Material Request")
	mine = (
		(proposal.agent == settings.name)
		& (proposal.proposal_date >= since)
		& proposal.status.isin(["Requested", "Ordered", "Rejected"])
	)
	proposed = (
		frappe.qb.from_(proposal)
		.select(proposal.item_code, proposal.warehouse, Sum(proposal.proposed_qty))
		.where(mine)
		.groupby(proposal.item_code, proposal.warehouse)
	)
	pending = (
		frappe.qb.from_(proposal)
		.join(line)
		.on(line.rl_proposal == proposal.name)
		.join(request)
		.on(request.name == line.parent)
		.select(
			*(proposal.item_code, proposal.warehouse, line.stock_qty, line.ordered_qty),
			*(request.docstatus, request.status),
		)
		.where(mine)
	)
	return Earlier(
		since=since,
		proposed=at.column(proposed.run()),
		pending=at.column(
			(item_code, warehouse, ordered if docstatus == 2 or status == "Stopped" else qty)
			for item_code, warehouse, qty, ordered, docstatus, status in pending.run()
		),
	)


def _feasible(items: ItemTable, i: int, quantity: float) -> float:
	unit = float(items.order_multiple[i])
	if unit > 0:
		quantity = float(np.floor(quantity / unit + 1e-4)) * unit
	return quantity if quantity > 0 and quantity >= float(items.smallest_order[i]) else 0.0
