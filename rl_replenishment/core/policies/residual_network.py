"""The learned policy: the levels of a rule, moved by a small network of all items, served by numpy."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.items import FloatArray
from rl_replenishment.core.policies.base import State
from rl_replenishment.core.policies.levels import Levels
from rl_replenishment.core.policies.limits import sensible_order
from rl_replenishment.core.policies.needed import needed
from rl_replenishment.core.policies.network import Network, Normaliser
from rl_replenishment.core.policies.observation import Observer, observer_for, residual_unit
from rl_replenishment.core.policies.order_up_to import OrderUpTo
from rl_replenishment.core.policies.service import ServiceShift

#: a level moves by up to this many residual units, up and down
REACH = np.float32(2.0)
#: numbers in an action: the shifts of the reorder point (against the level), the level and the largest order
ACTION_SIZE = 3


@dataclass(frozen=True, eq=False)
class Decision:
	"""An order and how it came about, arrays of shape (N,), in stock UOM."""

	#: what the classical rule wished
	classical: FloatArray
	#: what the moved levels add (or take off)
	correction: FloatArray
	#: as suppliers accept it
	quantity: FloatArray
	#: of the classical rule
	levels: Levels
	#: as the network moved them
	learned: Levels
	#: of the quantity, what the buyer's lessons add (or take off); None where none are followed
	followed: FloatArray | None = None


@dataclass(eq=False)
class ResidualNetwork:
	"""The levels of a rule, moved within bounds by a network that all items share.

	The network sees stock and open orders in its last columns. They may only lower the largest order, and
	they move neither the reorder point nor the order-up-to level (see `constraints`). So with more stock
	never more is ordered, and at or above the order-up-to level nothing.
	"""

	name: str
	classical: OrderUpTo
	normaliser: Normaliser
	network: Network
	#: what its levels move by for service, at serving; None for nothing
	service: ServiceShift | None = None
	_observer: Observer | None = field(default=None, init=False, repr=False)

	def decide(self, state: State) -> Decision:
		"""The order for every item, with its parts."""
		situation = self.situation(state)
		return situation.decide(self.actions(situation))

	def actions(self, situation: Situation) -> FloatArray:
		"""The network's answer in [-1, 1], shape (N, ACTION_SIZE)."""
		return np.clip(self.network(self.normaliser(situation.observation)), -1, 1)

	def order_quantities(self, state: State) -> FloatArray:
		return self.decide(state).quantity

	def situation(self, state: State) -> Situation:
		"""What the network sees and acts on."""
		self._observer = observer_for(state.items, state.review_days, self._observer)
		return observe(state, self.classical, self._observer, self.service)


@dataclass(frozen=True, eq=False)
class Situation:
	"""A state as the network meets it: training, serving and explaining all pass through here."""

	state: State
	levels: Levels
	#: the classical rule's wish, shape (N,)
	classical: FloatArray
	#: units per unit of action, shape (N,)
	unit: FloatArray
	#: shape (N, F), not yet normalised
	observation: FloatArray

	def take(self, rows: npt.NDArray[np.intp]) -> Situation:
		"""The situations at `rows`, which may repeat."""
		return Situation(
			state=self.state.take(rows),
			levels=self.levels.take(rows),
			classical=self.classical[rows],
			unit=self.unit[rows],
			observation=self.observation[rows],
		)

	def decide(self, action: FloatArray) -> Decision:
		"""The orders that actions in [-1, 1], shape (N, ACTION_SIZE), mean here.

		The second number moves both levels, the first the reorder point against the other, the third the
		largest order, each by up to `REACH` units. Where the rule has no reorder point of its own
		(base-stock) or no largest order, there is none.
		"""
		shift = (REACH * self.unit * action.astype(np.float32).T).astype(np.float32)
		levels = self.levels
		always = levels.order_up_to <= levels.reorder_point
		order_up_to = levels.order_up_to + shift[1]
		reorder_point = np.minimum(levels.reorder_point + shift[1] + shift[0], order_up_to)
		learned = levels._replace(
			reorder_point=np.where(always, order_up_to, reorder_point),
			order_up_to=order_up_to,
			cap=np.maximum(levels.cap + shift[2], 0),
		)
		position, missing = needed(self.state, learned)
		wish = np.minimum(missing, learned.cap)
		wished = np.where(position <= learned.reorder_point, wish, np.float32(0))
		return Decision(
			classical=self.classical,
			correction=wished - self.classical,
			quantity=sensible_order(self.state, wished, levels.rate),
			levels=levels,
			learned=learned,
		)


def observe(
	state: State, classical: OrderUpTo, observer: Observer, service: ServiceShift | None = None
) -> Situation:
	"""Ask the classical rule and build the observation around its levels.

	The network sees the levels that it was trained on: what service moves them by comes on top of both.
	"""
	levels = classical.levels(state)
	served = levels if service is None else service.applied(state, levels)
	return Situation(
		state=state,
		levels=served,
		classical=classical.wished_quantities(state, served),
		unit=residual_unit(state, levels),
		observation=observer.observe(state, levels),
	)
