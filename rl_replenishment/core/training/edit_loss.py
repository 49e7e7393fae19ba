"""How far a network's orders are from what the buyer made of past proposals, as a loss in torch."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from rl_replenishment.core.environments.feedback import FeedbackSituations
from rl_replenishment.core.feedback import LARGEST_PENALTY
from rl_replenishment.core.policies.needed import needed
from rl_replenishment.core.policies.network import Normaliser
from rl_replenishment.core.policies.residual_network import REACH
from rl_replenishment.core.training.devices import CPU, there
from rl_replenishment.core.training.twin import Bounded


class EditLoss:
	"""The distance to the buyer's quantities, see `FeedbackSituations.distance`.

	The gradient leads to the buyer's quantity by way of the quantity where an order is placed, and by way of
	the reorder point where none is placed and should be, or one is placed and should not be.
	"""

	def __init__(
		self, situations: FeedbackSituations, normaliser: Normaliser, device: torch.device = CPU
	) -> None:
		situation = situations.situation
		state, levels = situation.state, situation.levels
		position, missing = needed(state, levels)
		self._observation = there(normaliser(situation.observation), device)
		#: what is missing to the order-up-to level; below 0 where there is more
		below = np.where(missing > 0, missing, np.minimum(levels.order_up_to - position, 0))
		self._missing = there(below.astype(np.float32), device)
		self._cap = there(levels.cap.astype(np.float32), device)
		#: how far the position is above the reorder point
		self._above = there((position - levels.reorder_point).astype(np.float32), device)
		self._always = there(levels.order_up_to <= levels.reorder_point, device)
		self._unit = there(situation.unit, device)
		self._ordered = there(situations.ordered, device)
		self._scale = there(np.maximum(situations.scale, np.float32(1e-9)), device)
		self._share = there(situations.shares, device)

	def quantity(self, network: torch.nn.Module) -> Tensor:
		"""What the network orders where it orders, before rounding, shape (M,)."""
		return self._wish(network)[1]

	def _wish(self, network: torch.nn.Module) -> tuple[Tensor, Tensor]:
		"""Shift of the reorder point, and quantity, each of shape (M,)."""
		action = Bounded.apply(network(self._observation))
		shift, level, most = (float(REACH) * self._unit * action.T).unbind(0)
		missing, cap = (self._missing + level).clamp(min=0), (self._cap + most).clamp(min=0)
		return shift + level, torch.minimum(missing, cap)

	def __call__(self, network: torch.nn.Module) -> Tensor:
		"""The mean distance, a tensor of one number."""
		shift, quantity = self._wish(network)
		# above 0 where nothing is ordered: how far the reorder point is from an order
		too_high = torch.where(self._always, torch.full_like(shift, -torch.inf), self._above - shift)
		places = too_high <= 0
		missed = (quantity - self._ordered).abs()
		# nothing is wished for: less on the order, or a lower reorder point, whichever is nearer
		turned_down = torch.minimum(quantity, torch.where(self._always, quantity, -too_high))
		away = torch.where(
			self._ordered > 0,
			torch.where(places, missed, missed + too_high.clamp(min=0)),
			torch.where(places, turned_down, 0.0),
		)
		return (self._share * (away / self._scale).clamp(max=LARGEST_PENALTY)).sum()
