"""A manager makes an agent, trains it, and decides what is in use."""

from __future__ import annotations

from playwright.sync_api import expect

FILL_IN_AGENT = """async ([company, warehouses]) => {
	await cur_frm.set_value({ agent_name: "By Hand", company, training_minutes: 1, auto_promote: 0 });
	warehouses.forEach((warehouse) => cur_frm.add_child("warehouses", { warehouse }));
	cur_frm.refresh_field("warehouses");
}"""
#: beyond reading and tuning the rules
IS_TRAINING = "() => +document.querySelector('.rl-facts [role=progressbar]')?.ariaValueNow > 14"
#: a training of this test, at most
TRAINING_MS = 150_000


def test_from_no_agent_to_a_policy_in_use(site, desk):
	site.arrange("forget_agents")
	page = desk("manager")

	page.open("rl-replenishment")
	steps = page.locator(".rl-getting-started li")
	expect(steps).to_have_count(5)
	expect(steps.filter(has_text="Done")).to_have_count(0)

	steps.first.get_by_role("link").click()
	page.wait_for_function("() => cur_frm?.doctype === 'RL Agent Settings' && cur_frm.is_new()")
	page.evaluate(FILL_IN_AGENT, [site.company, site.warehouses])
	page.get_by_role("button", name="Save", exact=True).click()
	page.wait_for_function("() => !cur_frm.is_new()")
	overview = page.locator(".rl-facts")

	# proposals come without training too, by the best classical rule
	page.get_by_role("button", name="Propose Now", exact=True).click()
	page.get_by_role("button", name="Yes", exact=True).click()
	expect(overview).to_contain_text("In Progress")
	expect(overview).to_contain_text("Completed", timeout=90_000)
	expect(page.locator(".rl-policies")).to_contain_text("Active")
	expect(overview.get_by_role("link", name="Review")).to_be_visible()

	# a training that is cancelled keeps what it found
	page.get_by_role("button", name="Train", exact=True).click()
	page.get_by_role("button", name="Yes", exact=True).click()
	bar = overview.get_by_role("progressbar")
	expect(bar).to_be_visible()
	page.wait_for_function(IS_TRAINING, timeout=60_000)
	overview.get_by_role("button", name="Cancel Training").click()
	page.get_by_role("button", name="Yes", exact=True).click()
	expect(overview).to_contain_text("Cancelled", timeout=60_000)

	page.get_by_role("button", name="Train", exact=True).click()
	page.get_by_role("button", name="Yes", exact=True).click()
	expect(bar).to_be_visible()
	expect(overview).to_contain_text("stays in use", timeout=TRAINING_MS)
	expect(overview.get_by_role("progressbar")).to_have_count(0)

	# promote the newest, and go back
	policies = page.locator(".rl-policies tr")
	newest = policies.first.locator("td").first.inner_text()
	first = policies.last.locator("td").first.inner_text()
	policies.first.get_by_role("button", name=f"Put {newest} to Use").click()
	expect(page.locator(".modal.show")).to_contain_text("On today's stock it would order for")
	page.locator(".modal.show").get_by_role("button", name="Promote").click()
	expect(policies.first).to_contain_text("Active")
	page.get_by_role("button", name="Roll Back", exact=True).click()
	page.locator(".modal.show").get_by_role("button", name="Roll Back").click()
	expect(policies.filter(has_text=first)).to_contain_text("Active")

	page.get_by_role("button", name="What Would You Propose Now?").click()
	expect(page.locator(".modal.show")).to_contain_text("Nothing was written")


def test_a_training_run_tells_what_it_did(site, desk):
	page = desk("manager")
	page.open("rl-training-run?status=Completed")
	page.locator(".list-row .list-subject a").first.click()
	expect(page.locator(".rl-compared table")).to_be_visible()


def test_a_training_run_tells_what_events_do(site, desk):
	page = desk("manager")
	page.open(f"rl-training-run/{site.arrange('told_of_events')}")
	told = page.get_by_text("Holidays and Promotions").locator("+ ul li")
	expect(told).to_have_text(
		[
			"Fair, seen 4 times: demand is 1,50 times the usual",
			"Promotion, seen 12 times: demand at 20 % off is 1,80 times the usual",
			"Inventory Day, seen 2 times: what it does cannot be told from chance",
			"Counting them in cost 7,0 % less on the days that rules were judged on.",
			"Not seen on days that tell what it does, so it changes nothing: Gala",
		]
	)
	page.open(f"rl-training-run/{site.arrange('told_of_events', cost_ratio=1.12)}")
	expect(told).to_have_text(
		["Counting them in cost 12,0 % more on the days that rules were judged on. They change nothing."]
	)


def test_the_steps_tick_themselves_off(site, desk):
	site.arrange("answers")
	page = desk("manager")
	page.open("query-report/RL Backtest")
	expect(page.locator(".datatable .dt-row").nth(1)).to_be_visible()
	page.open("rl-replenishment")
	expect(page.get_by_text("Open Proposals").first).to_be_visible()
	expect(page.locator(".rl-getting-started li")).to_have_count(0)
