"""A season of buying: the policy proposes, the buyer decides, customers come, the answers are kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rl_replenishment.core.demand.statistics import LOOKBACK_DAYS
from rl_replenishment.core.files.feedback import FeedbackRows
from rl_replenishment.core.items import FloatArray, ItemKey
from rl_replenishment.core.policies.base import State
from rl_replenishment.core.policies.residual_network import ResidualNetwork
from rl_replenishment.core.proposal import Proposal, propose
from rl_replenishment.core.sample.buyer import Buyer
from rl_replenishment.core.sample.company import SampleCompany
from rl_replenishment.core.simulation.dynamics import Inventory
from rl_replenishment.core.simulation.scenario import is_review_day, sample_lead_times


@dataclass(frozen=True, eq=False)
class Season:
	"""What came of it."""

	#: the first round's proposals that order something
	first_proposals: list[Proposal]
	#: every line that was proposed or ordered, in order of time
	answers: FeedbackRows

	@property
	def edited(self) -> int:
		"""Lines that the buyer changed."""
		return int((self.answers.proposed_qty != self.answers.ordered_qty).sum())


def buy_for_a_season(
	policy: ResidualNetwork, company: SampleCompany, buyer: Buyer, review_days: int, rng: np.random.Generator
) -> Season:
	"""Play through the company's future, one round of proposals per review."""
	items, future = company.items, company.future
	demand = np.concatenate([company.history.demand, future.demand])
	past = company.history.days
	arrivals = company.arrivals
	inventory = Inventory(items, longest_lead_time=max(365, len(arrivals)))
	inventory.reset(np.arange(len(items)), company.on_hand, arrivals)
	first: list[Proposal] = []
	rows: list[tuple[ItemKey, float, float, np.datetime64, float, float, str]] = []
	for day in range(future.days):
		today = future.start + np.timedelta64(day, "D")
		inventory.receive()
		if is_review_day(today, review_days):
			recent = demand[max(past + day - LOOKBACK_DAYS, 0) : past + day]
			state = State.from_history(
				items,
				recent,
				today=today,
				review_days=review_days,
				on_hand=inventory.on_hand.copy(),
				arrivals=inventory.arrivals(),
			)
			proposals = propose(policy, state)
			first = first or [proposal for proposal in proposals if proposal.proposed_qty]
			proposed: FloatArray = np.array([proposal.proposed_qty for proposal in proposals], np.float32)
			decision = buyer.decide(
				items,
				proposed,
				review_days=review_days,
				today=today,
				daily_demand=state.demand.level_91,
				rng=rng,
			)
			rows += [
				(
					items.keys[i],
					float(proposed[i]),
					float(decision.ordered_qty[i]),
					today,
					float(state.on_hand[i]),
					float(state.inventory_position[i] - state.on_hand[i]),
					decision.reasons[i],
				)
				for i in np.flatnonzero((proposed > 0) | (decision.ordered_qty > 0))
			]
			inventory.place_orders(decision.ordered_qty, sample_lead_times(items, 1, rng)[0])
		inventory.serve(future.demand[day])
	keys, proposed_qty, ordered_qty, dates, on_hand, on_order, reasons = zip(*rows, strict=True)
	return Season(
		first,
		FeedbackRows(
			keys=keys,
			proposed_qty=np.array(proposed_qty),
			ordered_qty=np.array(ordered_qty),
			date=np.array(dates, dtype="datetime64[D]"),
			on_hand=np.array(on_hand),
			on_order=np.array(on_order),
			reason=reasons,
		),
	)
