"""Judges candidates on the validation days and keeps the best, whichever algorithm makes them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rl_replenishment.core.errors import PolicyFileError
from rl_replenishment.core.policies.base import Policy
from rl_replenishment.core.policies.network import Network, Normaliser
from rl_replenishment.core.policies.residual_network import ResidualNetwork
from rl_replenishment.core.simulation.rollout import Totals, run
from rl_replenishment.core.training.interface import Evaluation, TrainingProblem

#: shares of the best network in what is tried where a candidate is too dear
_STEPS_BACK = (0.5, 0.75, 0.875)
#: share of what was learned that is tried beside the whole
SHRUNK = 0.5
#: cost ratios this close are of the same problem, on whatever machine
_SAME_RATIO = 1e-3


def as_judged(evaluation: Evaluation) -> float:
	"""What the verdict compares: the cost ratio and, of its standard error, the share that is believed."""
	return evaluation.cost_ratio + evaluation.share * evaluation.cost_ratio_error


def holds(later: Evaluation, earlier: Evaluation) -> bool:
	"""Whether what was found best on the later days saves on both together, the earlier ones included.

	The later days chose it, so they flatter it, and what all items share, a season or a trend, is in no
	standard error over items. Of another time, another training has to say so too.
	"""
	both = replace(
		later,
		cost_ratio=(later.cost_ratio + earlier.cost_ratio) / 2,
		cost_ratio_error=float(np.hypot(later.cost_ratio_error, earlier.cost_ratio_error)) / 2,
	)
	return as_judged(both) < 1


class Judge:
	"""Keeps the best network seen.

	Without feedback the best is the cheapest. A candidate counts as dear as its ratio plus one standard
	error: the luckiest of many noisy ones must not pass for the best. Of a first training, half of what was
	learned stands beside the whole. Halfway between rule and network the errors of both are halved, so half
	a standard error will do there. With feedback it is the one that comes closest to the buyer among those
	whose cost, plus one standard error, is at most `largest_cost_increase` above that of the first one looked
	at, the parent. Where a candidate is not, part of the way to it from the best so far is tried.
	"""

	def __init__(
		self, problem: TrainingProblem, normaliser: Normaliser, *, patience: int, largest_cost_increase: float
	) -> None:
		self._problem = problem
		self._normaliser = normaliser
		self._patience = patience
		self._largest_cost_increase = largest_cost_increase
		self._statistics = list(problem.validation.statistics())
		self._rule_cost = self._cost(problem.task.classical)
		self._parent_cost: Totals | None = None
		self._looks_since_best = 0
		self.evaluations: list[Evaluation] = []
		self.best: Evaluation | None = None
		self.best_network: Network | None = None

	@property
	def has_lost_patience(self) -> bool:
		"""Whether nothing better came for so long that training may end."""
		return self._looks_since_best >= self._patience

	def verdict(self) -> tuple[ResidualNetwork, Evaluation]:
		"""The best policy so far and what was found of it; there is one from the first look on."""
		if self.best_network is None or self.best is None:
			raise RuntimeError("no candidate was looked at")
		return self._policy(self.best_network), self.best

	def restore(self, evaluations: list[Evaluation], best: Evaluation, network: Network) -> None:
		"""Take up the verdicts of an earlier part of the training, and its patience unless that was lost.

		`PolicyFileError` where the best network does not cost here what it did there.
		"""
		found, _ = self._evaluate(network, best.seconds, best.timesteps)
		if not np.isclose(found.cost_ratio, best.cost_ratio, rtol=0, atol=_SAME_RATIO):
			raise PolicyFileError(
				"The checkpoint was made with other orders or options; give those, or train without --resume."
			)
		self.evaluations, self.best, self.best_network = evaluations, best, network
		since_best = sum(evaluation.timesteps > best.timesteps for evaluation in evaluations)
		self._looks_since_best = since_best if since_best < self._patience else 0

	def look(self, network: Network, *, seconds: float, timesteps: int) -> Evaluation:
		"""Judge a candidate."""
		self._looks_since_best += 1
		evaluation = self._consider(network, seconds, timesteps)
		if self._problem.parent is None and timesteps:
			# what few days taught is believed by half where that costs less
			half = self._consider(network.scaled(SHRUNK), seconds, timesteps, SHRUNK)
			evaluation = min(evaluation, half, key=as_judged)
		if self._looks_since_best and self.best_network and self._problem.feedback is not None:
			for share in _STEPS_BACK:
				nearer = network.mixed_with(self.best_network, share)
				evaluation = self._consider(nearer, seconds, timesteps)
				if not self._looks_since_best:
					break
		self.evaluations.append(evaluation)
		return evaluation

	def take(self, network: Network, share: float, *, seconds: float, timesteps: int) -> None:
		"""Make this share of a network the verdict, whatever it costs."""
		self.best_network = network.scaled(share)
		found, _ = self._evaluate(self.best_network, seconds, timesteps)
		self.best = replace(found, share=share)

	def _consider(self, network: Network, seconds: float, timesteps: int, share: float = 1.0) -> Evaluation:
		evaluation, is_affordable = self._evaluate(network, seconds, timesteps)
		evaluation = replace(evaluation, share=share)
		if self.best is None or (is_affordable and self._is_better(evaluation, self.best)):
			self.best, self.best_network = evaluation, network
			self._looks_since_best = 0
		return evaluation

	def _evaluate(self, network: Network, seconds: float, timesteps: int) -> tuple[Evaluation, bool]:
		policy = self._policy(network)
		feedback = self._problem.feedback
		reward = distance = None
		if feedback is not None:
			action = policy.actions(feedback.situation)
			reward, distance = float(feedback.rewards(action).mean()), feedback.distance(action)
		cost = self._cost(policy)
		if self._parent_cost is None:
			self._parent_cost = cost
		ratio, error = self._ratio(cost, self._rule_cost)
		evaluation = Evaluation(seconds, timesteps, ratio, error, 1.0, reward, distance)
		if feedback is None:
			return evaluation, True
		above_parent, its_error = self._ratio(cost, self._parent_cost)
		return evaluation, above_parent + its_error <= 1 + self._largest_cost_increase

	@staticmethod
	def _is_better(candidate: Evaluation, best: Evaluation) -> bool:
		if not np.isfinite(candidate.cost_ratio):
			return False
		if candidate.feedback_distance is None or best.feedback_distance is None:
			return as_judged(candidate) < as_judged(best)
		return candidate.feedback_distance < best.feedback_distance

	def _ratio(self, cost: Totals, reference: Totals) -> tuple[float, float]:
		"""Cost over a reference, and its standard error by the paired differences of the item-warehouses."""
		total = reference.sum()
		if not total:
			return 1.0, 0.0
		difference = cost - reference
		# the varied copies of an item share its days and its luck: they count as one
		per_item = difference.reshape(-1, len(self._problem.task.items)).sum(axis=0)
		error = np.sqrt(len(per_item)) * per_item.std() / total
		return float(1 + difference.sum() / total), float(error)

	def _cost(self, policy: Policy) -> Totals:
		return run(policy, self._problem.validation, statistics=self._statistics).cost

	def _policy(self, network: Network) -> ResidualNetwork:
		return ResidualNetwork("learned policy", self._problem.task.classical, self._normaliser, network)
