"""Two years of 5,000 items, a million rows of the ledger: with RL_SLOW=1."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from conftest import Memory, Site
from test_end_to_end import ended, trainer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
ITEMS, ROWS = 5000, 1_000_000
SECONDS, MEBIBYTES = 180, 500


@pytest.mark.skipif(not os.environ.get("RL_SLOW"), reason="takes minutes: set RL_SLOW=1")
def test_pulling_a_million_ledger_rows(site: Site, tmp_path: Path) -> None:
	world = site.arrange("prepare_large", ITEMS, ROWS)
	try:
		worker, began = Memory(site.worker), time.monotonic()
		process = trainer(site.url, world, tmp_path / "work", action="pull")
		client = Memory(process.pid)
		assert ended(process)["stage"] == "pulled"
		seconds, there, here = time.monotonic() - began, worker.end(), client.end()
		size = (tmp_path / "work" / "records.zip").stat().st_size
		print(f"{seconds:.0f} s, {size / 2**20:.1f} MiB sent, worker {there:.0f} MiB, trainer {here:.0f} MiB")
		assert seconds < SECONDS
		assert there < MEBIBYTES
		assert here < MEBIBYTES
	finally:
		site.arrange("remove_large", world["agent"], world["prefix"])
