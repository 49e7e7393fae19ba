"""Inventory science without an ERP: demand, simulation, policies, training, evaluation."""

from __future__ import annotations

from pathlib import Path

from rl_replenishment.core.policies.base import Policy, State
from rl_replenishment.core.policies.store import read_policy

__all__ = ["Policy", "State", "load_policy"]


def load_policy(path: str | Path) -> Policy:
	"""The policy in the folder that `train` wrote; raises `PolicyFileError` for one that cannot be used."""
	return read_policy(path).policy
