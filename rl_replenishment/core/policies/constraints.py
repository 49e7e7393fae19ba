"""What keeps a learned policy sane at any stock: signs of weights that hold whatever was learned.

In each hidden layer the second half of the units is *monotone*: they alone see stock and open orders, they
rise with them, and only the largest order hears of them, the lower the higher they are. The first half sees
demand, item and levels, and moves all levels. So no stock, however far from what training met, can raise an
order.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from rl_replenishment.core.items import FloatArray
from rl_replenishment.core.policies.network import Network
from rl_replenishment.core.policies.observation import FIXED_SIZE, OBSERVATION_SIZE
from rl_replenishment.core.policies.residual_network import ACTION_SIZE

_CAP = ACTION_SIZE - 1


def bounds(hidden: Sequence[int]) -> list[tuple[FloatArray, FloatArray]]:
	"""The least and the largest that each weight may be: two arrays of shape (out, in) per layer."""
	#: by layer of units, from the inputs on: which of them rise with stock
	rises = [
		np.arange(OBSERVATION_SIZE) >= FIXED_SIZE,
		*(np.arange(size) >= (size + 1) // 2 for size in hidden),
	]
	found = []
	for before, after in pairwise(rises):
		into = np.broadcast_to(before, (len(after), len(before)))
		low = np.where(into, np.float32(0), np.float32(-np.inf))
		high = np.where(into & ~after[:, None], np.float32(0), np.float32(np.inf))
		found.append((low, high))
	last = np.broadcast_to(rises[-1], (ACTION_SIZE, len(rises[-1])))
	is_cap = np.arange(ACTION_SIZE)[:, None] == _CAP
	low = np.where(last & ~is_cap, np.float32(0), np.float32(-np.inf))
	return [*found, (low, np.where(last, np.float32(0), np.float32(np.inf)))]


def holds(network: Network) -> bool:
	"""Whether a network keeps the signs."""
	return all(
		bool(((weight >= low) & (weight <= high)).all())
		for (weight, _), (low, high) in zip(network.layers, bounds(network.hidden), strict=True)
	)


def projected(network: Network) -> Network:
	"""The nearest network that keeps the signs."""
	return Network(
		[
			(np.clip(weight, low, high), bias)
			for (weight, bias), (low, high) in zip(network.layers, bounds(network.hidden), strict=True)
		]
	)
