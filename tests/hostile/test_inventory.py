"""docs/bad-input.md says the truth: every row is shown by tests that exist, and every row of the catalogue is on the page."""

import re
from collections import Counter

from hostile.written import TESTS, all_names, read_table

PAGE = TESTS.parent / "docs" / "bad-input.md"
CATALOGUE = TESTS / "hostile" / "catalogue.txt"
ROW = re.compile(r"^\| ([A-Z]\d+\.\d+) \| (.*) \| (.*) \| ([^|]*) \|$", re.M)
# Rows that say of a format that nothing reads it yet.
NOT_READ = {"B5.1", "B9.1", "B13.1"}


def rows() -> dict:
    found = ROW.findall(PAGE.read_text())
    counted = Counter(row[0] for row in found)
    assert not [row for row, count in counted.items() if count > 1], counted
    return {row[0]: [name.strip() for name in row[3].split(",")] for row in found}


def names_of_tests() -> set:
    names = set()
    for pattern, form in (("*.c", r"^static void (test_\w+)\(void \*\*state\)"), ("*.py", r"^def (test_\w+)\(")):
        for path in TESTS.rglob(pattern):
            text = path.read_text()
            found = set(re.findall(form, text, re.M))
            if pattern == "*.c":  # a test that is not in the list of its program does not run
                found = {name for name in found if re.search(rf"(?:TEST|unit_test\w*)\(\s*{name}\b", text)}
            names |= found
    return names


def test_every_row_of_the_page_is_shown_by_tests_that_run():
    known = names_of_tests()
    table = rows()
    assert len(table) >= 80
    for row, names in table.items():
        if row in NOT_READ:
            assert names == ["\u2013"], row
            continue
        assert names, row
        assert not [name for name in names if name != "catalogue" and name not in known], (row, names)


def test_every_row_of_the_catalogue_is_on_the_page_and_back():
    in_catalogue = Counter(words[0] for words, _ in read_table(CATALOGUE, 5))
    on_page = {row for row, names in rows().items() if "catalogue" in names}
    assert set(in_catalogue) == on_page, set(in_catalogue) ^ on_page
    assert sum(in_catalogue.values()) >= 400


def test_the_page_counts_right():
    names = all_names()
    refused = sum(name.reason != "ok" for name in names)
    assert f"{len(names)} of them, {refused} to be refused" in PAGE.read_text()


def test_every_kind_of_bad_input_has_rows():
    kinds = {row.split(".")[0] for row in rows()}
    assert kinds >= {f"B{number}" for number in (1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 16, 17)}
