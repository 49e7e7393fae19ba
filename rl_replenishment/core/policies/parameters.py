"""Numbers a rule keeps per item-warehouse, found again by key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.items import FloatArray, ItemKey, ItemTable


@dataclass(eq=False)
class ItemParameters:
	"""Named arrays of shape (N,), one entry per key, and a default for an item never seen."""

	keys: tuple[ItemKey, ...]
	values: dict[str, FloatArray]
	defaults: dict[str, float]
	_aligned: tuple[ItemTable, dict[str, FloatArray]] | None = field(default=None, init=False, repr=False)

	@classmethod
	def everywhere(cls, **defaults: float) -> ItemParameters:
		"""The same numbers for every item."""
		return cls((), {name: np.zeros(0, np.float32) for name in defaults}, dict(defaults))

	@classmethod
	def per_item(cls, items: ItemTable, **values: FloatArray | float) -> ItemParameters:
		"""Numbers for each of `items`; an item never seen gets their median."""
		arrays = {
			name: np.array(np.broadcast_to(np.asarray(value, np.float32), (len(items),)))
			for name, value in values.items()
		}
		defaults = {name: float(np.median(array)) if len(array) else 0.0 for name, array in arrays.items()}
		return cls(items.keys, arrays, defaults)

	def aligned_with(self, items: ItemTable) -> Mapping[str, FloatArray]:
		"""The numbers in the order of `items`; kept for the next call with the same table."""
		if self._aligned is None or self._aligned[0] is not items:
			if items.keys == self.keys:
				rows = self.values
			else:
				index = np.array([self._position.get(key, -1) for key in items.keys], dtype=np.intp)
				rows = {
					name: np.append(array, np.float32(self.defaults[name]))[index]
					for name, array in self.values.items()
				}
			self._aligned = (items, rows)
		return self._aligned[1]

	def reindexed(self, keys: Sequence[ItemKey], index: npt.NDArray[np.intp]) -> ItemParameters:
		"""The numbers for other keys: entry `index[i]` for `keys[i]`, the default where that is -1."""
		return ItemParameters(
			tuple(keys),
			{
				name: np.append(array, np.float32(self.defaults[name]))[index]
				for name, array in self.values.items()
			},
			dict(self.defaults),
		)

	@cached_property
	def _position(self) -> dict[ItemKey, int]:
		return {key: i for i, key in enumerate(self.keys)}
