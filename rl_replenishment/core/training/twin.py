"""The simulation once more, in torch, so that cost can be differentiated by the policy's weights.

Follows `core.simulation.dynamics` and `residual_network.Situation` step by step; the tests hold the two
together. What differs is only what gradients need:

* Rounding to packs and minimum orders passes gradients as if it were not there (straight-through). Taken at
  what was rounded up, they are those of the last unit ordered, so a wish would settle where it is only just
  rounded up to one unit too many. Raised by a random part of a unit first, it settles below that edge.
* Whether to order at all is a jump, which no derivative of the cost can see. In training the decision is
  drawn with a probability that rises as the position falls below the reorder point, and its log probability
  is kept: with it the trainer adds the likelihood-ratio gradient (Glynn 1990) of the decision to the pathwise
  gradient of the quantity.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rl_replenishment.core.policies.base import protection_days
from rl_replenishment.core.policies.limits import Prospect, limits, sensible_quantity
from rl_replenishment.core.policies.network import OBSERVATION_BOUND, Normaliser
from rl_replenishment.core.policies.observation import ARRIVAL_PARTS, FIXED_SIZE, LARGEST_OBSERVATION
from rl_replenishment.core.policies.residual_network import REACH
from rl_replenishment.core.training.devices import CPU, here, there
from rl_replenishment.core.training.panel import Panel, Window

_Days = npt.NDArray[np.integer]


@dataclass(frozen=True, eq=False)
class Rollout:
	"""What K reviews of C columns cost, and how likely their decisions were; all of shape (K, C)."""

	#: in the panel's cost scale
	cost: Tensor
	#: logarithm of the probability of each decision to order or not; 0 where there was none to take
	log_probability: Tensor
	#: quantity ordered, in stock UOM
	ordered: Tensor
	#: the actions, shape (K, C, 3), and the observations, shape (K, C, F), that they answered
	action: Tensor
	observation: Tensor


class _Levels(NamedTuple):
	"""The rule's numbers at a review, tensors of shape (C,)."""

	reorder_point: Tensor
	order_up_to: Tensor
	cap: Tensor
	#: demand per day: the rule's forecast, and the usual one
	forecast: Tensor
	usual: Tensor
	#: 1 where the item was given up
	given_up: Tensor
	unit: Tensor
	scale: Tensor


