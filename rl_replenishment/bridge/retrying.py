"""What is done in a transaction of its own, and again where another one was in its way."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import frappe

R = TypeVar("R")

#: what another transaction's locks end in: of a deadlock the whole transaction is gone, savepoints included
IN_THE_WAY = (frappe.QueryDeadlockError, frappe.QueryTimeoutError)
ATTEMPTS = 5
#: before the first further attempt; each one waits twice as long
PAUSE_SECONDS = 0.1


def in_a_transaction(work: Callable[[], R], *, attempts: int = ATTEMPTS) -> R:
	"""Do the work from the start of a transaction and commit it; begin anew where locks were in the way.

	What is pending is committed before. Whatever else goes wrong is rolled back, and raised.
	"""
	frappe.db.commit()  # so that nothing of the caller's is lost with an attempt; nosemgrep
	for attempt in range(1, attempts + 1):
		try:
			result = work()
			frappe.db.commit()  # for the reason above; nosemgrep
			return result
		except IN_THE_WAY:
			frappe.db.rollback()
			if attempt == attempts:
				raise
			time.sleep(PAUSE_SECONDS * 2**attempt)
		except BaseException:
			frappe.db.rollback()
			raise
	raise AssertionError("unreachable")
