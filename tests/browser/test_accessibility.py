"""axe-core finds nothing serious on what buyers and managers look at most."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

SERIOUS = ("serious", "critical")
#: of the desk itself, the same on every page of Frappe's
OF_FRAPPE: tuple[str, ...] = ()


def serious(page) -> list[str]:
	found = Axe().run(page).response["violations"]
	return [
		f"{rule['id']}: {node['html'][:200]}"
		for rule in found
		if rule["impact"] in SERIOUS
		for node in rule["nodes"]
		if not any(part in node["html"] for part in OF_FRAPPE)
	]


@pytest.mark.parametrize("width", [1366, 390])
@pytest.mark.parametrize("path", ["rl-replenishment", "rl-proposal", "rl-agent-settings/Browser Tests"])
def test_page(site, desk, path, width):
	site.arrange("forget_agents")
	site.arrange("drafts")
	page = desk("manager", width=width)
	page.open(path)
	page.wait_for_timeout(4000)
	assert serious(page) == []