class Twin:
	"""Replays windows of one panel; `copies` of each column differ in their decisions only."""

	def __init__(
		self,
		panel: Panel,
		normaliser: Normaliser,
		*,
		copies: int = 1,
		device: torch.device = CPU,
	) -> None:
		self.panel = panel
		self.copies = copies
		self.device = device
		self._index = np.tile(np.arange(len(panel)), copies)
		self._items = items = panel.items.take(self._index)
		parts = np.arange(ARRIVAL_PARTS + 1)[:, None]
		self._boundaries = -(-parts * items.whole_lead_time_days // ARRIVAL_PARTS)
		self._lead_time = items.whole_lead_time_days
		self._horizon = protection_days(items, panel.review_days)
		self._fixed = self._there(normaliser(panel.observation)[:, :, :FIXED_SIZE])
		self._heard = self._there(normaliser.heard[:FIXED_SIZE].astype(np.float32))
		self._stock_mean = self._there(normaliser.mean[FIXED_SIZE:])
		self._stock_deviation = self._there(normaliser.deviation[FIXED_SIZE:])
		self._holding = self._there(items.holding_cost)
		self._stockout = self._there(items.stockout_cost)
		self._order_cost = self._there(items.order_cost)
		self._pack = self._there(items.order_multiple)
		self._unit_cost = self._there(items.unit_cost)
		self._cost_scale = self._there(panel.cost_scale[self._index])

	def _there(self, values: npt.NDArray[Any]) -> Tensor:
		return there(values, self.device)

	def roll(
		self,
		network: torch.nn.Module,
		window: Window,
		*,
		softness: float = 0.0,
		detached: int = 0,
		noise: float = 0.0,
		rounding: float = 0.0,
		generator: torch.Generator | None = None,
	) -> Rollout:
		"""Replay a window.

		`softness` is the width of the decision to order, in units of action; 0 decides as the served policy
		does. The last `detached` orders are placed, but not learned from: their consequences lie beyond the
		end. `noise` is the standard deviation of what is added to all that no order can change, so that
		single weeks are not learned by heart. `rounding` raises wishes at random by up to this part of a
		pack before they are rounded up.
		"""
		reviews, stock = len(window.lead_times), _Stock(self, window)
		done = []
		for k in range(reviews):
			row = np.minimum(window.first[self._index] + k, len(self.panel.days) - 1)
			stock.receive(0)
			levels = self._levels(row)
			fixed = self._fixed[row, self._index]
			if noise:
				fixed = fixed + noise * self._heard * torch.randn(
					fixed.shape, generator=generator, device=self.device
				)
			observation = self._observe(fixed, levels, stock)
			is_learned = k < reviews - detached
			with torch.set_grad_enabled(is_learned and torch.is_grad_enabled()):
				action = network(observation)
				quantity, chance = self._order(
					action,
					levels,
					stock,
					softness if is_learned else 0.0,
					rounding if is_learned else 0.0,
					generator,
				)
			stock.place(quantity)
			cost = (quantity.detach() > 0) * self._order_cost
			passed = np.arange(self.panel.review_days)[:, None]
			day = np.minimum(self.panel.days[row] + passed, len(self.panel.demand) - 1)
			cost = cost + self._serve(stock, self._there(self.panel.demand[day, self._index]))
			stock.pass_review()
			done.append((cost / self._cost_scale, chance, quantity.detach(), action, observation))
		return Rollout(*(torch.stack(each) for each in zip(*done, strict=True)))

	def _levels(self, row: npt.NDArray[np.intp]) -> _Levels:
		panel = self.panel
		levels = panel.levels
		columns = (
			levels.reorder_point,
			levels.order_up_to,
			levels.cap,
			levels.rate,
			panel.usual_rate,
			panel.given_up,
			panel.unit,
			panel.scale,
		)
		return _Levels(*(self._there(values[row, self._index]) for values in columns))

	def _observe(self, fixed: Tensor, levels: _Levels, stock: _Stock) -> Tensor:
		there = torch.stack([stock.net, stock.within(self._horizon)])
		moving = torch.cat([there, stock.arrivals(self._boundaries)])
		seen = (moving / levels.scale).T.clamp(-LARGEST_OBSERVATION, LARGEST_OBSERVATION)
		bound = float(OBSERVATION_BOUND)
		normal = ((seen - self._stock_mean) / self._stock_deviation).clamp(-bound, bound)
		return torch.cat([fixed, normal], dim=1)

	def _order(
		self,
		action: Tensor,
		levels: _Levels,
		stock: _Stock,
		softness: float,
		rounding: float,
		generator: torch.Generator | None,
	) -> tuple[Tensor, Tensor]:
		"""The orders and the log probabilities of having placed one or not, each of shape (C,)."""
		shift, level, most = (float(REACH) * levels.unit * Bounded.apply(action).T).unbind(0)
		always = levels.order_up_to <= levels.reorder_point
		order_up_to = levels.order_up_to + level
		reorder_point = torch.minimum(levels.reorder_point + level + shift, order_up_to)
		moved = levels._replace(
			reorder_point=torch.where(always, order_up_to, reorder_point),
			order_up_to=order_up_to,
			cap=(levels.cap + most).clamp(min=0),
		)
		position, missing = self._needed(moved, stock)
		chance = torch.zeros_like(position)
		may_order = position <= moved.reorder_point
		if softness > 0 and not bool(always.all()):
			wish = (moved.reorder_point - position) / (softness * levels.unit)
			places = torch.rand(len(wish), generator=generator, device=self.device) < torch.sigmoid(
				wish.detach()
			)
			drawn = torch.nn.functional.logsigmoid(torch.where(places, wish, -wish))
			chance = torch.where(always, chance, drawn)
			may_order = torch.where(always, may_order, places)
		wished = torch.where(may_order, missing, 0.0)
		known = limits(
			self._items, self._prospect(levels, stock), self.panel.review_days, self.panel.unmet_demand
		)
		raised = wished.detach()
		if rounding:
			part = rounding * torch.rand(len(raised), generator=generator, device=self.device)
			raised = torch.where(raised > 0, raised + part * self._pack, raised)
		placed = self._there(sensible_quantity(self._items, here(raised), known))
		return wished + (placed - wished).detach(), chance

	def _needed(self, levels: _Levels, stock: _Stock) -> tuple[Tensor, Tensor]:
		"""The position, and what is missing to the order-up-to level up to the cap, as in `needed`."""
		s, S, rate = levels.reorder_point, levels.order_up_to, levels.forecast
		within = stock.within(self._horizon)
		if not stock.any_after(self._lead_time):
			return within, torch.minimum((S - within).clamp(min=0), levels.cap)
		days = self._there(self._horizon)
		lasts = days + (S - s).clamp(min=0) / rate.clamp(min=1e-9)
		fill = torch.maximum(S - torch.maximum(within, stock.within(here(lasts))), s - within)
		spared = (s - rate * days).clamp(max=0)
		lost = self.panel.unmet_demand == "lost"
		before_next, before_later = (
			stock.missing_before(rate, spared, self._lead_time, until, lost=lost)
			for until in (self._horizon, here(lasts))
		)
		low = torch.minimum(within, torch.minimum(s, rate * days) - before_next)
		missing = torch.maximum(fill, before_later).clamp(min=0)
		return torch.where(before_next > 0, low, within), torch.minimum(missing, levels.cap)

	def _prospect(self, levels: _Levels, stock: _Stock) -> Prospect:
		"""As `limits.prospect`."""
		rate = here(torch.maximum(levels.forecast, levels.usual) * (1 - levels.given_up))
		owed = np.maximum(-here(stock.within(self._horizon)), 0)
		window, lead = self._items.shelf_life_days, self._lead_time
		ends = np.isfinite(window)
		if not ends.any():
			return Prospect(rate, owed, window)
		by_arrival, by_end = (here(stock.within(days)) for days in (lead + 1, lead + window))
		left = np.maximum(by_arrival - rate * lead, 0)
		asked = rate * np.where(ends, window, 0) - np.maximum(by_end - by_arrival, 0)
		return Prospect(rate, owed, np.where(ends, np.maximum(asked - left, 0), np.inf).astype(np.float32))

	def _serve(self, stock: _Stock, demand: Tensor) -> Tensor:
		"""Meet the days of a review interval, demand of shape (R, C); returns their cost, shape (C,)."""
		if stock.perishes:
			cost = torch.zeros_like(stock.net)
			for passed, asked in enumerate(demand):
				stock.receive(passed)
				cost = cost + self._serve_a_day(stock, asked)
			return cost
		# what is on the shelf is what came in less what was asked for, raised by what could not be sold so
		# far: a reflected path (Harrison 1985), so that the days need no loop
		left = stock.net + stock.receive_all(len(demand)) - demand.cumsum(dim=0)
		if self.panel.unmet_demand == "lost":
			lost = (-left).clamp(min=0).cummax(dim=0).values
			left, missed = left + lost, lost[-1]
			held = left.clamp(min=0).sum(dim=0)
		else:
			missed, held = (_above_zero(each).sum(dim=0) for each in (-left, left))
		stock.net = left[-1]
		return missed * self._stockout + held * self._holding

	def _serve_a_day(self, stock: _Stock, demand: Tensor) -> Tensor:
		"""Meet a day's demand; returns the day's cost, shape (C,)."""
		if self.panel.unmet_demand == "lost":
			issued = torch.minimum(demand, stock.net)
			stock.net = stock.net - issued
			waiting = demand - issued
		else:
			issued = demand
			stock.net = stock.net - issued
			waiting = (-stock.net).clamp(min=0)
		expired = stock.end_day(issued)
		stock.net = stock.net - expired
		return waiting * self._stockout + expired * self._unit_cost + stock.net.clamp(min=0) * self._holding


def _above_zero(quantity: Tensor) -> Tensor:
	"""`quantity` where it is above 0, else 0; at 0, where whole units often end, with half of the gradient.

	A unit more is then held, a unit less is missing: the mean of both is what a step of one unit changes.
	"""
	return (quantity + quantity.abs()) / 2


class _Stock:
	"""Stock and pipeline of a replay; tensors of shape (C,)."""

	def __init__(self, twin: Twin, window: Window) -> None:
		index, review = twin._index, twin.panel.review_days
		lead_times = window.lead_times[:, index]
		self._review, self._there = review, twin._there
		#: day of the replay on which the order of each review arrives, shape (K, C)
		self._due = lead_times + review * np.arange(len(lead_times))[:, None]
		self._memory = int(lead_times.max(initial=0)) // review + 1
		self._orders: list[Tensor] = []
		#: how many orders there were when they were last put together
		self._stacked: tuple[int, Tensor | None] | None = None
		self._today = 0
		self.net = self._there(window.on_hand[index])
		self.on_order = torch.zeros(len(index), device=twin.device)
		life = twin._items.shelf_life_days
		self._shelf = _Shelf(life, self.net) if np.isfinite(life).any() else None

	def within(self, days: npt.NDArray[np.number]) -> Tensor:
		"""On hand plus what arrives in fewer than `days`, shape (C,)."""
		recent, due = self._recent()
		late = due >= days
		if recent is None or not late.any():
			return self.net + self.on_order
		return self.net + self.on_order - (recent * self._there(late.astype(np.float32))).sum(dim=0)

	def any_after(self, days: _Days) -> bool:
		"""Whether an open order arrives after `days`, shape (C,)."""
		return bool((self._recent()[1] > days).any())

	def missing_before(
		self, rate: Tensor, spared: Tensor, lead_time: _Days, until: npt.NDArray[np.number], *, lost: bool
	) -> Tensor:
		"""As `missing_before_arrivals`, shape (C,)."""
		recent, due = self._recent()
		most = torch.zeros_like(self.net)
		for quantity, day in zip(recent if recent is not None else (), due, strict=True):
			counts = (day > lead_time) & (day < until) & (here(quantity) > 0)
			if not counts.any():
				continue
			ahead = self._there(day.astype(np.float32))
			missing = rate * ahead + spared - self.within(day)
			if lost:
				missing = torch.minimum(missing, rate * ahead - rate * self._there(lead_time))
			most = torch.maximum(most, torch.where(self._there(counts), missing, 0.0))
		return most

	def place(self, quantity: Tensor) -> None:
		self._orders.append(quantity)
		self.on_order = self.on_order + quantity

	@property
	def perishes(self) -> bool:
		"""Whether any of it keeps for a time only."""
		return self._shelf is not None

	def receive(self, passed: int) -> None:
		"""Take in what is due `passed` days after the review; what an order of today brings today, too."""
		received = self._received(passed)
		if received is None:
			return
		self.net = self.net + received
		if self._shelf is not None:
			self._shelf.receive(received)

	def receive_all(self, days: int) -> Tensor:
		"""What came in by each of the days after the review, shape (days, C); `net` is left to the caller."""
		total = torch.zeros_like(self.net)
		by_day = []
		for passed in range(days):
			received = self._received(passed)
			if received is not None:
				total = total + received
			by_day.append(total)
		return torch.stack(by_day)

	def _received(self, passed: int) -> Tensor | None:
		"""What is due and has not come in yet, shape (C,); None where nothing is."""
		recent, due = self._recent()
		now = due == passed
		if recent is None or not now.any():
			return None
		received = (recent * self._there(now.astype(np.float32))).sum(dim=0)
		self.on_order = self.on_order - received
		# nothing arrives twice
		first = max(len(self._orders) - self._memory, 0)
		self._due[first : len(self._orders)][now] = -1
		return received

	def _recent(self) -> tuple[Tensor | None, _Days]:
		"""Orders that may be on their way, shape (R, C), and the days from now until each is due."""
		first = max(len(self._orders) - self._memory, 0)
		due = self._due[first : len(self._orders)] - self._today
		if self._stacked is None or self._stacked[0] != len(self._orders):
			self._stacked = (len(self._orders), torch.stack(self._orders[first:]) if len(due) else None)
		return self._stacked[1], due

	def arrivals(self, boundaries: _Days) -> Tensor:
		"""What is on order by part of the lead time, shape (ARRIVAL_PARTS, C); all later in the last part."""
		recent, due = self._recent()
		arrivals = torch.zeros(ARRIVAL_PARTS, len(self.net), device=self.net.device)
		if recent is None:
			return arrivals
		part = (due[None] >= boundaries[1:-1, None]).sum(axis=0)
		awaited = recent * self._there((due > 0).astype(np.float32))
		return arrivals.scatter_add(0, self._there(part.astype(np.int64)), awaited)

	def end_day(self, issued: Tensor) -> Tensor:
		"""What is too old at the end of a day, shape (C,)."""
		if self._shelf is None:
			return torch.zeros_like(issued)
		return self._shelf.end_day(issued, self.net.clamp(min=0))

	def pass_review(self) -> None:
		self._today += self._review


class _Shelf:
	"""Ages of the stock, first in first out, as in `dynamics`: received by a day less what is gone."""

	def __init__(self, life: npt.NDArray[np.floating], stock: Tensor) -> None:
		keeps = ~np.isfinite(life)
		self._perishes = there(~keeps, stock.device)
		self._life = np.where(keeps, 1, np.maximum(np.rint(np.where(keeps, 1, life)), 1)).astype(np.int64)
		self._longest = int(self._life.max())
		self._total = stock
		#: received by the end of each day
		self._received: list[Tensor] = []
		self._gone = torch.zeros_like(stock)

	def receive(self, quantity: Tensor) -> None:
		self._total = self._total + quantity

	def end_day(self, issued: Tensor, on_hand: Tensor) -> Tensor:
		self._received.append(self._total)
		self._gone = self._gone + issued
		first = max(len(self._received) - self._longest, 0)
		oldest = len(self._received) - self._life
		kept = torch.stack(self._received[first:])
		due = kept.gather(0, there(np.maximum(oldest - first, 0), on_hand.device)[None]).squeeze(0)
		due = torch.where(there(oldest >= 0, on_hand.device), due, 0.0)
		expired = torch.minimum((due - self._gone).clamp(min=0), on_hand)
		expired = torch.where(self._perishes, expired, 0.0)
		self._gone = self._gone + expired
		return expired


class Bounded(torch.autograd.Function):
	"""Cuts to -1..1; a gradient that would lead further out is dropped, one that leads back in passes."""

	@staticmethod
	def forward(ctx: torch.autograd.function.FunctionCtx, value: Tensor) -> Tensor:  # type: ignore[override]
		ctx.save_for_backward(value)
		return value.clamp(-1, 1)

	@staticmethod
	def backward(ctx: torch.autograd.function.FunctionCtx, gradient: Tensor) -> Tensor:  # type: ignore[override]
		(value,) = ctx.saved_tensors  # type: ignore[attr-defined]
		outward = ((value > 1) & (gradient < 0)) | ((value < -1) & (gradient > 0))
		return torch.where(outward, 0.0, gradient)
