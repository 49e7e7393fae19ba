"""The buyer's answers as an environment of one step: propose in a past situation, be paid for agreement."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.demand.known_events.lifts import known_lifts
from rl_replenishment.core.demand.statistics import demand_statistics
from rl_replenishment.core.feedback import LARGEST_PENALTY, ROUNDING, feedback_reward, feedback_scale
from rl_replenishment.core.files.feedback import FeedbackRows
from rl_replenishment.core.items import FloatArray, ItemTable
from rl_replenishment.core.policies.base import State, protection_days
from rl_replenishment.core.policies.residual_network import ResidualNetwork, Situation


@dataclass(frozen=True, eq=False)
class FeedbackSituations:
	"""M past proposals: what was known then, and what the buyer ordered.

	The buyer's quantity does not depend on the proposal, so that any action can be scored.
	"""

	situation: Situation
	#: what the buyer ordered, shape (M,), in stock UOM
	ordered: FloatArray
	#: what was proposed, shape (M,), in stock UOM
	proposed: FloatArray
	#: units of difference that cost 1 reward, shape (M,)
	scale: FloatArray
	#: how much each answer says, shape (M,), from 0 (nothing) to 1
	evidence: FloatArray

	def __len__(self) -> int:
		return len(self.ordered)

	@cached_property
	def corrected(self) -> npt.NDArray[np.bool_]:
		"""Where the buyer changed the proposal by more than rounding, shape (M,)."""
		return np.abs(self.ordered - self.proposed) > ROUNDING

	@cached_property
	def shares(self) -> FloatArray:
		"""What each answer counts for, shape (M,), 1 in all where all evidence is 1.

		Corrected and confirmed proposals count half each, however many there are of them: most are confirmed,
		and learning would else be judged by what there was nothing to learn from.
		"""
		kinds = [kind for kind in (self.corrected, ~self.corrected) if kind.any()]
		even = sum(kind / kind.sum() for kind in kinds) / len(kinds)
		return np.asarray(even * self.evidence, dtype=np.float32)

	def rewards(self, action: FloatArray) -> FloatArray:
		"""Reward of actions of shape (M, ACTION_SIZE) in [-1, 1], one per situation."""
		return feedback_reward(self.situation.decide(action).quantity, self.ordered, self.scale)

	def distance(self, action: FloatArray) -> float:
		"""How far actions of shape (M, ACTION_SIZE) end from the orders, in `scale`, by `shares`."""
		missed = np.abs(self.situation.decide(action).quantity - self.ordered) / np.maximum(self.scale, 1e-9)
		return float(self.shares @ np.minimum(missed, LARGEST_PENALTY))


def recall_situations(
	policy: ResidualNetwork,
	items: ItemTable,
	history: DemandHistory,
	rows: FeedbackRows,
	index: npt.NDArray[np.intp],
	review_days: int,
	evidence: FloatArray | None = None,
) -> FeedbackSituations:
	"""Put the buyer's decisions back into what was known on their day.

	`index`, shape (M,), is each row's position in `items` and `history`. A row without a date was decided on
	the day after the history. A row without stock is placed where the classical rule would have proposed what
	was proposed; open orders without dates are due half a lead time ahead. `evidence`, shape (M,), is 1
	throughout where it is not given.
	"""
	dates = np.where(np.isnat(rows.date), history.end, rows.date).astype("datetime64[D]")
	offsets = np.clip((dates - history.start).astype(np.int64), 0, history.days)
	days, day_of_row = np.unique(offsets, return_inverse=True)
	horizon = protection_days(items, review_days)
	lifts = known_lifts(history, items)
	usual = history.demand if lifts is None else lifts.usual(history.demand, history.start)
	known = demand_statistics(usual, horizon, days)
	if lifts is not None:
		known = lifts.told_by_day(known, history.start + days.astype("timedelta64[D]"), horizon)
	demand = known.each(lambda values: values[day_of_row, index])
	asked = items.take(index)
	on_order = np.nan_to_num(rows.on_order).astype(np.float32)
	halfway = asked.whole_lead_time_days // 2
	arrivals = np.zeros((int(halfway.max(initial=0)) + 1, len(rows)), dtype=np.float32)
	arrivals[halfway, np.arange(len(rows))] = on_order
	nothing = np.zeros(len(rows), dtype=np.float32)
	state = State(asked, dates, review_days, nothing, arrivals, demand)
	levels = policy.classical.levels(state)
	proposed = rows.proposed_qty.astype(np.float32)
	# above the reorder point the rule proposes nothing, so a smaller proposal is recalled as its smallest
	position = np.where(
		proposed > 0, np.minimum(levels.order_up_to - proposed, levels.reorder_point), levels.order_up_to
	)
	inferred = position - on_order
	on_hand = np.where(np.isnan(rows.on_hand), inferred, rows.on_hand).astype(np.float32)
	return FeedbackSituations(
		situation=policy.situation(replace(state, on_hand=on_hand)),
		ordered=rows.ordered_qty.astype(np.float32),
		proposed=proposed,
		scale=feedback_scale(asked.order_unit, demand.level_91, review_days),
		evidence=np.ones(len(rows), dtype=np.float32) if evidence is None else evidence,
	)


class FeedbackBatch:
	"""C columns that each show one past situation at a time; every step ends an episode.

	Situations are shown as often as they count, see `FeedbackSituations.shares`.
	"""

	def __init__(self, situations: FeedbackSituations, rng: np.random.Generator, *, columns: int) -> None:
		self.situations = situations
		self.columns = columns
		self._rng = rng
		self._shown: npt.NDArray[np.intp] = np.zeros(columns, dtype=np.intp)
		shares = situations.shares.astype(np.float64)
		self._chances = shares / shares.sum() if shares.any() else None

	def reset(self) -> FloatArray:
		"""Show new situations; returns observations (C, F), not normalised."""
		self._shown = self._rng.choice(len(self.situations), self.columns, p=self._chances)
		return self.situations.situation.observation[self._shown]

	def step(self, action: FloatArray) -> tuple[FloatArray, FloatArray]:
		"""Score actions of shape (C, ACTION_SIZE); returns the next observations (C, F) and rewards (C,)."""
		known = self.situations
		quantity = known.situation.take(self._shown).decide(action).quantity
		reward = feedback_reward(quantity, known.ordered[self._shown], known.scale[self._shown])
		return self.reset(), reward
