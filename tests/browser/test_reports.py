"""Every report opens with data and without."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

REPORTS = (
	"RL Feedback Analysis",
	"RL Edit Value",
	"RL Backtest",
	"RL Stock Health",
	"RL Supplier Lead Times",
)


@pytest.mark.parametrize("report", REPORTS)
def test_without_data(site, desk, report):
	site.arrange("forget_agents")
	page = desk("buyer")
	page.open(f"query-report/{report}?company={site.company}&from_date=2001-01-01&to_date=2001-01-02")
	expect(page.locator(".report-wrapper, .msg-box").first).to_be_attached()
	expect(page.locator(".datatable .dt-row-0")).to_have_count(0)


@pytest.mark.parametrize("report", [*REPORTS, "RL Backtest?by=Item"])
def test_with_data(site, desk, report):
	site.arrange("answers")
	site.arrange("compared")
	page = desk("manager")
	page.open(f"query-report/{report}")
	expect(page.locator(".datatable .dt-row-0")).to_be_visible()
	expect(page.locator(".report-summary .summary-item").first).to_be_visible()
	expect(page.locator(".chart-wrapper svg").first).to_be_visible()
