"""A policy folder as one file: an uncompressed zip of its two files, the same bytes for the same policy."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

from rl_replenishment.core.errors import PolicyFileError
from rl_replenishment.core.policies.store import MANIFEST_FILE, WEIGHTS_FILE

#: bytes; a policy of a million item-warehouses takes about 180 MB
LARGEST_ARCHIVE = 2**28
_NAMES = (MANIFEST_FILE, WEIGHTS_FILE)
#: the earliest that a zip can tell
_NO_DATE = (1980, 1, 1, 0, 0, 0)
_UNIX, _PRIVATE_FILE = 3, 0o100600 << 16
#: of the record that ends a zip without a comment, and the place in it of the size of the table of contents
_END, _END_BYTES, _TABLE_BYTES = b"PK\5\6", 22, slice(-10, -6)
#: what comes before it where that size is to be read elsewhere, and bytes of a table of two files
_SIZE_ELSEWHERE, _LARGEST_TABLE = b"PK\6\7", 1000


def pack(contents: Mapping[str, bytes]) -> bytes:
	"""The contents of a policy folder, by file name, as an archive."""
	buffer = io.BytesIO()
	with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
		for name in _NAMES:
			entry = zipfile.ZipInfo(name, _NO_DATE)
			# the same bytes on every system
			entry.create_system, entry.external_attr = _UNIX, _PRIVATE_FILE
			archive.writestr(entry, contents[name])
	return buffer.getvalue()


def unpack(data: bytes, source: str) -> dict[str, bytes]:
	"""The contents of a policy folder from an archive; `source` names it in errors.

	Nothing is written to the disk and nothing but the two files is accepted, neither compressed nor more of
	it than there is data, nor a long table of contents: a file from elsewhere cannot fill the memory.
	"""
	if len(data) > LARGEST_ARCHIVE:
		raise PolicyFileError(f"{source} has {len(data)} bytes, more than any policy.")
	try:
		_refuse_long_table(data, source)
		with zipfile.ZipFile(io.BytesIO(data)) as archive:
			entries = archive.infolist()
			if sorted(entry.filename for entry in entries) != sorted(_NAMES):
				raise PolicyFileError(f"{source} is not a policy: it does not hold {' and '.join(_NAMES)}.")
			for entry in entries:
				if entry.compress_type != zipfile.ZIP_STORED or entry.file_size > len(data):
					raise PolicyFileError(f"{source} is not a policy as it was saved: it is compressed.")
			return {entry.filename: archive.read(entry) for entry in entries}
	except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError):
		raise PolicyFileError(f"{source} is damaged; restore it from a backup or train again.") from None


def _refuse_long_table(data: bytes, source: str) -> None:
	"""Opening a zip reads all of its table of contents, of which each line takes ten times its bytes."""
	end = data[-_END_BYTES:]
	is_short = int.from_bytes(end[_TABLE_BYTES], "little") <= _LARGEST_TABLE
	if not end.startswith(_END) or not is_short or data[-_END_BYTES - 20 :].startswith(_SIZE_ELSEWHERE):
		raise PolicyFileError(
			f"{source} is damaged, or is no policy; restore it from a backup or train again."
		)
