"""A season of buying: the policy proposes, the buyer decides, customers come, the answers are kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.demand.imputation import impute
from rl_replenishment.core.demand.statistics import LOOKBACK_DAYS
from rl_replenishment.core.edits.announced import announces, set_aside
from rl_replenishment.core.edits.constraints import LearnedConstraints
from rl_replenishment.core.files.feedback import FeedbackRows
from rl_replenishment.core.items import FloatArray, ItemKey, ItemTable
from rl_replenishment.core.lessons.lessons import Lessons
from rl_replenishment.core.policies.base import State
from rl_replenishment.core.policies.residual_network import ResidualNetwork
from rl_replenishment.core.proposal import Proposal, propose
from rl_replenishment.core.sample.buyer import BuyerDecision
from rl_replenishment.core.sample.company import SampleCompany
from rl_replenishment.core.simulation.dynamics import Inventory
from rl_replenishment.core.simulation.scenario import is_review_day, sample_lead_times


class Decides(Protocol):
	"""Whoever has the last word, see `Buyer.decide`."""

	def decide(
		self,
		items: ItemTable,
		proposed_qty: FloatArray,
		*,
		review_days: int,
		today: np.datetime64,
		daily_demand: FloatArray,
		rng: np.random.Generator,
	) -> BuyerDecision:
		"""Answer N proposals."""
		...


@dataclass(frozen=True, eq=False)
class Season:
	"""What came of it."""

	#: the first round's proposals that order something
	first_proposals: list[Proposal]
	#: every line that was proposed or ordered, in order of time
	answers: FeedbackRows
	#: holding, stock-out, order and waste cost, in money
	cost: float

	@property
	def edited(self) -> int:
		"""Lines that the buyer changed."""
		return int((self.answers.proposed_qty != self.answers.ordered_qty).sum())


class Shop:
	"""A company's shelf and books as its future goes on, a season at a time."""

	def __init__(self, company: SampleCompany, review_days: int) -> None:
		self.company, self.review_days = company, review_days
		self.day = 0
		#: days that deliveries take beyond what the item master says, shape (N,)
		self.late_days: npt.NDArray[np.integer] = np.zeros(len(company.items), np.int32)
		#: what orders cost that the item master does not know, from what is ordered, both of shape (N,)
		self.freight: Callable[[FloatArray], FloatArray] | None = None
		#: packs and minimum orders that the buyer's answers taught; None for none
		self.constraints: LearnedConstraints | None = None
		#: every line that was proposed or ordered so far
		self.answers: list[_Answer] = []
		arrivals = company.arrivals
		self._inventory = Inventory(company.items, longest_lead_time=max(365, len(arrivals)))
		self._inventory.reset(np.arange(len(company.items)), company.on_hand, arrivals)
		self._demand = np.concatenate([company.history.demand, company.future.demand])

	@property
	def known(self) -> DemandHistory:
		"""The demand until yesterday."""
		history = self.company.history
		return DemandHistory(history.keys, history.start, self._demand[: history.days + self.day])

	def buy(
		self,
		policy: ResidualNetwork,
		buyer: Decides,
		days: int,
		rng: np.random.Generator,
		*,
		heeds_announcements: bool = False,
		teaches: Teaches | None = None,
	) -> Season:
		"""A season of `days`, one round of proposals per review.

		`heeds_announcements` is whether the buyer's orders for demand to come are set aside for it. `teaches`
		makes lessons of all answers so far, which the proposals follow; a buyer who has a quantity in mind,
		rather than a change to whatever is proposed, then keeps what is close to it.
		"""
		items = self.company.items
		first: list[Proposal] = []
		has_an_idea = getattr(buyer, "has_an_idea", False)
		before, cost = len(self.answers), 0.0
		for _day in range(days):
			today = self.known.end
			self._inventory.receive()
			if is_review_day(today, self.review_days):
				state = self._state()
				if heeds_announcements:
					state = replace(state, set_aside=self._set_aside())
				lessons = teaches(self, rows_of(self.answers)) if teaches and self.answers else None
				if self.constraints is not None:
					state = replace(state, items=self.constraints.applied_to(items))
				proposals = propose(policy, state, lessons=lessons)
				first = first or [proposal for proposal in proposals if proposal.proposed_qty]
				proposed: FloatArray = np.array([each.proposed_qty for each in proposals], np.float32)
				asked = np.array([each.policy_qty for each in proposals], np.float32)
				decision = buyer.decide(
					items,
					asked if has_an_idea else proposed,
					review_days=self.review_days,
					today=today,
					daily_demand=state.demand.level_91,
					rng=rng,
				)
				if has_an_idea:
					decision = _kept_where_close(proposed, decision, items)
				self._note(state, proposed, asked, decision)
				lead_times = sample_lead_times(items, 1, rng)[0] + self.late_days
				placed = self._inventory.place_orders(decision.ordered_qty, lead_times) > 0
				cost += float(items.order_cost[placed].sum())
				if self.freight is not None:
					cost += float(self.freight(decision.ordered_qty).sum())
			result = self._inventory.serve(self.company.future.demand[self.day])
			cost += float((result.holding_cost + result.stockout_cost + result.waste_cost).sum())
			self.day += 1
		return Season(first, rows_of(self.answers[before:]), cost)

	def _state(self) -> State:
		known = self.known
		recent = known.window(max(known.days - LOOKBACK_DAYS, 0), known.days)
		latest = impute(recent, self.company.items)
		state = State.from_history(
			self.company.items,
			latest.history.demand,
			today=known.end,
			review_days=self.review_days,
			on_hand=self._inventory.on_hand.copy(),
			arrivals=self._inventory.arrivals(),
		)
		return replace(state, borrowed=latest.borrowed)

	def _set_aside(self) -> FloatArray:
		items, known = self.company.items, self.known
		rows = rows_of(self.answers)
		rows = rows.take(np.flatnonzero(announces(rows)))
		position = {key: at for at, key in enumerate(items.keys)}
		index = np.array([position[key] for key in rows.keys], dtype=np.intp)
		return set_aside(items, known, rows, index)

	def _note(self, state: State, proposed: FloatArray, asked: FloatArray, decision: BuyerDecision) -> None:
		on_order = state.available + state.arrivals.sum(axis=0) - state.on_hand
		self.answers += [
			_Answer(
				key=state.items.keys[i],
				proposed_qty=float(proposed[i]),
				ordered_qty=float(decision.ordered_qty[i]),
				date=self.known.end,
				on_hand=float(state.on_hand[i]),
				on_order=float(on_order[i]),
				reason=decision.reasons[i],
				policy_qty=float(asked[i]),
			)
			for i in np.flatnonzero((proposed > 0) | (decision.ordered_qty > 0))
		]


