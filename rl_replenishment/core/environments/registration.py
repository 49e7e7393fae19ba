"""The environments' ids; importing this module makes them known to Gymnasium."""

from gymnasium.envs.registration import register

register(
	"rl_replenishment/Replenishment-v0",
	entry_point="rl_replenishment.core.environments.replenishment:ReplenishmentEnv",
)
register(
	"rl_replenishment/StockMultiProduct-v0",
	entry_point="rl_replenishment.core.environments.stock_multi_product:StockMultiProductEnv",
)
