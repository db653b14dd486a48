"""Writes Docs/bad-inputs.md: ``python -m studies.write_bad_inputs``."""

from __future__ import annotations

from itertools import groupby

from cases.bad_inputs import CASES, Case
from places import DOCS

DOCUMENT = DOCS / "bad-inputs.md"
HEAD = (
    "# Bad inputs, and what the command says\n\n"
    "Every line is a test (`pytest Testing/Python/io/test_bad_inputs.py`), and this page is "
    "written by `python -m studies.write_bad_inputs`. Errors are one line on standard error and "
    "exit status 2; nothing is written. Where the last column says 0, there is a result, with this "
    "warning in it.\n"
)


def row(case: Case, line: str) -> str:
    """A row of the document for what a case is answered."""
    text = line.replace("|", "\\|") or "(a result, and nothing to say)"
    return f"| {case.name} | {text} | {case.status} |"


def main() -> None:
    """Try every case; where one cannot be tried, nothing is written."""
    parts = [HEAD]
    for group, cases in groupby(CASES, lambda case: case.group):
        parts.append(f"\n## {group}\n\n| input | answer | status |\n|---|---|---|")
        for case in cases:
            if case.lacks():
                raise SystemExit(f"{case.name}: {case.lacks()}")
            parts.append(row(case, case.answer()[1]))
    DOCUMENT.write_text("\n".join(parts) + "\n", encoding="utf-8")
    print(f"{DOCUMENT}: {len(CASES)} inputs")


if __name__ == "__main__":
    main()
