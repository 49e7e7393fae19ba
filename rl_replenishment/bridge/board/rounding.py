"""A supplier's lines rounded to its minimum anew, once a buyer has changed some of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import frappe
import numpy as np
from frappe import _
from frappe.utils import flt, getdate, now_datetime

from rl_replenishment.bridge.board.approving import wishes_of
from rl_replenishment.bridge.board.buying_prices import read_prices
from rl_replenishment.bridge.board.open_lines import MOST_LINES, SAME, OpenLine, read_open_lines
from rl_replenishment.bridge.board.outlooks import Outlooks, read_outlooks
from rl_replenishment.bridge.state.order_prices import as_breaks
from rl_replenishment.bridge.state.parameters import read_parameters
from rl_replenishment.bridge.state.placed import with_placed
from rl_replenishment.bridge.state.supplier_terms import read_terms
from rl_replenishment.core.items import ItemKey, ItemTable, together
from rl_replenishment.core.policies.levels import LONGEST_LOT_DAYS
from rl_replenishment.core.terms.lines import Lines
from rl_replenishment.core.terms.rounding import fill

#: the reason of what is ordered for a minimum alone: it says nothing of what an item needs
REASON = "Supplier Minimum"


def round_anew(company: str, supplier: str, sent: Any) -> dict[str, Any]:
	"""Raise lines of one supplier until its minimums are reached, by the days of cover that cost least.

	`sent` has by proposal the quantity that the buyer wants, in purchase UOM. What the buyer has changed
	stays as it is, and what is turned down out. Returns `quantities` of the lines that are raised, in
	purchase UOM, the `reason` for them, and whether the minimums `are_reached` by it.
	"""
	wishes = _read(sent)
	today = getdate()
	found, _more = read_open_lines(proposals=set(wishes))
	lines = [line for line in found if line.company == company]
	# by agent, as they are read
	groups = read_outlooks(lines, today)
	lines = [line for group in groups for line in group.lines]
	if not lines:
		return {"quantities": {}, "reason": REASON, "are_reached": False}
	items = _table(groups, supplier)
	terms = read_terms(company, items, today)
	if terms is None or supplier not in terms.suppliers.names:
		return {"quantities": {}, "reason": REASON, "are_reached": True}
	now = now_datetime()
	shown = {line.line for line in lines}
	terms = with_placed(terms, company, today, 60 * now.hour + now.minute, shown=shown)
	prices = read_prices([line._replace(supplier=supplier) for line in lines], today)
	terms = replace(
		terms,
		price=np.array([prices[line.proposal].rate for line in lines]),
		breaks=as_breaks([prices[line.proposal] for line in lines]),
	)
	asked = np.array([wishes[line.proposal] * line.conversion for line in lines])
	filled = fill(_lines(groups, items, lines, asked), terms)
	quantities = {
		line.proposal: flt((quantity + extra) / line.conversion, 6)
		for line, quantity, extra in zip(lines, asked.tolist(), filled.extra.tolist(), strict=True)
		if extra > 0
	}
	at = terms.suppliers.names.index(supplier)
	return {
		"quantities": quantities,
		"reason": REASON,
		"are_reached": not bool((filled.short[:, at] > 0).any()),
	}


def _read(sent: Any) -> dict[str, float]:
	try:
		wishes = {name: wish.qty for name, wish in wishes_of(frappe.parse_json(sent)).items()}
		is_sound = all(0 <= qty < 1e12 for qty in wishes.values())
	except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
		is_sound = False
	if not is_sound or len(wishes) > MOST_LINES:
		frappe.throw(_("Quantities are to be numbers of 0 or more, by RL Proposal."))
	return wishes


def _table(groups: Sequence[Outlooks], supplier: str) -> ItemTable:
	"""The lines' items as they are ordered now, of the supplier that the buyer orders them from."""
	tables = []
	for group in groups:
		settings = frappe.get_cached_doc("RL Agent Settings", group.lines[0].agent)
		keys = list(dict.fromkeys(ItemKey(line.item_code, line.warehouse) for line in group.lines))
		items, _purchasing = read_parameters(settings, keys)
		place = {key: i for i, key in enumerate(keys)}
		tables.append(items.take([place[ItemKey(line.item_code, line.warehouse)] for line in group.lines]))
	return replace(together(tables), suppliers=(supplier,) * sum(map(len, tables)))


def _lines(groups: Sequence[Outlooks], items: ItemTable, lines: Sequence[OpenLine], asked: Any) -> Lines:
	"""The lines as rounding knows them; what the buyer has changed, or turned down, is not raised."""
	rate = np.concatenate([group.outlook.rate for group in groups]).astype(np.float64)
	there = [group.outlook.on_hand + group.on_order for group in groups]
	position = np.concatenate(there).astype(np.float64)

	def of_state(name: str, default: float = 0.0) -> Any:
		return np.array([flt(line.state.get(name, default)) for line in lines])

	limit = of_state("most_stock")
	longest = np.minimum(LONGEST_LOT_DAYS, items.shelf_life_days)
	most_stock = np.where(limit > 0, np.minimum(limit, rate * longest), rate * longest)
	most = np.minimum(items.largest_order, np.maximum(most_stock - np.maximum(position, 0), 0))
	proposed = np.array([line.proposed_qty for line in lines])
	is_own = (asked > 0) & (np.abs(asked - proposed) <= SAME * np.maximum(proposed, 1))
	return Lines(
		items=items,
		quantity=asked,
		position=position,
		reorder_point=of_state("reorder_point"),
		level=of_state("learned_target"),
		rate=rate,
		most=np.where(is_own, np.maximum(most, asked), asked),
	)
