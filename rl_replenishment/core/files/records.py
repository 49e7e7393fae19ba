"""Delimited text as records: its bytes, its encoding, its rows with the lines they start on."""

from __future__ import annotations

import codecs
import csv
import io
import re
from array import array
from collections.abc import Iterator
from pathlib import Path

from rl_replenishment.core.errors import InputError

#: rows are encoded in batches: few enough to stay in the cache, enough to keep the loop in C
BATCH_ROWS = 1024
BLOCK_BYTES = 1 << 20
#: Excel's own first line, which names the delimiter
SEPARATOR_LINE = re.compile(r'"?sep=([,;|\t])"?', re.IGNORECASE)


class Records:
	"""The header and the rows of the text, with the line that each row starts on."""

	def __init__(self, data: bytes, encoding: str, delimiter: str, name: str) -> None:
		text = io.TextIOWrapper(io.BytesIO(data), encoding=encoding, newline="")
		# strict: a quotation mark that is never closed would otherwise swallow the rest of the file
		self._reader = csv.reader(text, delimiter=delimiter, strict=True, skipinitialspace=True)
		self._name = name
		self.delimiter = delimiter
		self.header = self._read_header(delimiter)

	def _read_header(self, delimiter: str) -> list[str]:
		line = 1
		try:
			for record in self._reader:
				line_text = delimiter.join(record)
				# a line of nothing but delimiters, of whichever kind, is blank
				if line_text.strip(" ,;|\t\r\n") and not SEPARATOR_LINE.fullmatch(line_text):
					return record
				line = self._reader.line_num + 1
		except csv.Error:
			raise self._unpaired_quotes(line) from None
		raise InputError(f"{self._name} is empty; it needs a header line and rows.")

	def batches(self, lines: array[int], key: int) -> Iterator[list[list[str]]]:
		"""The rows that are not blank, in batches; appends the line of each to `lines` first.

		`key` is the column whose blank cell makes a row worth a look whether all of it is blank.
		"""
		reader, width = self._reader, len(self.header)
		batch: list[list[str]] = []
		line = reader.line_num + 1
		try:
			for record in reader:
				if len(record) != width or not record[key].strip():
					if not any(map(str.strip, record)):
						line = reader.line_num + 1
						continue
					if len(record) < width or any(map(str.strip, record[width:])):
						raise self._ragged(line, len(record))
				batch.append(record)
				lines.append(line)
				line = reader.line_num + 1
				if len(batch) == BATCH_ROWS:
					yield batch
					batch = []
		except csv.Error:
			raise self._unpaired_quotes(line) from None
		yield batch

	def _ragged(self, line: int, fields: int) -> InputError:
		return InputError(
			f"{self._name}, row {line} has {fields} {'field' if fields == 1 else 'fields'} where the header"
			f" has {len(self.header)}; complete the row, and quote a field that contains the delimiter."
		)

	def _unpaired_quotes(self, line: int) -> InputError:
		return InputError(
			f"{self._name}, row {line}: the quotation marks do not pair up; close the field, and double each"
			" quotation mark inside it."
		)


def read_bytes(path: Path) -> bytes:
	try:
		return path.read_bytes()
	except FileNotFoundError:
		raise InputError(f"{path} does not exist; check the path.") from None
	except IsADirectoryError:
		raise InputError(f"{path} is a folder; name a file in it.") from None
	except (OSError, ValueError) as error:
		reason = getattr(error, "strerror", None) or error
		raise InputError(f"{path} cannot be read ({reason}); check the path and its permissions.") from None


def find_encoding(data: bytes, name: str) -> str:
	"""The encoding that reads all of `data`; raises `InputError` where it is no text."""
	if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
		candidates: tuple[str, ...] = ("utf-16",)
	elif data.startswith(codecs.BOM_UTF8):
		candidates = ("utf-8-sig",)
	else:
		# latin-1 reads the five bytes that Windows-1252 leaves undefined
		candidates = ("utf-8", "cp1252", "latin-1")
	for encoding in candidates:
		decoder = codecs.getincrementaldecoder(encoding)()
		line = 1
		try:
			for start in range(0, len(data), BLOCK_BYTES):
				text = decoder.decode(data[start : start + BLOCK_BYTES], start + BLOCK_BYTES >= len(data))
				if "\0" in text:
					line += text.count("\n", 0, text.index("\0"))
					raise InputError(
						f"{name}, row {line} holds a NUL byte, so the file is not plain text; save it as CSV"
						" (UTF-8) and name that file."
					)
				line += text.count("\n")
			return encoding
		except UnicodeError:
			continue
	raise InputError(
		f"{name} starts as {candidates[0].removesuffix('-sig').upper()} but does not stay so near row {line};"
		" save it again as CSV (UTF-8)."
	)
