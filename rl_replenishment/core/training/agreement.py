"""Learning from agreement with the buyer alone, as a comparison: what learning from edits must not be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from rl_replenishment.core.environments.feedback import FeedbackSituations
from rl_replenishment.core.policies.residual_network import ResidualNetwork
from rl_replenishment.core.training.edit_loss import EditLoss
from rl_replenishment.core.training.networks import load_network, make_perceptron, numpy_network

_UPDATES, _LEARNING_RATE = 300, 1e-3
#: of the reward with the sign error, units that cost or earn 1
_SIGNED_SCALE = 10.0


def learn_agreement(
	parent: ResidualNetwork, answers: FeedbackSituations, *, signed: bool = False
) -> ResidualNetwork:
	"""The policy that agrees with the buyer's answers as far as its network can, whatever that costs.

	`signed` takes the reward (ordered - proposed) / 10 instead of the distance: it pays for proposing too
	little, see `docs/reward.md`.
	"""
	torch.set_num_threads(1)
	network = make_perceptron(parent.network.hidden, torch.Generator().manual_seed(0))
	load_network(network, parent.network)
	loss = EditLoss(replace(answers, evidence=np.ones(len(answers), np.float32)), parent.normaliser)
	ordered = torch.from_numpy(answers.ordered)
	optimiser = torch.optim.Adam(network.parameters(), lr=_LEARNING_RATE)
	for _update in range(_UPDATES):
		optimiser.zero_grad()
		if signed:
			missed = (loss.quantity(network) - ordered).mean() / _SIGNED_SCALE
		else:
			missed = loss(network)
		missed.backward()  # type: ignore[no-untyped-call]
		optimiser.step()
	return replace(parent, network=numpy_network(network))
