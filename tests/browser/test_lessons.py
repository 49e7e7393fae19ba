"""What buyers' changes taught, as they meet it: on a line, on a request, and in the agent's list."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

#: as the site writes numbers
COMMA = str.maketrans({".": ",", ",": "."})


@pytest.fixture(scope="module")
def taught(site):
	"""What a run proposed that follows three raises of a group."""
	yield site.arrange("taught")
	site.arrange("forget_agents")


def typed(quantity: float) -> str:
	return f"{quantity:g}".translate(COMMA)


def moved(taught: dict[str, Any]) -> tuple[str, float]:
	"""An item whose order a lesson moves, packs and minimum orders included, and what is proposed of it."""
	return next(
		(item, qty) for item, qty in taught["proposed"].items() if abs(qty - taught["usual"][item]) > 1e-3
	)


@pytest.mark.parametrize("width", [390, 1366])
def test_a_line_is_taken_back_for_once(taught, desk, width):
	"""The board says what was learned; *Not this time* takes it off at once, and undoing brings it back."""
	page = desk("buyer", width=width)
	page.open("rl-board")
	page.evaluate("() => localStorage.clear()")
	page.open("rl-board")
	item, proposed = moved(taught)
	line = page.locator(".rl-line", has_text=item)
	expect(line.locator(".rl-lesson")).to_contain_text(f"you raised {taught['group']} 3 times, which saved")
	field, button = line.locator(".rl-quantity input"), line.locator(".rl-not-this-time")
	expect(field).to_have_value(typed(proposed))
	box = button.bounding_box()
	assert box["x"] >= 0
	assert box["x"] + box["width"] <= width
	button.click()
	expect(field).to_have_value(typed(taught["usual"][item]))
	expect(line.locator("select")).to_have_value("Not This Time")
	expect(button).to_have_text("Undo")
	button.click()
	expect(field).to_have_value(typed(proposed))
	expect(button).to_have_text("Not this time")
	expect(page.locator(".rl-changed")).to_have_count(0)


def test_on_a_request(taught, desk):
	"""The same beside the lines of a Material Request; nothing is saved before the buyer does."""
	page = desk("buyer", heed=False)
	page.open(f"material-request/{taught['request']}")
	item, proposed = moved(taught)
	lesson = page.locator(".rl-lesson", has_text=f"you raised {taught['group']}").first
	expect(lesson).to_be_visible()
	quantity = "item => cur_frm.doc.items.find((row) => row.item_code === item).qty"
	button = lesson.locator(".rl-not-this-time")
	button.click()
	page.settle()
	assert page.evaluate(quantity, item) == taught["usual"][item]
	expect(page.locator(".rl-not-this-time").first).to_have_text("Undo")
	# a warning of ERPNext that holds packs against pieces is gone by itself
	expect(page.locator(".modal.show")).to_have_count(0)
	page.locator(".rl-not-this-time").first.click()
	page.settle()
	assert page.evaluate(quantity, item) == proposed
	expect(page.locator(".rl-not-this-time").first).to_have_text("Not this time")


def test_the_list_of_what_was_learned(taught, site, desk):
	"""With what it rests on; switched off it stays off through the night."""
	page = desk("manager")
	page.open(f"rl-agent-settings/{taught['agent']}")
	lessons = page.locator(".rl-lessons")
	expect(lessons).to_contain_text("What I Learned from You")
	row = lessons.locator("tr", has_text=f"you raised {taught['group']} 3 times")
	expect(row).to_contain_text("which saved")
	expect(row).to_contain_text("followed fully")
	for switch in lessons.locator(".rl-follow").all():
		switch.click()
		page.settle()
	expect(lessons.locator(".indicator-pill", has_text="Switched Off")).to_have_count(
		lessons.locator("tr").count()
	)
	expect(row).to_contain_text("switched off.")
	assert site.arrange("nightly") == ""
	page.open(f"rl-agent-settings/{taught['agent']}")
	expect(row).to_contain_text("switched off.")
	row.locator(".rl-follow").click()
	page.settle()
	expect(row).to_contain_text("followed fully")
	assert taught["group"] in site.arrange("nightly")


def where_it_is_another_day(zone: str) -> str:
	"""A time zone whose date is not that of another one."""
	here = datetime.now(ZoneInfo(zone)).date()
	ends_of_the_world = ("Pacific/Kiritimati", "Pacific/Pago_Pago")
	return next(far for far in ends_of_the_world if datetime.now(ZoneInfo(far)).date() != here)


@pytest.mark.parametrize("travels", [False, True])
def test_forgetting_and_its_undoing(taught, site, desk, travels):
	"""What was changed until today says nothing from the next run on; an emptied date brings it back.

	Today is the site's, wherever the user may be.
	"""
	page = desk("manager")
	page.open(f"rl-agent-settings/{taught['agent']}")
	if travels:
		zone = where_it_is_another_day(page.evaluate("frappe.boot.time_zone.system"))
		page.evaluate("zone => { frappe.boot.time_zone.user = zone; }", zone)
		today = page.evaluate("[frappe.datetime.get_today(), frappe.datetime.system_datetime()]")
		assert not today[1].startswith(today[0])
	row = page.locator(".rl-lessons tr", has_text=taught["group"]).first
	name = row.locator(".rl-forget").get_attribute("data-lesson")
	row.locator(".rl-forget").click()
	yes = page.locator(".modal.show .btn-primary")
	yes.wait_for()
	# while it still opens, a dialog does not close
	page.wait_for_timeout(500)
	yes.click()
	expect(row).to_contain_text("To be learned anew")
	assert site.arrange("nightly") == ""
	page.open(f"rl-lesson/{name}")
	expect(page.locator(".form-page")).to_contain_text("There is nothing to learn from at present.")
	page.get_by_role("button", name="Remember Again").click()
	page.settle()
	assert taught["group"] in site.arrange("nightly")
	page.open(f"rl-lesson/{name}")
	expect(page.locator(".form-page")).to_contain_text(f"you raised {taught['group']} 3 times")
