"""The environment's id; importing this module makes it known to Gymnasium."""

from gymnasium.envs.registration import register

register(
	"rl_replenishment/ErpNext-v0",
	entry_point="rl_replenishment.remote.environment:ErpNextEnv",
	# who opens it has a site at hand, and each step is an order: nothing may be taken in advance
	disable_env_checker=True,
	order_enforce=False,
)
