"""Training from the command line: `bench --site SITE execute rl_replenishment.train.run`."""

from __future__ import annotations

from typing import Any

import frappe
from frappe import _

from rl_replenishment.bridge.bench_execute import describe, ends_with_the_true_error
from rl_replenishment.bridge.retrying import start_over

#: arguments besides `agent`
ARGUMENTS = ("seconds", "timesteps", "seed", "kind")


@ends_with_the_true_error
def run(agent: str | None = None, **kwargs: Any) -> dict[str, Any] | list[dict[str, Any]]:
	"""Train one agent now, in the foreground, or without `agent` every enabled one, each by itself.

	Other arguments are those of `bridge.training.asking.run_now`. Returns, for each agent, plain JSON:
	`{"agent", "training_run", "policy", "promoted", "metrics"}`. Where some fail the others are trained all
	the same, and the error names those that failed.
	"""
	from rl_replenishment.bridge.training.asking import run_now

	if unknown := sorted(set(kwargs) - set(ARGUMENTS)):
		frappe.throw(
			_("There is no argument {0}; besides agent there are {1}.").format(
				", ".join(unknown), ", ".join(ARGUMENTS)
			)
		)
	if agent:
		return run_now(agent, **kwargs)
	trained: list[dict[str, Any]] = []
	failed: list[str] = []
	for name in frappe.get_all("RL Agent Settings", {"enabled": 1}, pluck="name", order_by="name"):
		try:
			trained.append(run_now(name, **kwargs))
		except Exception as error:
			# its run is marked as failed and has the error in full; the next agent goes on
			start_over()
			failed.append(_("Training of agent {0} failed: {1}").format(name, describe(error)))
	if failed:
		failed += [_("Agent {0} was trained: {1}").format(done["agent"], done["policy"]) for done in trained]
		frappe.throw("\n".join(failed))
	return trained
