"""Between a trained model and the plain arrays that are served."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias

import torch
from stable_baselines3 import PPO
from stable_baselines3.common.logger import Logger

from rl_replenishment.core.policies.constraints import bounds
from rl_replenishment.core.policies.network import Network
from rl_replenishment.core.policies.observation import OBSERVATION_SIZE
from rl_replenishment.core.policies.residual_network import ACTION_SIZE
from rl_replenishment.core.training.devices import here, there

#: a perceptron, or PPO, whose mean action is one
Model: TypeAlias = torch.nn.Sequential | PPO
#: sum of the first weights by which a unit rises with stock
_RISING_SUM = 1.5


def make_perceptron(hidden: Sequence[int], generator: torch.Generator) -> torch.nn.Sequential:
	"""From an observation to an action, with tanh between the layers; its answer is 0 until it is trained.

	Hidden weights are orthogonal (Saxe et al. 2014), so that each unit starts with a direction of its own.
	"""
	layers: list[torch.nn.Module] = []
	for size, following in pairwise((OBSERVATION_SIZE, *hidden)):
		layer = torch.nn.Linear(size, following)
		torch.nn.init.orthogonal_(layer.weight, 2**0.5, generator)
		torch.nn.init.zeros_(layer.bias)
		layers += [layer, torch.nn.Tanh()]
	perceptron = torch.nn.Sequential(*layers, torch.nn.Linear((OBSERVATION_SIZE, *hidden)[-1], ACTION_SIZE))
	start_with_signs(perceptron)
	start_at_zero(perceptron)
	return perceptron


def keep_signs(model: Model) -> None:
	"""Put the weights back to the signs that a policy's network keeps, see `constraints`."""
	layers = _layers(model)
	with torch.no_grad():
		for layer, (low, high) in zip(layers, bounds([len(each.bias) for each in layers[:-1]]), strict=True):
			device = layer.weight.device
			layer.weight.clamp_(there(low, device), there(high, device))


def numpy_network(model: Model) -> Network:
	"""The (mean) action of a trained model as plain arrays."""
	return Network([(here(layer.weight).copy(), here(layer.bias).copy()) for layer in _layers(model)])


def load_network(model: Model, network: Network) -> None:
	"""Put plain arrays into a model of the same shape."""
	with torch.no_grad():
		for layer, (weight, bias) in zip(_layers(model), network.layers, strict=True):
			layer.weight.copy_(torch.from_numpy(weight))
			layer.bias.copy_(torch.from_numpy(bias))


def _layers(model: Model) -> list[torch.nn.Linear]:
	layers: Sequence[torch.nn.Module] = (
		[*model.policy.mlp_extractor.policy_net, model.policy.action_net]
		if isinstance(model, PPO)
		else list(model)
	)
	return [layer for layer in layers if isinstance(layer, torch.nn.Linear)]


def keep_no_log(model: PPO) -> None:
	"""Log nowhere: by itself SB3 leaves a folder for its log among the system's temporary files."""
	model.set_logger(Logger(None, []))


def start_at_zero(model: Model) -> None:
	"""Make the (mean) action 0 everywhere: training starts at the rule, not somewhere around it."""
	last = _layers(model)[-1]
	with torch.no_grad():
		last.weight.zero_()
		last.bias.zero_()


def start_with_signs(model: Model) -> None:
	"""Give fresh weights the signs of `keep_signs`.

	Of weights that may not be below 0, those that are become 0, so that units listen to different things. The
	rest is scaled to a sum of 1.5: inputs that rise together would else drive every unit to its end.
	"""
	layers = _layers(model)
	with torch.no_grad():
		for layer, (low, high) in zip(layers, bounds([len(each.bias) for each in layers[:-1]]), strict=True):
			rises = there((low == 0) & (high > 0), layer.weight.device)
			kept = torch.where(rises, layer.weight.clamp(min=0), 0.0)
			scaled = kept * (_RISING_SUM / kept.sum(dim=1, keepdim=True).clamp(min=1e-6))
			layer.weight.copy_(torch.where(rises, scaled, layer.weight))
	keep_signs(model)
