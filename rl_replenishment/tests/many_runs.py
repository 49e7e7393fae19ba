"""What `many_workers` and `many_parts` share: agents whose runs order all that they look at, again and again.

Both commit, on a site for tests alone, and take away what they have made.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

import frappe

from rl_replenishment.bridge.policies import store as policy_store
from rl_replenishment.bridge.proposing import parts, under_way
from rl_replenishment.bridge.proposing import run as proposal_run
from rl_replenishment.tests import factories as make

RUN = "RL Proposal Run"
#: seconds after which a run or a part that nobody is at has lost its worker, for these tests
LOST_AFTER = 8


@contextmanager
def impatient() -> Iterator[None]:
	"""Whoever looks for lost runs in this process finds those of some seconds ago."""
	with patch.object(under_way, "DELAY", timedelta(seconds=LOST_AFTER)):
		yield


def look_for_lost_runs() -> None:
	"""As the site does every ten minutes."""
	proposal_run.close_lost_runs()
	frappe.db.commit()


def status_of(run: str) -> str:
	"""Of a run, as it is now."""
	frappe.db.commit()
	return frappe.db.get_value(RUN, run, "status")


def make_agent(warehouse: str, items: Sequence[str], days: int = 60) -> str:
	"""An agent with a tuned rule, of items that are sold every day and not in stock."""
	for item in items:
		make.sell_every_day(item, warehouse, 4, days=days)
	agent = make.make_agent([warehouse], items, mode="Draft")
	policy_store.make_classical(agent)
	frappe.db.commit()
	return agent.name


def forget(agents: Sequence[str]) -> None:
	"""What runs have made, so that the next ones order everything again."""
	of_agents = {"agent": ("in", agents)}
	requests = frappe.get_all("Material Request", {"rl_agent": ("in", agents)}, pluck="name")
	for doctype in ("Material Request Item", "RL Feedback Due"):
		frappe.db.delete(doctype, {"parent": ("in", requests or [""])})
	frappe.db.delete("Material Request", {"name": ("in", requests or [""])})
	runs = frappe.get_all(RUN, of_agents, pluck="name")
	frappe.db.delete(parts.PART, {"parent": ("in", runs or [""])})
	for doctype in ("RL Proposal", RUN):
		frappe.db.delete(doctype, of_agents)
	frappe.db.commit()


def remove(agents: Sequence[str]) -> None:
	"""The agents too; items and warehouses stay, as of other tests."""
	forget(agents)
	for agent in agents:
		frappe.delete_doc("RL Agent Settings", agent, force=True)
	frappe.db.commit()
