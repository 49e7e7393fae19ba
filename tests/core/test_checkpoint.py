"""Checkpoints: training goes on where it ended, and nothing foreign is loaded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from core_samples import ppo_model
from training_samples import ROLLOUT, small_trainer, train

from rl_replenishment.core.errors import PolicyFileError


@pytest.mark.torch
def test_training_goes_on_where_it_ended(tmp_path: Path) -> None:
	"""Steps and verdicts add up, and the best of the first part is not lost."""
	from rl_replenishment.core.training.judge import as_judged

	trainer, checkpoint = small_trainer(), tmp_path / "checkpoint"
	first = train(trainer, rollouts=3, checkpoint=checkpoint)
	assert [path.name for path in checkpoint.iterdir()] == ["checkpoint.safetensors"]
	second = train(trainer, rollouts=2, checkpoint=checkpoint, resume=True)
	assert first.timesteps == 3 * ROLLOUT
	assert second.timesteps == 5 * ROLLOUT
	assert second.evaluations[: len(first.evaluations)] == first.evaluations
	assert len(second.evaluations) > len(first.evaluations)
	assert as_judged(second.chosen) <= as_judged(first.chosen)
	assert second.seconds >= first.seconds
	# the file just written goes on from there
	third = train(trainer, rollouts=1, checkpoint=checkpoint, resume=True)
	assert third.timesteps == 6 * ROLLOUT
	assert as_judged(third.chosen) <= as_judged(second.chosen)


@pytest.mark.torch
def test_patience_goes_on_unless_it_was_lost(tmp_path: Path) -> None:
	"""Where nothing better comes: two looks before the break, two after it, and four more if asked again."""
	still = small_trainer(learning_rate=0.0, patience=4)
	first = train(still, rollouts=2, checkpoint=tmp_path / "c")
	assert first.ended_by == "budget"
	second = train(still, rollouts=50, checkpoint=tmp_path / "c", resume=True)
	assert second.ended_by == "early stopping"
	assert len(second.evaluations) == 1 + 4
	third = train(still, rollouts=50, checkpoint=tmp_path / "c", resume=True)
	assert third.ended_by == "early stopping"
	assert len(third.evaluations) == 1 + 4 + 4


@pytest.mark.torch
def test_weights_and_memory_of_the_optimiser_come_back(tmp_path: Path) -> None:
	"""A training that was cancelled at once leaves a checkpoint with which another starts anew, the same."""
	trainer = small_trainer()
	whole = train(trainer, rollouts=2)
	train(trainer, rollouts=2, checkpoint=tmp_path / "c", progress=lambda _: False)
	resumed = train(trainer, rollouts=2, checkpoint=tmp_path / "c", resume=True)
	assert resumed.evaluations[0].cost_ratio == whole.evaluations[0].cost_ratio == 1
	assert resumed.ended_by == "budget"

	from rl_replenishment.core.training import checkpoint as checkpoints

	saved = checkpoints.load(tmp_path / "c")
	names = set(saved.tensors)
	assert {name.split(".")[0] for name in names} == {"policy", "optimizer", "best", "observation"}
	assert any(name.endswith("exp_avg_sq") for name in names)
	assert saved.timesteps == resumed.timesteps
	assert saved.best == resumed.chosen
	np.testing.assert_array_equal(saved.best_network.layers[0][0], resumed.policy.network.layers[0][0])
	np.testing.assert_array_equal(saved.normaliser.mean, resumed.policy.normaliser.mean)


@pytest.mark.torch
def test_a_checkpoint_fills_a_fresh_model(tmp_path: Path) -> None:
	"""Weights, steps, and what the optimiser knows of past gradients."""
	trainer = small_trainer()
	train(trainer, rollouts=2, checkpoint=tmp_path / "c")

	from rl_replenishment.core.training import checkpoint as checkpoints

	saved = checkpoints.load(tmp_path / "c")
	model = ppo_model((16, 16), seed=5)
	assert not model.policy.optimizer.state_dict()["state"]
	saved.apply(model.policy, model.policy.optimizer)
	assert saved.timesteps == 2 * ROLLOUT
	restored = {f"policy.{name}": value for name, value in model.policy.state_dict().items()}
	for number, memory in model.policy.optimizer.state_dict()["state"].items():
		restored |= {f"optimizer.{number}.{key}": value for key, value in memory.items()}
	names = {name for name in saved.tensors if name.startswith(("policy.", "optimizer."))}
	assert restored.keys() == names
	assert len(names) > 30
	for name in names:
		np.testing.assert_array_equal(restored[name].numpy(), saved.tensors[name].numpy(), err_msg=name)


@pytest.mark.torch
def test_a_new_training_replaces_the_checkpoint(tmp_path: Path) -> None:
	trainer = small_trainer()
	train(trainer, rollouts=2, checkpoint=tmp_path / "c")
	assert train(trainer, rollouts=1, checkpoint=tmp_path / "c").timesteps == ROLLOUT
	assert train(trainer, rollouts=1, checkpoint=tmp_path / "c", resume=True).timesteps == 2 * ROLLOUT


@pytest.mark.torch
def test_nothing_to_resume(tmp_path: Path) -> None:
	with pytest.raises(
		PolicyFileError, match=r"no training to resume: .*checkpoint\.safetensors cannot be read"
	):
		train(small_trainer(), rollouts=1, checkpoint=tmp_path / "c", resume=True)


@pytest.mark.torch
@pytest.mark.parametrize("damage", [b"", b"\x80\x04N.", b"half", b"{}"])
def test_a_damaged_checkpoint(tmp_path: Path, damage: bytes) -> None:
	trainer, folder = small_trainer(), tmp_path / "c"
	train(trainer, rollouts=1, checkpoint=folder, progress=lambda _: False)
	file = folder / "checkpoint.safetensors"
	file.write_bytes(file.read_bytes()[:2000] if damage == b"half" else damage)
	with pytest.raises(
		PolicyFileError, match=r"checkpoint\.safetensors is damaged .* train without --resume"
	):
		train(trainer, rollouts=1, checkpoint=folder, resume=True)


@pytest.mark.torch
def test_a_checkpoint_of_other_settings(tmp_path: Path) -> None:
	train(small_trainer(), rollouts=1, checkpoint=tmp_path / "c", progress=lambda _: False)
	with pytest.raises(PolicyFileError, match="made with other training settings"):
		train(small_trainer(hidden=(8,)), rollouts=1, checkpoint=tmp_path / "c", resume=True)
