"""Small networks as plain arrays, served by numpy: a normaliser of their inputs, and a perceptron."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.items import FloatArray

#: normalised observations are cut here
OBSERVATION_BOUND = np.float32(5.0)
#: multiply-adds of a matrix product that OpenBLAS still does on the calling thread
_ONE_THREAD = 2**18
#: columns are ratios or logarithms of about 1; one that moves less than this hardly moves
_LEAST_DEVIATION, SILENT = 0.05, np.float32(1e9)


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
			np.where(deviation > _LEAST_DEVIATION, deviation, SILENT).astype(np.float32),
		)

	def without(self, columns: npt.NDArray[np.intp]) -> Normaliser:
		"""As this one, with `columns` silenced too."""
		deviation = self.deviation.copy()
		deviation[columns] = SILENT
		return Normaliser(self.mean, deviation)

	@property
	def heard(self) -> npt.NDArray[np.bool_]:
		"""The columns that are not silenced, shape (F,)."""
		return self.deviation < SILENT

	def __call__(self, observations: FloatArray) -> FloatArray:
		scaled = (observations - self.mean) / self.deviation
		return np.clip(scaled, -OBSERVATION_BOUND, OBSERVATION_BOUND, out=scaled)


@dataclass(frozen=True, eq=False)
class Network:
	"""A perceptron with tanh between its layers: pairs of a weight (out, in) and a bias (out,).

	With `direct`, shape (out, in), inputs also go straight to the outputs: what is nearly linear is then
	linear, also beyond what was seen in training.
	"""

	layers: Sequence[tuple[FloatArray, FloatArray]]
	direct: FloatArray | None = None

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
		outputs = _product(hidden, weight)
		outputs += bias
		if self.direct is not None:
			outputs += _product(inputs, self.direct)
		return outputs

	def mixed_with(self, other: Network, share: float) -> Network:
		"""The weighted mean of two networks of one shape without `direct`, `share` of it the other."""
		return Network(
			[
				(
					weight + (other_weight - weight) * np.float32(share),
					bias + (other_bias - bias) * np.float32(share),
				)
				for (weight, bias), (other_weight, other_bias) in zip(self.layers, other.layers, strict=True)
			]
		)

	def scaled(self, share: float) -> Network:
		"""The network whose answer is `share` of this one's; without `direct`."""
		weight, bias = self.layers[-1]
		return Network([*self.layers[:-1], (weight * np.float32(share), bias * np.float32(share))])


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
