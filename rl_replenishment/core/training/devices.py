"""Where tensors are: on the CPU, or on a GPU that torch sees."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rl_replenishment.core.errors import InputError
from rl_replenishment.core.training.algorithms import AUTO

CPU = torch.device("cpu")


def device_of(name: str) -> torch.device:
	"""The device of one of `DEVICES`; `InputError` where torch does not see it."""
	if name == "cpu" or (name == AUTO and not torch.cuda.is_available()):
		return CPU
	if not torch.cuda.is_available():
		raise InputError(
			f"Torch {torch.__version__} sees no CUDA device here; install a build of torch for CUDA and the"
			" driver of the GPU, or train with --device cpu."
		)
	return torch.device("cuda")


def generator_on(device: torch.device, seed: int) -> torch.Generator:
	"""Randomness drawn where it is needed; another device draws other numbers from the same seed."""
	return torch.Generator(device).manual_seed(seed)


def there(values: npt.NDArray[Any], device: torch.device) -> Tensor:
	"""Plain arrays as a tensor on the device; on the CPU, nothing is copied."""
	return torch.from_numpy(values).to(device)


def here(values: Tensor) -> npt.NDArray[np.float32]:
	"""A tensor's numbers as a plain array, without their gradient; on the CPU, nothing is copied."""
	return values.detach().cpu().numpy()
