"""A buyer sees what was learned of the changes to three items on the fourth, and can stop it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

ASKED = "() => Number(document.querySelector('.rl-quantity input').value)"


@pytest.fixture(scope="module", autouse=True)
def _as_it_was(site):
	yield
	site.arrange("forget_agents")


def test_the_fourth_item_of_a_group(site, desk):
	"""From the line on the board to the list of lessons, by the buttons that people press."""
	known = site.arrange("taught")
	agent, group, item = known["agent"], known["group"], known["item"]
	said = f"you raised {group} 3 times"
	page = desk("buyer")

	page.open("rl-board")
	page.evaluate("() => localStorage.clear()")
	line = page.locator(".rl-line")
	expect(line).to_have_count(1)
	expect(line).to_contain_text(item)
	expect(line.locator(".rl-lesson")).to_contain_text(said)
	proposed = page.evaluate(ASKED)
	assert 1.15 * known["before"] < proposed <= 1.5 * known["before"]

	# not this time, and undone
	once = line.locator(".rl-not-this-time")
	once.click()
	expect(once).to_have_text("Undo")
	assert page.evaluate(ASKED) == known["before"]
	once.click()
	assert page.evaluate(ASKED) == proposed

	# what it learned, on the agent's form
	page.open(f"rl-agent-settings/{agent}")
	row = page.locator(".rl-lessons tr", has_text=group)
	expect(row).to_contain_text(said)
	row.locator(".rl-follow").click()
	expect(row).to_contain_text("Switched Off")
	expect(row).to_contain_text("switched off")
	page.settle()
	row.locator(".rl-follow").click()
	expect(row.locator(".rl-follow")).to_have_text("Do Not Follow")
	row.locator(".rl-forget").click()
	page.locator(".modal.show .btn-primary").click()
	expect(row).to_contain_text("To be learned anew")
