"""Redraw the pictures of docs/desk.md from a running site with the sample company.

Needs playwright and chromium, and a site with a worker, the company of `rl_replenishment.demo.make`, its
agent trained and the policy in use, and proposals: python docs/make_screenshots.py URL USER PASSWORD
"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

IMAGES = Path(__file__).parent / "images"
AGENT = "Sample Company"
#: an empty desk has drawn itself
SETTLE_MS = 5000
#: a replay in a worker has ended
PATIENCE_MS = 180_000


def main(url: str, user: str, password: str) -> None:
	"""One picture per page."""
	with sync_playwright() as browsers:
		browser = browsers.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
		context = browser.new_context(viewport={"width": 1280, "height": 800})
		answer = context.request.post(f"{url}/api/method/login", form={"usr": user, "pwd": password})
		if not answer.ok:
			sys.exit(f"{url} refuses to sign in {user}: give a user of that site and the password.")
		page = context.new_page()
		page.set_default_timeout(PATIENCE_MS)

		def picture(name: str, path: str) -> None:
			page.goto(f"{url}/app/{path}")
			page.wait_for_load_state("networkidle")
			page.wait_for_timeout(SETTLE_MS)
			# cards and charts ask by themselves
			page.wait_for_function("() => !document.body.innerText.includes('Loading...')")
			page.wait_for_timeout(SETTLE_MS)
			page.screenshot(path=IMAGES / f"desk_{name}.png")

		picture("workspace", "rl-replenishment")
		picture("proposals", f'rl-proposal?agent={AGENT}&status=["in",["Proposed","Requested"]]')
		picture("stock_health", f"query-report/RL Stock Health?agent={AGENT}")
		picture("backtest", f"query-report/RL Backtest?agent={AGENT}")
		picture("backtest_items", f"query-report/RL Backtest?agent={AGENT}&by=Item")
		_board(page, url)
		_request(page, url)
		_agent(page, url)
		_promote(page, url)
		_service(page, url)


def _board(page: Page, url: str) -> None:
	"""The buyer's board with one line changed and one explained; on a phone, too."""
	page.goto(f"{url}/app/rl-board?agent={AGENT}")
	page.set_viewport_size({"width": 1280, "height": 1080})
	page.wait_for_timeout(SETTLE_MS)
	quantity = page.locator(".rl-quantity input").nth(1)
	quantity.fill(str(round(1.5 * float(quantity.input_value().replace(",", "")))))
	page.locator(".rl-why-button").nth(2).click()
	page.wait_for_timeout(SETTLE_MS)
	page.screenshot(path=IMAGES / "desk_board.png")
	page.locator(".rl-why-button").nth(2).click()
	page.set_viewport_size({"width": 390, "height": 844})
	page.wait_for_timeout(2000)
	page.screenshot(path=IMAGES / "desk_board_phone.png")
	page.evaluate("() => localStorage.clear()")
	page.set_viewport_size({"width": 1280, "height": 800})


def _request(page: Page, url: str) -> None:
	"""A Material Request with one line changed and one explained, all of it in view."""
	page.set_viewport_size({"width": 1280, "height": 1800})
	page.goto(f"{url}/app/material-request?rl_agent={AGENT}&docstatus=0")
	page.wait_for_timeout(SETTLE_MS)
	page.locator(".list-row .list-subject a").first.click()
	page.wait_for_timeout(SETTLE_MS)
	page.evaluate(
		"() => { const row = cur_frm.doc.items[0];"
		" frappe.model.set_value(row.doctype, row.name, 'qty', row.qty + 40); }"
	)
	page.wait_for_timeout(1500)
	# ERPNext may have a word on minimum orders
	page.evaluate("() => frappe.msg_dialog?.hide()")
	page.wait_for_timeout(500)
	page.locator(".rl-reason[data-reason=Promotion]").first.click()
	page.locator(".rl-why").first.click()
	page.wait_for_timeout(2000)
	page.locator(".rl-panel").scroll_into_view_if_needed()
	page.locator(".rl-panel").screenshot(path=IMAGES / "desk_request.png")
	page.set_viewport_size({"width": 1280, "height": 800})


def _agent(page: Page, url: str) -> None:
	page.set_viewport_size({"width": 1280, "height": 1280})
	page.goto(f"{url}/app/rl-agent-settings/{AGENT}")
	page.locator(".rl-chart svg .bar").first.wait_for()
	page.wait_for_timeout(SETTLE_MS)
	page.screenshot(path=IMAGES / "desk_agent.png")


def _promote(page: Page, url: str) -> None:
	"""What the newest policy would propose differently, before it is put to use."""
	page.set_viewport_size({"width": 1280, "height": 800})
	page.goto(f"{url}/app/rl-agent-settings/{AGENT}")
	page.locator(".rl-promote").first.click(timeout=PATIENCE_MS)
	page.locator(".rl-differences").wait_for(timeout=PATIENCE_MS)
	page.wait_for_timeout(1000)
	page.locator(".modal.show .modal-content").screenshot(path=IMAGES / "desk_promote.png")


def _service(page: Page, url: str) -> None:
	"""What more or less service would cost."""
	page.set_viewport_size({"width": 1280, "height": 1000})
	page.goto(f"{url}/app/rl-agent-settings/{AGENT}")
	page.get_by_role("button", name="What Would 99 % Cost?").click(timeout=PATIENCE_MS)
	page.locator(".rl-service-chart svg").wait_for(timeout=PATIENCE_MS)
	page.wait_for_timeout(1000)
	page.locator(".modal.show .modal-content").screenshot(path=IMAGES / "desk_service.png")


if __name__ == "__main__":
	if len(sys.argv) != 4:
		sys.exit(__doc__)
	main(*sys.argv[1:])
