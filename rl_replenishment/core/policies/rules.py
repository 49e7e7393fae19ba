"""Rules as plain values and arrays, for the policy file: each kind by its name, a mean by its parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from rl_replenishment.core.items import FloatArray, ItemKey
from rl_replenishment.core.policies.forecast import (
	PROBABILITIES,
	MeanLevels,
	QuantileForecast,
	QuantileLevels,
)
from rl_replenishment.core.policies.levels import LevelRule
from rl_replenishment.core.policies.network import Network, Normaliser
from rl_replenishment.core.policies.observation import FORECAST_SIZE
from rl_replenishment.core.policies.order_up_to import FORECASTS, FixedLevels, ForecastLevels
from rl_replenishment.core.policies.parameters import ItemParameters

Tensors = dict[str, FloatArray]
MOST_LAYERS, MOST_MEMBERS = 16, 16
_PARAMETERS = {
	"forecast": ("safety_factor", "gap", "cap"),
	"learned forecast": ("probability", "gap", "cap"),
	"fixed": ("reorder_point", "order_up_to", "cap"),
}


def with_parameters(rule: LevelRule, change: Callable[[ItemParameters], ItemParameters]) -> LevelRule:
	"""The same rule with other parameters, in all its parts."""
	if isinstance(rule, MeanLevels):
		return MeanLevels(tuple(with_parameters(part, change) for part in rule.rules))
	assert isinstance(rule, ForecastLevels | QuantileLevels | FixedLevels), "a rule that can be stored"
	return replace(rule, parameters=change(rule.parameters))


def written(rule: LevelRule, keys: tuple[ItemKey, ...], at: str = "rule") -> tuple[dict[str, Any], Tensors]:
	"""A rule as a description and arrays whose names begin with `at`; `TypeError` for one of other items."""
	if isinstance(rule, MeanLevels):
		parts = [written(part, keys, f"{at}.{number}") for number, part in enumerate(rule.rules)]
		return (
			{"kind": "mean", "parts": [description for description, _ in parts]},
			{name: tensor for _, tensors in parts for name, tensor in tensors.items()},
		)
	if not isinstance(rule, ForecastLevels | QuantileLevels | FixedLevels) or rule.parameters.keys != keys:
		raise TypeError("only a policy whose rule keeps parameters of its own items can be stored")
	description: dict[str, Any] = {"kind": "fixed"}
	tensors: Tensors = {}
	if isinstance(rule, ForecastLevels):
		description = {"kind": "forecast", "forecast": rule.forecast}
	elif isinstance(rule, QuantileLevels):
		networks = rule.forecast.networks
		description = {"kind": "learned forecast", "layers": [len(network.layers) for network in networks]}
		tensors = normaliser_tensors(rule.forecast.normaliser, at)
		for number, network in enumerate(networks):
			tensors |= network_tensors(network, f"{at}.{number}")
	for name in _PARAMETERS[description["kind"]]:
		# the number for items never seen travels behind those of the known ones
		values = np.append(rule.parameters.values[name], np.float32(rule.parameters.defaults[name]))
		tensors[f"{at}.{name}"] = values.astype(np.float32)
	return description, tensors


def read(
	description: Mapping[str, Any], tensors: Tensors, keys: tuple[ItemKey, ...], at: str = "rule"
) -> LevelRule:
	"""The rule back; `ValueError`, `KeyError` or `TypeError` say what is wrong with it."""
	kind = description["kind"]
	if kind == "mean":
		if any(part["kind"] == "mean" for part in description["parts"]):
			raise ValueError("a mean of means")
		parts = tuple(
			read(part, tensors, keys, f"{at}.{number}") for number, part in enumerate(description["parts"])
		)
		if not parts:
			raise ValueError("a mean of no rules")
		return MeanLevels(parts)
	if kind not in _PARAMETERS:
		raise ValueError(f"it uses an unknown rule {kind!r}")
	values = {name: of_shape(tensors, f"{at}.{name}", (len(keys) + 1,)) for name in _PARAMETERS[kind]}
	parameters = ItemParameters(
		keys,
		{name: array[:-1] for name, array in values.items()},
		{name: float(array[-1]) for name, array in values.items()},
	)
	if kind == "fixed":
		return FixedLevels(parameters)
	if kind == "forecast":
		if description["forecast"] not in FORECASTS:
			raise ValueError(f"it uses an unknown forecast {description['forecast']!r}")
		return ForecastLevels(parameters, description["forecast"])
	layers = description["layers"]
	if not isinstance(layers, list) or not 0 < len(layers) <= MOST_MEMBERS:
		raise ValueError(f"its forecast is not of 1 to {MOST_MEMBERS} networks")
	networks = tuple(
		read_network(tensors, f"{at}.{number}", count, FORECAST_SIZE, len(PROBABILITIES), direct=True)
		for number, count in enumerate(layers)
	)
	return QuantileLevels(parameters, QuantileForecast(read_normaliser(tensors, at, FORECAST_SIZE), networks))


def normaliser_tensors(normaliser: Normaliser, at: str) -> Tensors:
	"""A normaliser as arrays whose names begin with `at`."""
	return {f"{at}.mean": normaliser.mean, f"{at}.deviation": normaliser.deviation}


def read_normaliser(tensors: Tensors, at: str, inputs: int) -> Normaliser:
	"""A normaliser back; `ValueError` where it is not of so many inputs."""
	return Normaliser(
		of_shape(tensors, f"{at}.mean", (inputs,)), of_shape(tensors, f"{at}.deviation", (inputs,))
	)


def network_tensors(network: Network, at: str) -> Tensors:
	"""A network as arrays whose names begin with `at`."""
	tensors: Tensors = {}
	for number, (weight, bias) in enumerate(network.layers):
		tensors[f"{at}.layer.{number}.weight"] = weight
		tensors[f"{at}.layer.{number}.bias"] = bias
	if network.direct is not None:
		tensors[f"{at}.direct"] = network.direct
	return tensors


def read_network(
	tensors: Tensors, at: str, count: Any, inputs: int, outputs: int, *, direct: bool
) -> Network:
	"""A network of `count` layers back; `ValueError` where its arrays do not fit together."""
	if isinstance(count, bool) or not isinstance(count, int) or not 0 < count <= MOST_LAYERS:
		raise ValueError(f"it has {count!r} layers, not 1 to {MOST_LAYERS}")
	layers = [(tensors[f"{at}.layer.{i}.weight"], tensors[f"{at}.layer.{i}.bias"]) for i in range(count)]
	width = inputs
	for weight, bias in layers:
		if weight.ndim != 2 or not weight.size or weight.shape[1] != width or bias.shape != weight.shape[:1]:
			raise ValueError(f"a layer has shape {weight.shape}, expected {width} inputs")
		width = weight.shape[0]
	if width != outputs:
		raise ValueError(f"its network does not end in {outputs} numbers")
	straight = of_shape(tensors, f"{at}.direct", (outputs, inputs)) if direct else None
	return Network(layers, straight)


def of_shape(tensors: Tensors, name: str, shape: tuple[int, ...]) -> FloatArray:
	"""The array of that name; `ValueError` where it has another shape."""
	if tensors[name].shape != shape:
		raise ValueError(f"{name} has shape {tensors[name].shape}, expected {shape}")
	return tensors[name]
