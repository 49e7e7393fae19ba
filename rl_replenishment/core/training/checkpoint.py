"""The state of a training on disk, so that it can go on. Loading runs no code from the file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors

from rl_replenishment.core.errors import PolicyFileError
from rl_replenishment.core.files.output import write_folder_atomically
from rl_replenishment.core.policies.network import Network, Normaliser
from rl_replenishment.core.training.interface import Evaluation
from rl_replenishment.core.training.judge import Judge

CHECKPOINT_FILE = "checkpoint.safetensors"


@dataclass(frozen=True, eq=False)
class Checkpoint:
	"""What a training needs to go on. The simulation draws new episodes: it is not resumed mid-way."""

	tensors: dict[str, torch.Tensor]
	seconds: float
	timesteps: int
	evaluations: list[Evaluation]
	best: Evaluation
	best_network: Network
	normaliser: Normaliser

	def apply(self, network: torch.nn.Module, optimiser: torch.optim.Optimizer) -> None:
		"""Put the weights and the optimiser's memory into freshly made ones of the same settings."""
		weights = _with_prefix(self.tensors, "policy.")
		try:
			network.load_state_dict(weights)
		except RuntimeError:
			raise PolicyFileError(
				"The checkpoint was made with other training settings; train afresh without --resume."
			) from None
		memory = _with_prefix(self.tensors, "optimizer.")
		state = optimiser.state_dict()
		state["state"] = {}
		for name, value in memory.items():
			number, key = name.split(".", 1)
			state["state"].setdefault(int(number), {})[key] = value
		optimiser.load_state_dict(state)


def save(
	folder: Path,
	network: torch.nn.Module,
	optimiser: torch.optim.Optimizer,
	judge: Judge,
	normaliser: Normaliser,
	*,
	seconds: float,
	timesteps: int,
) -> None:
	"""Write a checkpoint, replacing the last one in one go."""
	if judge.best is None or judge.best_network is None:
		return
	tensors = {f"policy.{name}": value for name, value in network.state_dict().items()}
	for number, memory in optimiser.state_dict()["state"].items():
		tensors |= {f"optimizer.{number}.{key}": value for key, value in memory.items()}
	for number, (weight, bias) in enumerate(judge.best_network.layers):
		tensors[f"best.{number}.weight"] = torch.from_numpy(weight)
		tensors[f"best.{number}.bias"] = torch.from_numpy(bias)
	tensors["observation.mean"] = torch.from_numpy(normaliser.mean)
	tensors["observation.deviation"] = torch.from_numpy(normaliser.deviation)
	about = {
		"seconds": seconds,
		"timesteps": timesteps,
		"evaluations": [asdict(evaluation) for evaluation in judge.evaluations],
		"best": asdict(judge.best),
	}
	contents = save_tensors(
		{name: value.contiguous().cpu() for name, value in tensors.items()}, {"training": json.dumps(about)}
	)
	with write_folder_atomically(folder, marker=CHECKPOINT_FILE) as filling:
		(filling / CHECKPOINT_FILE).write_bytes(contents)


def load(folder: Path) -> Checkpoint:
	"""Read a checkpoint; `PolicyFileError` where there is none or it cannot be used."""
	path = folder / CHECKPOINT_FILE
	try:
		contents = path.read_bytes()
	except OSError as error:
		raise PolicyFileError(
			f"There is no training to resume: {path} cannot be read ({error.strerror}); "
			"train without --resume."
		) from None
	try:
		tensors = load_tensors(contents)
		header = json.loads(contents[8 : 8 + int.from_bytes(contents[:8], "little")])
		about = json.loads(header["__metadata__"]["training"])
		best = _with_prefix(tensors, "best.")
		layers = [
			(best[f"{number}.weight"].numpy(), best[f"{number}.bias"].numpy())
			for number in range(len(best) // 2)
		]
		return Checkpoint(
			tensors=tensors,
			seconds=float(about["seconds"]),
			timesteps=int(about["timesteps"]),
			evaluations=[Evaluation(**values) for values in about["evaluations"]],
			best=Evaluation(**about["best"]),
			best_network=Network(layers),
			normaliser=Normaliser(
				tensors["observation.mean"].numpy(), tensors["observation.deviation"].numpy()
			),
		)
	except (SafetensorError, ValueError, KeyError, TypeError) as error:
		raise PolicyFileError(f"{path} is damaged ({error}); train without --resume.") from None


def _with_prefix(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
	return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
