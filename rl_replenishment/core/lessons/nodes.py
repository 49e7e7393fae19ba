"""What lessons may be about: the items of an agent, warehouse, supplier, group, season, or each alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.files.feedback import FeedbackRows
from rl_replenishment.core.items import ItemTable
from rl_replenishment.core.lessons.lessons import SEASONS, Kind


@dataclass(frozen=True, eq=False)
class Nodes:
	"""What a kind of lesson is about: K nodes."""

	kind: Kind
	#: the node of each decision, shape (E,), -1 for none
	node: npt.NDArray[np.intp]
	#: of each node, as `Lesson` takes them
	names: list[dict[str, Any]]


def nodes_of(
	items: ItemTable, rows: FeedbackRows, index: npt.NDArray[np.intp], suppliers: Sequence[str]
) -> list[Nodes]:
	everything = Nodes("agent", np.zeros(len(rows), dtype=np.intp), [{"name": ""}])
	found = [everything]
	texts: tuple[tuple[Kind, tuple[str, ...]], ...] = (
		("warehouse", tuple(key.warehouse for key in items.keys)),
		("supplier", items.suppliers),
		("group", items.groups),
	)
	for kind, of_item in texts:
		names, place = np.unique(np.array(of_item, dtype=object).astype(str), return_inverse=True)
		if len(names) > 1 or kind != "warehouse":
			# what has no name has nothing in common
			node = np.where(names[place] == "", -1, place)[index]
			if kind == "supplier" and len(suppliers):
				then, now = np.array(suppliers, dtype=str), np.array(items.suppliers, dtype=str)[index]
				node = np.where((then != "") & (then != now), -1, node)
			found.append(Nodes(kind, node, [{"name": str(name)} for name in names]))
	groups = found[-1]
	months = (rows.date.astype("datetime64[M]").astype(np.int64)) % 12 + 1
	season = np.where(np.isnat(rows.date), -1, months % 12 // 3)
	node = np.where((groups.node >= 0) & (season >= 0), groups.node * len(SEASONS) + season, -1)
	names_of_seasons = [{**name, "month": month} for name in groups.names for month in SEASONS]
	found.append(Nodes("season", node, names_of_seasons))
	of_items = [{"name": key.item_code, "warehouse": key.warehouse} for key in items.keys]
	found.append(Nodes("item", index, of_items))
	return found
