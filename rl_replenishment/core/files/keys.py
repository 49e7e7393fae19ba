"""The item-warehouse that each row of a file is about."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from rl_replenishment.core.files.table import Column, IntArray, Table
from rl_replenishment.core.items import ItemKey

ITEM_CODE = Column("item_code", ("Item", "Item ID", "ProductID", "Product Code", "SKU"), required=True)
WAREHOUSE = Column("warehouse", ("Delivery Warehouse",))


def read_keys(table: Table) -> tuple[tuple[ItemKey, ...], IntArray]:
	"""The distinct item-warehouses in order of first appearance, and the index of each row's, shape (E,).

	Raises `InputError` naming the row where the item code is blank.
	"""
	items = table.columns[ITEM_CODE.name]
	if "" in items.distinct:
		row = items.first_row(list(items.distinct).index(""))
		raise table.error(ITEM_CODE.name, row, "the cell is empty; fill it in, or remove the row")
	warehouses = table.columns.get(WAREHOUSE.name)
	if warehouses is None:
		return tuple(ItemKey(code) for code in items.distinct), items.codes
	width = len(warehouses.distinct)
	pairs = items.codes.astype(np.int64) * width + warehouses.codes
	distinct, first, inverse = np.unique(pairs, return_index=True, return_inverse=True)
	order = np.argsort(first)
	rank = np.empty(len(order), dtype=np.int32)
	rank[order] = np.arange(len(order), dtype=np.int32)
	keys = (
		ItemKey(items.distinct[pair // width], warehouses.distinct[pair % width]) for pair in distinct[order]
	)
	return tuple(keys), rank[inverse]


def natural_order(keys: Sequence[ItemKey]) -> IntArray:
	"""The permutation that sorts keys as people do: item 9 before item 10, whatever the case."""
	return np.array(sorted(range(len(keys)), key=lambda index: _natural(keys[index])), dtype=np.int32)


def _natural(key: ItemKey) -> tuple[object, ...]:
	# numbers compare by length, then digits: no limit on how long they are
	parts = (
		tuple(
			(0, len(part.lstrip("0")), part.lstrip("0")) if position % 2 else (1, 0, part.casefold())
			for position, part in enumerate(re.split(r"([0-9]+)", text))
			if part
		)
		for text in key
	)
	return (*parts, key)
