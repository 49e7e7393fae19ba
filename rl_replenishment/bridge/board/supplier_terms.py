"""What suppliers ask of the orders on the board, for the head of each one's lines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any

import frappe
import numpy as np
from frappe.utils import now_datetime

from rl_replenishment.bridge.board.open_lines import OpenLine
from rl_replenishment.bridge.state.placed import with_placed
from rl_replenishment.bridge.state.supplier_terms import read_terms
from rl_replenishment.core.items import ItemKey, ItemTable
from rl_replenishment.core.terms.calendar import timing
from rl_replenishment.core.terms.terms import MEASURES


def board_terms(lines: Sequence[OpenLine], today: date) -> dict[str, dict[str, Any]]:
	"""By company and supplier: minimums, freight, the next order day, and what a unit of each line weighs.

	In at most twenty queries for each company; nothing of terms that the user may not read.
	"""
	if not frappe.has_permission("RL Supplier Terms", "read"):
		return {}
	named = {"name": ("in", sorted({line.supplier for line in lines} | {""}))}
	readable = set(frappe.get_list("RL Supplier Terms", named, pluck="name", limit=0))
	lines = [line for line in lines if line.supplier in readable]
	by_company: dict[str, list[OpenLine]] = defaultdict(list)
	for line in lines:
		by_company[line.company].append(line)
	return {company: found for company, group in by_company.items() if (found := _of(company, group, today))}


def _of(company: str, lines: Sequence[OpenLine], today: date) -> dict[str, Any]:
	items = ItemTable.create(
		[ItemKey(line.item_code, line.warehouse) for line in lines], [line.supplier for line in lines]
	)
	terms = read_terms(company, items, today)
	if terms is None:
		return {}
	now = now_datetime()
	minute = 60 * now.hour + now.minute
	terms = with_placed(terms, company, today, minute, shown={line.line for line in lines})
	at_once, day = np.zeros(len(items), np.int32), np.datetime64(today, "D")
	days = timing(terms, at_once, day, 1, minute=minute)
	suppliers, found = terms.suppliers, {}
	for at, name in enumerate(suppliers.names):
		own = np.flatnonzero(terms.of_item == at).tolist()
		free = float(suppliers.free_freight_value[at])
		found[name] = {
			"minimum": {
				measure: float(least)
				for measure, least in zip(MEASURES, suppliers.minimum[:, at], strict=True)
				if least > 0
			},
			# of what is not among the lines: requested by hand, or ordered and not sent yet
			"placed": {
				measure: float(amount)
				for measure, amount in zip(MEASURES, terms.placed[:, at], strict=True)
				if amount > 0
			},
			"freight_cost": float(suppliers.freight_cost[at]),
			"free_freight_value": free if np.isfinite(free) else None,
			"order_on": (day + days.wait[own[0]]).astype(object) if own else None,
			"weight": {lines[i].proposal: float(terms.weight[i]) for i in own},
		}
	return found
