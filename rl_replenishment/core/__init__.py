"""Inventory science without an ERP: demand, simulation, policies, training, evaluation.

Importing this package imports none of its rooms. Python takes a room's lock before its package's: were the
package to import its rooms, two threads of a web server that come to it at the same time would wait for each
other (`_DeadlockError`, or a module half imported).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
	from rl_replenishment.core.policies.base import Policy, State

__all__ = ["Policy", "State", "load_policy"]


def load_policy(path: str | Path) -> Policy:
	"""The policy in the folder that `train` wrote; raises `PolicyFileError` for one that cannot be used."""
	from rl_replenishment.core.policies.store import read_policy

	return read_policy(path).policy


def __getattr__(name: str) -> object:
	if name in ("Policy", "State"):
		from rl_replenishment.core.policies import base

		return getattr(base, name)
	raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
