"""Bookings far outside an item's own history: which people call real, and demand without the others."""

from __future__ import annotations

import frappe
import numpy as np
from frappe.model.document import Document

from rl_replenishment.bridge.queries import Keys, one_of
from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.demand.unusual import unusual_bookings, without_bookings
from rl_replenishment.core.items import ItemKey, ItemTable


def read_real_demand(settings: Document, at: Keys) -> list[tuple[ItemKey, np.datetime64]]:
	"""The days of item-warehouses that people call real, in one query."""
	row = frappe.qb.DocType("RL Real Demand")
	rows = (
		frappe.qb.from_(row)
		.select(row.item_code, row.warehouse, row.day)
		.where((row.agent == settings.name) & one_of(row.item_code, at.item_codes))
		.run()
	)
	anywhere: dict[str, list[np.datetime64]] = {}
	found = []
	for item_code, warehouse, day in rows:
		if warehouse:
			found.append((ItemKey(item_code, warehouse), np.datetime64(day, "D")))
		else:
			anywhere.setdefault(item_code, []).append(np.datetime64(day, "D"))
	found += [(key, day) for key in at.keys for day in anywhere.get(key.item_code, ())]
	return found


def usual_demand(settings: Document, items: ItemTable, history: DemandHistory) -> DemandHistory:
	"""A history in which bookings far outside it count as usual ones, in one query."""
	real = read_real_demand(settings, Keys(items.keys))
	return without_bookings(history, unusual_bookings(history, items.order_unit, real))
