"""A manager asks what 99 % would cost, takes a point, and takes it back."""

from __future__ import annotations

from playwright.sync_api import expect

#: a replay of the sample company in a worker, at most
REPLAY_MS = 60_000


def test_a_point_is_taken_and_taken_back(site, desk):
	site.arrange("drafts")
	page = desk("manager")
	page.open("rl-agent-settings")
	page.locator(".list-row .list-subject a").first.click()
	page.wait_for_function("() => cur_frm?.doctype === 'RL Agent Settings'")
	page.get_by_role("button", name="What Would 99 % Cost?").click()
	dialog = page.locator(".modal.show")
	expect(dialog.locator(".rl-service-chart svg")).to_be_visible(timeout=REPLAY_MS)
	expect(dialog.locator(".rl-service-now")).to_contain_text("Now")
	rows = dialog.locator("tbody tr:not(.rl-service-now)")
	at = rows.filter(has_text="95 %")
	at.get_by_role("button", name="Take 95 %").click()
	expect(at).to_contain_text("Target")
	expect(dialog.get_by_role("button", name="No Target")).to_be_visible()
	dialog.get_by_role("button", name="Undo").click()
	expect(at.get_by_role("button", name="Take 95 %")).to_be_visible()
	expect(dialog.get_by_role("button", name="No Target")).to_have_count(0)
	# a class by its name
	dialog.locator("select").first.select_option("Class")
	expect(dialog.locator("select")).to_have_count(2)
	expect(dialog.locator(".rl-service-chart svg")).to_be_visible()
	page.settle()
	page.keyboard.press("Escape")
	expect(page.locator(".modal.show")).to_have_count(0)
	assert page.evaluate("() => cur_frm.doc.service_targets.length") == 0
