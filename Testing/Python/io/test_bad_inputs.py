"""Each bad input gets one clear line, as the document says, and leaves nothing behind."""

from __future__ import annotations

import re

import pytest
from cases.bad_inputs import CASES, Case
from studies.write_bad_inputs import DOCUMENT, row


def without_reasons(text: str) -> str:
    """What libraries add in parentheses changes with their versions."""
    return re.sub(r"\(.*\)", "()", text)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.group}: {case.name}")
def test_bad_input_is_one_line_as_the_document_has_it_and_leaves_nothing(case: Case):
    if reason := case.lacks():
        pytest.skip(reason)
    status, line, left = case.answer()
    assert status == case.status
    assert case.words in line
    assert "Traceback" not in line
    assert status == 0 or not left
    written = map(without_reasons, DOCUMENT.read_text(encoding="utf-8").splitlines())
    assert without_reasons(row(case, line)) in written, "run python -m studies.write_bad_inputs"


def test_the_document_has_no_other_inputs_and_no_two_alike():
    rows = re.findall(
        r"^\| (?!input )(.+?) \|.*\| [02] \|$", DOCUMENT.read_text(encoding="utf-8"), re.M
    )
    assert rows == [case.name for case in CASES]
    names = [(case.group, case.name) for case in CASES]
    assert len(set(names)) == len(names) >= 40
