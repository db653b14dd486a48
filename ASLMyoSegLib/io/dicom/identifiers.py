"""Who the patient of a DICOM file is, for those who ask for it."""

from __future__ import annotations

from pathlib import Path

from .files import parse, parsing

KEYWORDS = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "PatientAge", "AccessionNumber",
    "StudyID", "StudyDate", "InstitutionName", "ReferringPhysicianName",
)  # fmt: skip
"""What is kept of DICOM where identifiers are asked for."""


def read_identifiers(path: Path) -> dict[str, str]:
    """Who the patient of a DICOM file is, by DICOM's keywords.

    Raises:
        SeriesError: where the file is damaged.
    """
    with parsing(path):
        dataset = parse(path, KEYWORDS)
        return {k: str(dataset.get(k)) for k in KEYWORDS if dataset.get(k) not in (None, "")}
