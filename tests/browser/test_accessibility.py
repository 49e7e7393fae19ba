"""axe-core finds nothing serious on the pages looked at most, beyond what Frappe's own pages have."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe

SERIOUS = ("serious", "critical")
#: per page of ours, pages of Frappe's and ERPNext's own that are made of the same parts
PAGES = {
	"rl-replenishment": ("selling", "stock"),
	"rl-proposal": ("material-request",),
	"rl-board": ("permission-manager",),
	"rl-agent-settings/Browser Tests": ("incoterm/CFR", "purchase-order/new"),
}
#: the width of a phone's window
PHONE = 390


def found_on(page, path: str) -> dict[tuple[str, ...], str]:
	"""What axe-core finds, by rule and kind of element, by which Frappe's own parts are told from ours."""
	page.open(path)
	found = {}
	for rule in Axe().run(page).response["violations"]:
		if rule["impact"] in SERIOUS:
			for node in rule["nodes"]:
				found[(rule["id"], *kind(node["html"]))] = f"{rule['id']}: {node['html'][:200]}"
	return found


def kind(html: str) -> tuple[str, ...]:
	"""An element's tag and classes."""
	opening = html.split(">", maxsplit=1)[0]
	classes = re.search(r'class="([^"]*)"', opening)
	return (opening.split()[0], *sorted(classes[1].split() if classes else ()))


@pytest.mark.parametrize("path", PAGES)
def test_page(site, desk, path):
	site.arrange("drafts")
	theirs = desk("administrator", heed=False)
	of_frappe = {kind for own in PAGES[path] for kind in found_on(theirs, own)}
	page = desk("manager")
	assert "\n".join(text for kind, text in found_on(page, path).items() if kind not in of_frappe) == ""


def test_what_the_agent_proposed(site, desk):
	"""The app's own part of a Material Request, with a reason opened, has nothing at all."""
	page = desk("buyer", width=PHONE)
	page.open(f"material-request/{next(iter(site.arrange('drafts')))}")
	page.locator(".rl-why").first.click()
	page.locator(".rl-picture svg").wait_for()
	found = Axe().run(page, context=".rl-panel").response["violations"]
	assert [rule["id"] for rule in found if rule["impact"] in SERIOUS] == []


@pytest.mark.parametrize("path", PAGES)
def test_on_a_phone(site, desk, path):
	"""No page is wider than the window: what is wide scrolls by itself."""
	site.arrange("drafts")
	page = desk("manager", width=PHONE)
	page.open(path)
	assert page.evaluate("() => document.documentElement.scrollWidth") <= PHONE
