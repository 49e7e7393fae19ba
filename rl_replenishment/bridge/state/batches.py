"""Stock in batches: what has expired, or expires before it can be sold, is not there for anybody."""

from __future__ import annotations

from datetime import date

import frappe
import numpy as np
from frappe.query_builder.functions import Sum

from rl_replenishment.bridge.queries import Keys, one_of
from rl_replenishment.core.items import FloatArray
from rl_replenishment.core.usable_stock import usable_stock


def read_expiring(
	at: Keys, today: date, in_stock: FloatArray, rate: FloatArray | None, promised: FloatArray
) -> FloatArray:
	"""Of the stock of N item-warehouses, what expires before it is sold, shape (N,), in two queries.

	`in_stock`, shape (N,), is all that is there, of it `promised`, shape (N,), for now. Without a demand per
	day, `rate` of shape (N,), only what has expired already. A disabled batch counts as expired.
	"""
	index, quantity, days = [], [], []
	in_batches = np.zeros(len(at))
	for item_code, warehouse, expiry, is_disabled, left in _batches(at):
		position = at.position(item_code, warehouse)
		if position < 0 or not left:
			continue
		in_batches[position] += float(left)
		index.append(position)
		quantity.append(float(left))
		# it may be sold on its last day
		days.append(0.0 if is_disabled else max((expiry - today).days + 1.0, 0.0))
	if not index:
		return np.zeros(len(at), np.float32)
	every = np.arange(len(at))
	until = np.array(days) if rate is not None else np.where(np.array(days) > 0, np.inf, 0.0)
	usable = usable_stock(
		np.concatenate([np.array(index), every]),
		# the rest keeps
		np.concatenate([np.array(quantity), in_stock - in_batches]),
		np.concatenate([until, np.full(len(at), np.inf)]),
		np.zeros(len(at), np.float32) if rate is None else rate,
		promised,
	)
	return np.where(in_batches != 0, np.maximum(in_stock - usable, 0), 0).astype(np.float32)


def _batches(at: Keys) -> list[tuple[str, str, date, int, float]]:
	"""Item code, warehouse, expiry date, whether it is disabled, and stock of batches that will not keep.

	As ERPNext counts them: from the bundles of the ledger's entries, and from entries of before bundles.
	"""
	batch, entry = frappe.qb.DocType("Batch"), frappe.qb.DocType("Stock Ledger Entry")
	part = frappe.qb.DocType("Serial and Batch Entry")
	wanted = one_of(batch.item, at.item_codes) & (batch.expiry_date.isnotnull() | (batch.disabled == 1))
	in_bundles = (
		frappe.qb.from_(batch)
		.join(part)
		.on(part.batch_no == batch.name)
		.join(entry)
		.on(entry.serial_and_batch_bundle == part.parent)
		.select(batch.item, part.warehouse, batch.expiry_date, batch.disabled, Sum(part.qty))
		.where(wanted & (entry.is_cancelled == 0) & one_of(part.warehouse, at.warehouses))
		.groupby(batch.name, part.warehouse)
	)
	before_bundles = (
		frappe.qb.from_(batch)
		.join(entry)
		.on(entry.batch_no == batch.name)
		.select(batch.item, entry.warehouse, batch.expiry_date, batch.disabled, Sum(entry.actual_qty))
		.where(wanted & (entry.is_cancelled == 0) & one_of(entry.warehouse, at.warehouses))
		.where(entry.serial_and_batch_bundle.isnull() | (entry.serial_and_batch_bundle == ""))
		.groupby(batch.name, entry.warehouse)
	)
	return [*in_bundles.run(), *before_bundles.run()]
