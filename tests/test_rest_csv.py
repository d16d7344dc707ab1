"""CSV files with callback requests, as spreadsheets and people write them."""

import pytest

from xucd.config.csv_table import MAX_LINES, MAX_SPAN, BadLine, CsvError
from xucd.web.rest_csv import CsvFile, Row, read, write

HEADER = "phoneNumber|mobilePhoneNumber|firstName|lastName|company|description|dueDate|period"
ALICE = Row(
    2,
    {
        "phoneNumber": "0230210082",
        "mobilePhoneNumber": "0789654123",
        "firstName": "Alice",
        "lastName": "O'Neill",
        "company": "YourSociety",
        "dueDate": "2026-12-01",
        "period": "Afternoon",
    },
)


@pytest.mark.parametrize("separator", "|;,")
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", ["", "\n", "\n\n  \n"])
def test_each_separator_and_each_way_to_end_a_line_is_understood(
    separator: str, end: str, last: str
) -> None:
    line = "0230210082|0789654123|Alice|O'Neill|YourSociety||2026-12-01|Afternoon"
    text = f"{HEADER}\n{line}{last}".replace("|", separator).replace("\n", end)
    assert read(CsvFile(text.encode())) == ([ALICE], [])


def test_columns_may_stand_in_any_order_and_all_but_the_number_may_be_missing() -> None:
    rows, bad = read(CsvFile(b"period;phoneNumber\n Morning ;  100 \n;200\n"))
    assert rows == [
        Row(2, {"phoneNumber": "100", "period": "Morning"}),
        Row(3, {"phoneNumber": "200"}),
    ]
    assert not bad
    assert read(CsvFile(b"mobilePhoneNumber\n100\n"))[0] == [Row(2, {"mobilePhoneNumber": "100"})]


def test_rows_and_columns_without_a_text_are_none() -> None:
    text = (
        ';;;;\n"";"";;;\nphoneNumber;;lastName;;\n100;;Berg;;\n;;;;\n200;" ";;;;;\n"";;;;\n'
        "300;x;;;\n400;;;;;y\n500;;Cole\n600;\n"
    )
    rows, bad = read(CsvFile(text.encode()))
    assert rows == [
        Row(4, {"phoneNumber": "100", "lastName": "Berg"}),
        Row(6, {"phoneNumber": "200"}),
        Row(10, {"phoneNumber": "500", "lastName": "Cole"}),
    ]
    assert bad == [
        BadLine(8, "LineInvalid", "Column 2 has no name in the header."),
        BadLine(9, "LineInvalid", "The line has 6 fields, the header 3."),
        BadLine(11, "LineInvalid", "The line has 2 fields, the header 3."),
    ]


@pytest.mark.parametrize(
    ("charset", "stated"),
    [
        ("utf-8", None),
        ("utf-8-sig", None),
        ("latin-1", None),
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "utf-8"),
        ("latin-1", "ISO-8859-1"),
    ],
)
def test_the_bytes_or_the_sender_tell_the_charset(charset: str, stated: str | None) -> None:
    data = "phoneNumber;lastName\n100;Saprïtchà".encode(charset)
    assert read(CsvFile(data, stated))[0] == [
        Row(2, {"phoneNumber": "100", "lastName": "Saprïtchà"})
    ]


def test_what_windows_writes_among_the_controls_of_latin_1_is_read() -> None:
    assert (
        read(CsvFile(b"phoneNumber;lastName\n100;O\x92Neill"))[0][0].values["lastName"] == "O’Neill"
    )


def test_quotes_keep_separators_quotes_and_line_ends() -> None:
    data = b'"phoneNumber","description"\n"100","asks: ""when?"",\r\nand where"\n200,x\n'
    rows, bad = read(CsvFile(data))
    assert rows == [
        Row(2, {"phoneNumber": "100", "description": 'asks: "when?", and where'}),
        Row(4, {"phoneNumber": "200", "description": "x"}),
    ]
    assert not bad


@pytest.mark.parametrize("first", ['100,"open', '100,"x"y', f'100,"open{chr(10) * MAX_SPAN}"'])
def test_a_bad_quote_costs_its_own_line_and_no_other(first: str) -> None:
    rows, bad = read(CsvFile(f'phoneNumber,company\n{first}\n200,"Ours"\n300,x'.encode()))
    after = first.count("\n")
    assert [row.line for row in rows] == [3 + after, 4 + after]
    assert rows[0].values["company"] == "Ours"
    assert bad[0].line == 2
    assert {line.error for line in bad} == {"LineInvalid"}


def test_a_line_with_another_number_of_fields_is_told_by_its_number() -> None:
    rows, bad = read(CsvFile(b"phoneNumber;company\n100;x\n200\n\n300;x;y\n400;x\n"))
    assert [row.line for row in rows] == [2, 6]
    assert bad == [
        BadLine(3, "LineInvalid", "The line has 1 fields, the header 2."),
        BadLine(5, "LineInvalid", "The line has 3 fields, the header 2."),
    ]


@pytest.mark.parametrize(
    ("data", "charset", "code"),
    [
        (b"", None, "HeaderInvalid"),
        (b"\n \n", None, "HeaderInvalid"),
        (b"phoneNumber|surname\n", None, "HeaderInvalid"),
        (b"phoneNumber|phonenumber\n", None, "HeaderInvalid"),
        (b"firstName|lastName\n", None, "HeaderInvalid"),
        (b'phoneNumber|"lastName\n', None, "HeaderInvalid"),
        (b"phoneNumber\n\xff", "utf-8", "CharsetInvalid"),
        (b"phoneNumber\n", "utf-16", "CharsetUnknown"),
        (b"phoneNumber\n" + b"1\n" * (MAX_LINES + 1), None, "TooManyLines"),
    ],
)
def test_a_file_that_cannot_be_read_at_all_says_why(
    data: bytes, charset: str | None, code: str
) -> None:
    with pytest.raises(CsvError) as error:
        read(CsvFile(data, charset))
    assert error.value.code == code


def test_the_largest_file_is_read() -> None:
    assert len(read(CsvFile(b"phoneNumber\n" + b"1\n" * MAX_LINES))[0]) == MAX_LINES


def test_what_is_written_can_be_read_by_spreadsheets_and_is_no_formula() -> None:
    data = write(["name", "number"], [["Noël;", "+33230"], ['=1+"1"', None], ["-", 7]])
    assert data.decode("utf-8-sig") == (
        'name;number\r\n"Noël;";+33230\r\n"\'=1+""1""";\r\n\'-;7\r\n'
    )
    assert data.startswith(b"\xef\xbb\xbf")


def test_blank_columns_at_the_end_of_the_header_alone_are_none() -> None:
    rows, bad = read(CsvFile(b"phoneNumber;lastName;;\n100;Berg\n200;Cole;;\n300;Dunn;x\n"))
    assert rows == [
        Row(2, {"phoneNumber": "100", "lastName": "Berg"}),
        Row(3, {"phoneNumber": "200", "lastName": "Cole"}),
    ]
    assert bad == [BadLine(4, "LineInvalid", "The line has 3 fields, the header 2.")]
