"""What is done in a transaction of its own, and again where another one was in its way."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import frappe
from rq.timeouts import JobTimeoutException

R = TypeVar("R")

#: what another transaction's locks end in: of a deadlock the whole transaction is gone, savepoints included
IN_THE_WAY = (frappe.QueryDeadlockError, frappe.QueryTimeoutError)
ATTEMPTS = 5
#: before the first further attempt; each one waits twice as long
PAUSE_SECONDS = 0.2
#: MariaDB's and its client's numbers for a connection that is gone, or was cut
_GONE = (1152, 1184, 1927, 2006, 2013, 2055, 4031)


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
			start_over()
			if attempt == attempts:
				raise
			time.sleep(PAUSE_SECONDS * 2 ** (attempt - 1))
		except BaseException:
			start_over()
			raise
	raise AssertionError("unreachable")


def start_over() -> None:
	"""Roll back; where the connection is gone, which has done so, take a new one."""
	before = frappe.db
	try:
		before.rollback()
	except JobTimeoutException:
		raise
	except Exception:
		frappe.connect(set_admin_as_user=False)
		# what the transaction has written besides, as files, is taken back all the same
		before.after_rollback.run()


def is_connection_lost(error: BaseException) -> bool:
	"""Whether an error says that the connection to the database is gone."""
	number = error.args[0] if error.args else None
	return type(error).__name__ == "InterfaceError" or (isinstance(number, int) and number in _GONE)


def is_of_the_transaction(error: BaseException) -> bool:
	"""Whether an error says nothing of the document at hand: locks, the connection, the job's time."""
	return isinstance(error, (*IN_THE_WAY, JobTimeoutException)) or is_connection_lost(error)
