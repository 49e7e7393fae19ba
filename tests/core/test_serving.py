"""Serving: numpy answers as torch does, and large sites in parts as in one go."""

from itertools import pairwise

import numpy as np
import pytest
from core_samples import (
	MONDAY,
	actions,
	codes,
	forecast_rule,
	ppo_model,
	random_network,
	residual_policy,
)

from rl_replenishment.core.items import ItemTable
from rl_replenishment.core.policies import serving
from rl_replenishment.core.policies.base import State
from rl_replenishment.core.policies.network import Network
from rl_replenishment.core.policies.observation import OBSERVATION_SIZE
from rl_replenishment.core.policies.serving import order_quantities_in_chunks


@pytest.mark.torch
@pytest.mark.parametrize("hidden", [(64, 64), (16,), (8, 4, 8)])
def test_numpy_answers_as_torch(hidden: tuple[int, ...]) -> None:
	"""The deterministic action of the trained policy, to 1e-5, within its bounds."""
	pytest.importorskip("stable_baselines3")
	from rl_replenishment.core.training.networks import numpy_network

	model = ppo_model(hidden, seed=1)
	inputs = np.random.default_rng(0).uniform(-5, 5, (500, OBSERVATION_SIZE)).astype(np.float32)
	expected, _ = model.predict(inputs, deterministic=True)
	found = np.clip(numpy_network(model)(inputs), -1, 1)
	assert found.shape == expected.shape
	np.testing.assert_allclose(found, expected, atol=1e-5)
	# not all at the bounds, where any network would agree
	assert (np.abs(expected) < 1).mean() > 0.1


@pytest.mark.torch
def test_numpy_weights_are_copies_and_go_back() -> None:
	"""What was taken out stays as it was while training goes on, and can be put into another model."""
	torch = pytest.importorskip("torch")
	pytest.importorskip("stable_baselines3")
	from rl_replenishment.core.training.networks import load_network, numpy_network

	model, other = ppo_model((8, 8), seed=1), ppo_model((8, 8), seed=2)
	taken = numpy_network(model)
	inputs = np.random.default_rng(0).normal(0, 1, (20, OBSERVATION_SIZE)).astype(np.float32)
	before = taken(inputs)
	with torch.no_grad():
		for parameter in model.policy.parameters():
			parameter.add_(1.0)
	np.testing.assert_array_equal(taken(inputs), before)
	load_network(other, taken)
	np.testing.assert_allclose(numpy_network(other)(inputs), before, rtol=1e-6)


def test_networks_mix() -> None:
	rng = np.random.default_rng(0)
	one, other = random_network(rng), random_network(rng)
	for share in (0.0, 0.25, 1.0):
		for (weight, bias), (w1, b1), (w2, b2) in zip(
			one.mixed_with(other, share).layers, one.layers, other.layers, strict=True
		):
			np.testing.assert_allclose(weight, (1 - share) * w1 + share * w2, atol=1e-6)
			np.testing.assert_allclose(bias, (1 - share) * b1 + share * b2, atol=1e-6)


@pytest.mark.parametrize("sizes", [(38, 64, 64, 2), (3, 1), (38, 600, 600, 2)])
@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 300])
def test_products_in_blocks(sizes: tuple[int, ...], count: int) -> None:
	"""Splitting the rows, so that no other thread is woken, changes no answer."""
	rng = np.random.default_rng(0)
	network = Network(
		[
			(rng.normal(0, narrow**-0.5, (wide, narrow)).astype(np.float32), np.zeros(wide, np.float32))
			for narrow, wide in pairwise(sizes)
		]
	)
	inputs = rng.normal(0, 1, (count, sizes[0])).astype(np.float32)
	expected = inputs.astype(np.float64)
	for number, (weight, _) in enumerate(network.layers, start=1):
		expected = expected @ weight.T
		expected = np.tanh(expected) if number < len(network.layers) else expected
	found = network(inputs)
	assert found.dtype == np.float32
	np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("count", [1, 6, 7, 20])
def test_in_parts_as_in_one_go(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
	monkeypatch.setattr(serving, "CHUNK", 7)
	rng = np.random.default_rng(0)
	items = ItemTable.create(codes(count), lead_time_days=rng.integers(0, 20, count), order_multiple=0)
	policy = residual_policy(forecast_rule(gap=0.5, items=items), np.random.default_rng(1))
	demand = rng.poisson(rng.uniform(0.1, 9, count), (470, count)).astype(np.float32)
	on_hand = rng.uniform(-5, 20, count).astype(np.float32)
	arrivals = rng.uniform(0, 1, (5, count)).astype(np.float32)
	given = {"today": MONDAY, "review_days": 7, "on_hand": on_hand, "arrivals": arrivals}
	found = order_quantities_in_chunks(policy, items, demand, **given)
	expected = policy.order_quantities(State.from_history(items, demand, **given))
	assert found.any()
	np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_corrections_are_bounded_and_zero_is_the_rule() -> None:
	"""Doing nothing orders like the rule; the largest corrections stay within reach, and orders above 0."""
	rng = np.random.default_rng(0)
	items = ItemTable.create(
		codes(50), order_multiple=0, lead_time_days=rng.integers(0, 20, 50), order_cost=5
	)
	demand = rng.poisson(rng.uniform(0.1, 9, 50), (470, 50)).astype(np.float32)
	for rule in (forecast_rule(gap=0.0), forecast_rule(gap=1.0), forecast_rule(gap=0.0, cap=1.2)):
		policy = residual_policy(rule, np.random.default_rng(1))
		on_hand = rng.uniform(0, 150, 50).astype(np.float32)
		state = State.from_history(items, demand, today=MONDAY, review_days=7, on_hand=on_hand)
		situation = policy.situation(state)
		nothing = situation.decide(actions(50))
		np.testing.assert_allclose(nothing.quantity, rule.order_quantities(state), rtol=1e-5)
		np.testing.assert_array_equal(nothing.correction, 0)
		least, most = (situation.decide(actions(50, value)).quantity for value in (-1.0, 1.0))
		assert (least >= 0).all()
		assert (most >= nothing.quantity).all()
		assert (least <= nothing.quantity).all()
		assert (most > nothing.quantity).any()
