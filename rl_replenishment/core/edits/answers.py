"""Settled decisions of buyers, as a training looks at them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.files.feedback import FeedbackRows


@dataclass(frozen=True, eq=False)
class Answers:
	"""E settled decisions of an agent's buyers, oldest first."""

	rows: FeedbackRows
	#: what the site calls each of them
	names: list[str]
	#: whether nothing was learned from it yet, shape (E,)
	is_new: npt.NDArray[np.bool_]
	#: what it saved in hindsight, shape (E,), in company currency; NaN where that is not booked yet
	values: npt.NDArray[np.float64]

	@property
	def new_names(self) -> list[str]:
		"""The rows that nothing was learned from yet."""
		return [name for name, is_new in zip(self.names, self.is_new, strict=True) if is_new]

	def take(self, at: npt.NDArray[np.intp]) -> Answers:
		"""The decisions at `at`."""
		return Answers(self.rows.take(at), [self.names[i] for i in at], self.is_new[at], self.values[at])
