"""The learned policy: the classical quantity, corrected by a small network, served by numpy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.items import FloatArray, ItemTable
from rl_replenishment.core.policies.base import State
from rl_replenishment.core.policies.limits import sensible_order
from rl_replenishment.core.policies.observation import Observer, residual_unit
from rl_replenishment.core.policies.order_up_to import Levels, OrderUpTo, needed

#: a correction reaches this many residual units up and down
REACH = np.float32(2.0)
#: numbers in an action: the shift of the reorder point and that of the quantity
ACTION_SIZE = 2
#: normalised observations are cut here
OBSERVATION_BOUND = np.float32(5.0)
#: multiply-adds of a matrix product that OpenBLAS still does on the calling thread
_ONE_THREAD = 2**18
#: columns are ratios or logarithms of about 1; one that moves less than this hardly moves
_LEAST_DEVIATION, _SILENT = 0.05, 1e9


@dataclass(frozen=True, eq=False)
class Normaliser:
	"""Mean and standard deviation of each observation column, shape (F,), measured once before training."""

	mean: FloatArray
	deviation: FloatArray

	@classmethod
	def of(cls, observations: FloatArray) -> Normaliser:
		"""Measure a sample of shape (M, F).

		A column that hardly moved is silenced: nothing can be learned of it now, and if it moved later, the
		network would answer at random.
		"""
		deviation = observations.std(axis=0)
		return cls(
			observations.mean(axis=0).astype(np.float32),
			np.where(deviation > _LEAST_DEVIATION, deviation, _SILENT).astype(np.float32),
		)

	def __call__(self, observations: FloatArray) -> FloatArray:
		scaled = (observations - self.mean) / self.deviation
		return np.clip(scaled, -OBSERVATION_BOUND, OBSERVATION_BOUND, out=scaled)


@dataclass(frozen=True, eq=False)
class Network:
	"""A perceptron with tanh between its layers: pairs of a weight (out, in) and a bias (out,)."""

	layers: Sequence[tuple[FloatArray, FloatArray]]

	@property
	def hidden(self) -> tuple[int, ...]:
		"""Sizes of the hidden layers."""
		return tuple(len(bias) for _weight, bias in self.layers[:-1])

	def __call__(self, inputs: FloatArray) -> FloatArray:
		"""Map inputs of shape (N, in) to outputs of shape (N, out)."""
		hidden = inputs
		for weight, bias in self.layers[:-1]:
			hidden = _product(hidden, weight)
			hidden += bias
			np.tanh(hidden, out=hidden)
		weight, bias = self.layers[-1]
		return _product(hidden, weight) + bias

	def mixed_with(self, other: Network, share: float) -> Network:
		"""The weighted mean of two networks of one shape, `share` of it the other."""
		return Network(
			[
				(
					weight + (other_weight - weight) * np.float32(share),
					bias + (other_bias - bias) * np.float32(share),
				)
				for (weight, bias), (other_weight, other_bias) in zip(self.layers, other.layers, strict=True)
			]
		)


@dataclass(frozen=True, eq=False)
class Decision:
	"""An order and how it came about, arrays of shape (N,), in stock UOM."""

	#: what the classical rule wished
	classical: FloatArray
	#: what the network added (or took off)
	correction: FloatArray
	#: as suppliers accept it
	quantity: FloatArray
	levels: Levels


@dataclass(eq=False)
class ResidualNetwork:
	"""Classical quantity plus a bounded correction by a network that all items share."""

	name: str
	classical: OrderUpTo
	normaliser: Normaliser
	network: Network
	_observer: Observer | None = field(default=None, init=False, repr=False)

	def decide(self, state: State) -> Decision:
		"""The order for every item, with its parts."""
		situation = self.situation(state)
		return situation.decide(self.actions(situation))

	def actions(self, situation: Situation) -> FloatArray:
		"""The network's answer in [-1, 1], shape (N, 2)."""
		return np.clip(self.network(self.normaliser(situation.observation)), -1, 1)

	def order_quantities(self, state: State) -> FloatArray:
		return self.decide(state).quantity

	def situation(self, state: State) -> Situation:
		"""What the network sees and acts on."""
		self._observer = observer_for(state.items, state.review_days, self._observer)
		return observe(state, self.classical, self._observer)


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
			levels=Levels(*(level[rows] for level in self.levels)),
			classical=self.classical[rows],
			unit=self.unit[rows],
			observation=self.observation[rows],
		)

	def decide(self, action: FloatArray) -> Decision:
		"""The orders that actions in [-1, 1], shape (N, 2), mean here.

		The first number moves the reorder point, the second the quantity, each by up to `REACH` units. Where
		the rule has no reorder point of its own (base-stock), only the quantity counts.
		"""
		shift, extra = (REACH * self.unit * action.astype(np.float32).T).astype(np.float32)
		levels = self.levels
		position, missing = needed(self.state, levels)
		missing = np.minimum(missing, levels.cap)
		may_order = (levels.order_up_to <= levels.reorder_point) | (position <= levels.reorder_point + shift)
		wished = np.where(may_order, np.maximum(missing + extra, 0), np.float32(0))
		return Decision(
			classical=self.classical,
			correction=wished - self.classical,
			quantity=sensible_order(self.state, wished, levels.rate),
			levels=levels,
		)


def _product(inputs: FloatArray, weight: FloatArray) -> FloatArray:
	"""Inputs (N, in) times the transpose of a weight (out, in), in blocks of rows.

	In one go, numpy's BLAS spreads it over threads, which wait for each other longer than they work: ten
	times slower on two cores. Blocks cost nothing beside it on one thread.
	"""
	size = _ONE_THREAD // weight.size
	if size < 2:
		return inputs @ weight.T
	whole = len(inputs) // size * size
	product = np.empty((len(inputs), len(weight)), dtype=np.float32)
	np.matmul(
		inputs[:whole].reshape(-1, size, inputs.shape[1]),
		weight.T,
		out=product[:whole].reshape(-1, size, len(weight)),
	)
	np.matmul(inputs[whole:], weight.T, out=product[whole:])
	return product


def observe(state: State, classical: OrderUpTo, observer: Observer) -> Situation:
	"""Ask the classical rule and build the observation around its answer."""
	levels = classical.rule.levels(state)
	wished = classical.wished_quantities(state, levels)
	return Situation(
		state=state,
		levels=levels,
		classical=wished,
		unit=residual_unit(state, levels),
		observation=observer.observe(state, levels, wished),
	)


def observer_for(items: ItemTable, review_days: int, last: Observer | None) -> Observer:
	"""The last observer where it still fits, else a new one."""
	if last is not None and last.items is items and last.review_days == review_days:
		return last
	return Observer(items, review_days)
