"""Encodings, delimiters, headers and rows of the files that people really export."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from rl_replenishment.core.errors import InputError
from rl_replenishment.core.files.table import Column, Table, read_table

WriteFile = Callable[..., Path]
COLUMNS = (
	Column("item_code", ("ProductID", "Item"), required=True),
	Column("qty", ("Quantity", "Stock Qty"), required=True),
	Column("warehouse"),
)


def cells(table: Table) -> list[tuple[str, str]]:
	return list(zip(table.texts("item_code"), table.texts("qty"), strict=True))


def refusal(path: Path) -> str:
	with pytest.raises(InputError) as caught:
		read_table(path, COLUMNS)
	message = str(caught.value)
	assert message.endswith(".")
	assert "\n" not in message
	return message


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_delimiters_line_ends_and_encodings(
	write: WriteFile, delimiter: str, newline: str, encoding: str
) -> None:
	text = newline.join(delimiter.join(row) for row in (("item_code", "qty"), ("Käse €", "1"), ("b", "2")))
	table = read_table(write(text, encoding), COLUMNS)
	assert cells(table) == [("Käse €", "1"), ("b", "2")]
	assert table.delimiter == delimiter
	assert table.lines.tolist() == [2, 3]


def test_bytes_that_windows_leaves_undefined_are_read(write: WriteFile) -> None:
	assert cells(read_table(write(b"item_code,qty\n\x81\xe4,1\n"), COLUMNS)) == [("\x81ä", "1")]


def test_utf16_without_mark_is_refused_as_no_plain_text(write: WriteFile) -> None:
	assert "data.csv, row 1 holds a NUL byte" in refusal(write("item_code,qty\na,1\n".encode("utf-16-le")))


def test_damaged_utf16_and_utf8_with_a_mark_are_refused(write: WriteFile) -> None:
	assert "starts as UTF-16" in refusal(write("item_code,qty\na,1".encode("utf-16") + b"\n"))
	assert "starts as UTF-8" in refusal(write(b"\xef\xbb\xbfitem_code,qty\n\xe4,1\n"))


@pytest.mark.parametrize(
	"header",
	[
		"item_code,qty",
		" ITEM_CODE , Qty ",
		"Item Code,Quantity",
		"ProductID,Quantity",
		"product id,stock qty",
		"Item Code (Sales Order Item),Quantity (Items)",
	],
)
def test_headers_match_without_case_and_by_alias(write: WriteFile, header: str) -> None:
	table = read_table(write(f"{header}\na,1\n"), COLUMNS)
	assert cells(table) == [("a", "1")]
	assert table.columns["item_code"].header == header.split(",")[0].strip()


def test_excels_separator_line_names_the_delimiter(write: WriteFile) -> None:
	table = read_table(write("sep=|\nqty,extra|item_code\n1|a\n"), (*COLUMNS[:1],))
	assert table.delimiter == "|"
	assert table.texts("item_code") == ["a"]
	assert table.lines.tolist() == [3]


def test_other_columns_are_ignored_even_when_doubled_or_nameless(write: WriteFile) -> None:
	table = read_table(write("note,item_code,,note,qty,\nx,a,,y,1,\n"), COLUMNS)
	assert cells(table) == [("a", "1")]
	assert "warehouse" not in table.columns
	assert table.texts("warehouse") == [""]


def test_the_documented_name_beats_an_alias(write: WriteFile) -> None:
	assert cells(read_table(write("ProductID,item_code,Quantity,qty\nx,a,9,1\n"), COLUMNS)) == [("a", "1")]


@pytest.mark.parametrize(
	("header", "both"),
	[
		("item_code,qty,QTY", '"qty" and "QTY"'),
		("item_code,Quantity,Stock Qty", '"Quantity" and "Stock Qty"'),
	],
)
def test_two_columns_for_one_thing_are_refused(write: WriteFile, header: str, both: str) -> None:
	message = refusal(write(f"{header}\na,1,2\n"))
	assert message.startswith(f"data.csv has two columns for qty, {both};")


def test_a_missing_column_is_refused_with_the_columns_found(write: WriteFile) -> None:
	message = refusal(write("item_code;amount;note\na;1;x\n"))
	assert "data.csv has no column qty (its columns: item_code, amount, note)" in message


def test_a_long_header_is_cut_in_messages(write: WriteFile) -> None:
	message = refusal(write(",".join(f"column_{number}" for number in range(500)) + "\n"))
	assert len(message) < 350


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\n\r\n  \n", b",,,\n"])
def test_an_empty_file_is_refused(write: WriteFile, content: bytes) -> None:
	assert refusal(write(content)) == "data.csv is empty; it needs a header line and rows."


@pytest.mark.parametrize("content", ["item_code,qty", "item_code,qty\n\n ,\n"])
def test_a_header_alone_is_refused(write: WriteFile, content: str) -> None:
	assert refusal(write(content)) == "data.csv has a header but no rows; add the rows below the header."


def test_blank_lines_are_skipped_and_counted(write: WriteFile) -> None:
	"""Rows are numbered as an editor shows them, whatever was skipped before."""
	table = read_table(write("\n\nitem_code,qty\n\na,1\n,,\n , \nb,2\n\n"), COLUMNS)
	assert cells(table) == [("a", "1"), ("b", "2")]
	assert table.lines.tolist() == [5, 8]


def test_quoted_fields(write: WriteFile) -> None:
	text = 'item_code,note,qty\n"a, ""b""","two\nlines", "1"\nc,5" pipe,2\n'
	table = read_table(write(text), COLUMNS)
	assert cells(table) == [('a, "b"', "1"), ("c", "2")]
	assert table.lines.tolist() == [2, 4]


