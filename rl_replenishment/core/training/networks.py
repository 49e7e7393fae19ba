"""Between a trained model and the plain arrays that are served."""

from __future__ import annotations

import torch
from stable_baselines3 import PPO
from stable_baselines3.common.logger import Logger

from rl_replenishment.core.policies.residual_network import Network


def numpy_network(model: PPO) -> Network:
	"""The mean action of a trained model as plain arrays."""
	return Network(
		[
			(layer.weight.detach().numpy().copy(), layer.bias.detach().numpy().copy())
			for layer in _layers(model)
		]
	)


def load_network(model: PPO, network: Network) -> None:
	"""Put plain arrays into a model of the same shape."""
	with torch.no_grad():
		for layer, (weight, bias) in zip(_layers(model), network.layers, strict=True):
			layer.weight.copy_(torch.from_numpy(weight))
			layer.bias.copy_(torch.from_numpy(bias))


def _layers(model: PPO) -> list[torch.nn.Linear]:
	layers = [*model.policy.mlp_extractor.policy_net, model.policy.action_net]
	return [layer for layer in layers if isinstance(layer, torch.nn.Linear)]


def keep_no_log(model: PPO) -> None:
	"""Log nowhere: by itself SB3 leaves a folder for its log among the system's temporary files."""
	model.set_logger(Logger(None, []))


def start_at_zero(model: PPO) -> None:
	"""Make the mean action 0 everywhere: training starts at the rule, not somewhere around it."""
	last = _layers(model)[-1]
	with torch.no_grad():
		last.weight.zero_()
		last.bias.zero_()
