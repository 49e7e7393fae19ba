"""One warehouse is full and another one empty: what a buyer sees and does of it on the board."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

LINES, RESULTS = ".rl-transfer", ".rl-results"


@pytest.fixture(scope="module", autouse=True)
def _as_it_was(site):
	yield
	site.arrange("forget_agents")


@pytest.fixture
def full_and_empty(site):
	return site.arrange("transfers")


def opened(desk, **options):
	page = desk(options.pop("who", "buyer"), **options)
	page.open("rl-board")
	page.evaluate("() => localStorage.clear()")
	return page


def approve(page) -> None:
	page.locator(".rl-move").click()
	page.locator(".modal.show .btn-primary").click()
	# while it still closes, a dialog takes no clicks
	expect(page.locator(".modal.show")).to_have_count(0)


@pytest.mark.parametrize("width", [390, 1366])
def test_a_transfer_and_no_purchase(site, desk, full_and_empty, width):
	"""Changed, approved, taken back as it was changed, approved again and moved: and never bought as well."""
	page = opened(desk, width=width)
	lines = page.locator(LINES)
	expect(lines).to_have_count(2)
	expect(page.locator(".rl-line")).to_have_count(0)
	expect(lines.first).to_contain_text(f"From {full_and_empty['full']} to {full_and_empty['empty']}")
	lines.first.locator("summary").click()
	expect(lines.first.locator("details")).to_contain_text("that saves")
	quantity = lines.first.locator(".rl-transfer-quantity")
	box = quantity.bounding_box()
	assert box["x"] >= 0
	assert box["x"] + box["width"] <= width
	quantity.fill("-3")
	quantity.press("Tab")
	expect(quantity).not_to_have_value("-3")
	quantity.fill("7")
	quantity.press("Tab")
	# what was typed outlives the page
	page.open("rl-board")
	expect(quantity).to_have_value("7")
	assert site.arrange("proposed_again", agent=full_and_empty["agent"]) == 0

	approve(page)
	result = page.locator(f"{RESULTS} li")
	expect(result).to_contain_text("Requested")
	expect(result).to_contain_text(f"Transfer from {full_and_empty['full']}")
	expect(lines).to_have_count(0)
	assert site.arrange("proposed_again", agent=full_and_empty["agent"]) == 0

	result.locator(".rl-undo").click()
	expect(lines).to_have_count(2)
	expect(page.locator(RESULTS)).to_have_count(0)
	expect(quantity).to_have_value("7")
	approve(page)
	expect(result).to_contain_text("Requested")
	request = result.locator("a").last.inner_text()
	entry = site.arrange("carried_out", request=request)
	result.locator(".rl-undo").click()
	expect(result).to_contain_text(entry)
	expect(lines).to_have_count(0)
	assert site.arrange("proposed_again", agent=full_and_empty["agent"]) == 0


def test_turned_down_one_by_one_and_by_nothing(site, desk, full_and_empty):
	page = opened(desk)
	lines = page.locator(LINES)
	lines.first.locator(".rl-stop-transfer").click()
	page.locator(".modal.show .btn-primary").click()
	expect(lines).to_have_count(1)
	lines.first.locator(".rl-transfer-quantity").fill("0")
	lines.first.locator(".rl-transfer-quantity").press("Tab")
	approve(page)
	expect(page.locator(RESULTS)).to_contain_text("Turned Down")
	expect(page.locator(".rl-empty")).to_be_visible()


def test_whoever_may_not_see_one_of_the_warehouses(site, desk, full_and_empty):
	"""A transfer names both; of what is moved nothing is told, and nothing is bought instead."""
	for warehouse in ("full", "empty"):
		site.arrange("only_warehouse", who="buyer", warehouse=full_and_empty[warehouse])
		try:
			page = opened(desk)
			expect(page.locator(".rl-empty")).to_be_visible()
			expect(page.locator(LINES)).to_have_count(0)
		finally:
			site.arrange("only_warehouse", who="buyer", warehouse=None)


def test_under_a_workflow(site, desk, full_and_empty):
	"""Whose word it does not take is told so, and nothing is requested; whose it takes, requests it."""
	site.arrange("workflow", doctype="Material Request", approver="Purchase Manager")
	try:
		page = opened(desk)
		approve(page)
		expect(page.locator(f"{RESULTS} li")).to_contain_text("the next step is not yours to take")
		expect(page.locator(LINES)).to_have_count(2)
		page = opened(desk, who="administrator")
		approve(page)
		expect(page.locator(f"{RESULTS} li")).to_contain_text("Requested")
		page.locator(".rl-undo").first.click()
		expect(page.locator(LINES)).to_have_count(2)
	finally:
		site.arrange("workflow", doctype="Material Request", approver=None)