@pytest.mark.parametrize("row", ['"b,2', '"b" x,2'])
def test_quotation_marks_that_do_not_pair_up_are_refused(write: WriteFile, row: str) -> None:
	"""An open quotation mark must not swallow the rest of the file."""
	message = refusal(write(f"item_code,qty\na,1\n{row}\nc,3\nd,4\n"))
	assert message.startswith("data.csv, row 3: the quotation marks do not pair up;")


def test_quotation_marks_that_do_not_pair_up_in_the_header_are_refused(write: WriteFile) -> None:
	assert refusal(write('"item_code,qty\na,1\n')).startswith("data.csv, row 1: the quotation marks")


@pytest.mark.parametrize(
	("row", "fields"), [("b", "1 field"), ("b,2,x,3", "4 fields"), ("b,1,5", "3 fields")]
)
def test_a_ragged_row_is_refused(write: WriteFile, row: str, fields: str) -> None:
	message = refusal(write(f"item_code,qty\na,1\n{row}\n"))
	assert message.startswith(f"data.csv, row 3 has {fields} where the header has 2;")


def test_blank_fields_beyond_the_header_are_ignored(write: WriteFile) -> None:
	assert cells(read_table(write("item_code,qty\na,1,,\nb,2, \n"), COLUMNS)) == [("a", "1"), ("b", "2")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_nul_byte_is_refused_with_its_row(write: WriteFile, encoding: str) -> None:
	message = refusal(write("item_code,qty\na,1\nb\0,2\n", encoding))
	assert message.startswith("data.csv, row 3 holds a NUL byte, so the file is not plain text;")


def test_a_workbook_is_refused(write: WriteFile) -> None:
	assert "save it as CSV" in refusal(write(b"PK\x03\x04\x14\x00\x06\x00"))


def test_a_missing_file_a_folder_and_an_impossible_name_are_refused(tmp_path: Path) -> None:
	assert refusal(tmp_path / "none.csv") == f"{tmp_path / 'none.csv'} does not exist; check the path."
	assert refusal(tmp_path) == f"{tmp_path} is a folder; name a file in it."
	assert "cannot be read" in refusal(tmp_path / ("x" * 5000))
	assert "cannot be read" in refusal(Path("a\0b"))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_refused(write: WriteFile) -> None:
	path = write("item_code,qty\na,1\n")
	path.chmod(0)
	assert "cannot be read (Permission denied)" in refusal(path)


def test_a_denied_file_is_refused(write: WriteFile, monkeypatch: pytest.MonkeyPatch) -> None:
	def deny(path: Path) -> bytes:
		raise PermissionError(13, "Permission denied", str(path))

	monkeypatch.setattr(Path, "read_bytes", deny)
	assert "cannot be read (Permission denied); check" in refusal(write("item_code,qty\na,1\n"))


def test_texts_are_kept_once_and_without_blanks_around_them(write: WriteFile) -> None:
	column = read_table(write("item_code,qty\na,1\n a,2\nb ,1\n\tb,1\n"), COLUMNS).columns["item_code"]
	assert column.distinct == ["a", "b"]
	assert column.codes.tolist() == [0, 0, 1, 1]
	assert column.first_row(1) == 2


def test_batches_and_blocks_join_without_a_seam(write: WriteFile) -> None:
	"""More rows than one batch, and a two-byte character across the edge of a block."""
	rows = "".join(f"ä{number % 7},{number}\n" for number in range(150_000))
	for filler in ("", "x"):
		table = read_table(write(f"item_code,qty\n{filler}ä,0\n{rows}"), COLUMNS)
		assert len(table) == 150_001
		assert table.texts("qty")[1:] == [str(number) for number in range(150_000)]
		assert table.lines[-1] == 150_002
