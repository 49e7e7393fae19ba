"""The environments' ids; Gymnasium calls this by itself through the entry point in pyproject.toml."""

from __future__ import annotations

from gymnasium.envs.registration import register


def register_environments() -> None:
	"""Make the environments known; Gymnasium puts `rl_replenishment/`, the entry point's name, before ids."""
	register(
		"Replenishment-v0",
		entry_point="rl_replenishment.core.environments.replenishment:ReplenishmentEnv",
	)
	register(
		"StockMultiProduct-v0",
		entry_point="rl_replenishment.core.environments.stock_multi_product:StockMultiProductEnv",
	)
