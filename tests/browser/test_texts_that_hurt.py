"""Scripts in every text that the app shows: none runs, in any form, list, report, chart, card or e-mail.

The last of these tests by name: what it makes is of another company, and others begin without any agent.
"""

from __future__ import annotations

import pytest

REPORTS = (
	"RL Feedback Analysis",
	"RL Feedback Analysis?group_by=Reason",
	"RL Edit Value",
	"RL Backtest",
	"RL Backtest?by=Item",
	"RL Stock Health",
	"RL Supplier Lead Times",
	"RL Supplier Lead Times?by_item=1",
	# what a link from elsewhere may bring along
	"RL Supplier Lead Times?company=<img src=x onerror=window.hurt=1>",
	"RL Feedback Analysis?company=<img src=x onerror=window.hurt=1>",
)
#: the elements that a text has become
WHERE = """() => [...document.querySelectorAll("[onerror], [onload]")].map((element) => {
	const field = element.closest("[data-fieldname], [data-field], .datatable, .list-row, .page-head");
	return `${field?.outerHTML.slice(0, 300)} ... ${element.parentElement.outerHTML.slice(0, 200)}`;
})"""


@pytest.fixture(scope="module")
def hostile(site):
	"""What to open, once all texts are scripts."""
	found = site.arrange("hostile")
	yield found
	site.arrange("forget_agents")


@pytest.fixture
def watched(desk):
	"""A page of the desk, and a check that nothing has run on it."""
	page = desk("manager", heed=False)

	def check() -> None:
		assert not page.evaluate("window.hurt"), f"{page.url}: {page.evaluate(WHERE)}"

	page.check = check
	return page


def test_a_script_that_runs_is_seen(watched):
	"""The check itself: a page without any care."""
	watched.goto("/app/rl-replenishment")
	watched.evaluate('document.body.innerHTML = \'<img src="nowhere" onerror="window.hurt = 1">\'')
	watched.wait_for_function("window.hurt === 1")


def test_forms_and_lists(hostile, watched):
	for doctype, names in hostile["names"].items():
		slug = doctype.lower().replace(" ", "-")
		for path in (slug, f"{slug}/view/report", *(f"{slug}/{name}" for name in names)):
			watched.open(path)
			watched.check()
			# what a click shows besides
			for button in watched.locator("details > summary, .section-head.collapsible").all():
				if button.is_visible():
					button.click()
			watched.settle()
			watched.check()


def test_the_policys_promotions(hostile, watched):
	watched.open(f"rl-policy/{hostile['names']['RL Policy'][0]}")
	assert watched.get_by_text("window.hurt").first.is_visible()
	watched.check()


@pytest.mark.parametrize("report", REPORTS)
def test_reports(hostile, watched, report):
	watched.open(f"query-report/{report}")
	watched.check()


def test_the_workspace_and_its_cards(hostile, watched):
	watched.open("rl-replenishment")
	watched.check()


def test_a_request_and_its_panel(hostile, watched):
	watched.open(f"material-request/{hostile['request']}")
	why = watched.locator(".rl-why")
	why.first.click()
	watched.settle()
	watched.check()


def test_e_mails(hostile, watched):
	watched.goto("/app/rl-replenishment")
	for mail in hostile["mails"]:
		watched.evaluate("html => { document.body.innerHTML = html }", mail)
		watched.wait_for_timeout(300)
		watched.check()