class _Answer(NamedTuple):
	key: ItemKey
	proposed_qty: float
	ordered_qty: float
	date: np.datetime64
	on_hand: float
	on_order: float
	reason: str
	policy_qty: float


#: makes lessons of a shop's answers so far
Teaches: TypeAlias = Callable[["Shop", FeedbackRows], Lessons]
#: a buyer with a quantity in mind keeps what is as close to it, as a share of it, or within a pack
_CLOSE = np.float32(0.05)


def _kept_where_close(proposed: FloatArray, decision: BuyerDecision, items: ItemTable) -> BuyerDecision:
	"""The decision of a buyer with quantities in mind on what was proposed."""
	wanted = np.where(np.isnan(decision.ordered_qty), proposed, decision.ordered_qty)
	near = np.abs(wanted - proposed) <= np.maximum(_CLOSE * wanted, np.float32(0.5) * items.order_unit)
	kept = near & (proposed > 0)
	reasons = tuple("" if same else reason for same, reason in zip(kept, decision.reasons, strict=True))
	return BuyerDecision(np.where(kept, proposed, wanted).astype(np.float32), reasons)


def rows_of(answers: Sequence[_Answer]) -> FeedbackRows:
	"""Answers as a FEEDBACK file has them."""

	def column(name: str) -> npt.NDArray[np.float64]:
		return np.array([getattr(answer, name) for answer in answers], dtype=np.float64)

	return FeedbackRows(
		keys=tuple(answer.key for answer in answers),
		proposed_qty=column("proposed_qty"),
		ordered_qty=column("ordered_qty"),
		date=np.array([answer.date for answer in answers], dtype="datetime64[D]"),
		on_hand=column("on_hand"),
		on_order=column("on_order"),
		reason=tuple(answer.reason for answer in answers),
		policy_qty=column("policy_qty"),
	)


def buy_for_a_season(
	policy: ResidualNetwork,
	company: SampleCompany,
	buyer: Decides,
	review_days: int,
	rng: np.random.Generator,
) -> Season:
	"""Play through the company's whole future, one round of proposals per review."""
	return Shop(company, review_days).buy(policy, buyer, company.future.days, rng)
