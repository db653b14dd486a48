"""Which of the things that files say of a series tell who the patient is, or where and when."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

IDENTIFYING = re.compile(
    r"patient|person|physician|operator|performed|birth|accession|instit|address|phone|"
    r"studyid|stationname|serialnumber|comment|insurance|ethnic|occupation|requesting|"
    r"uid$|date$|datetime$|^0010|^\(?0010,"
)
"""Keys of side-cars, in small letters without anything between their words."""
PERSON = re.compile(r"patient.*(name|id)$|^othernames")
"""Those of which no word may stand in a free text."""
FREE_TEXT = re.compile(r"description|protocolname|seriesname|acquisitionname|details|remark")
"""Keys of what people type, and by which nothing is computed; it may name the patient."""
SHORTEST = 3
"""Letters of a word that names somebody."""


def without_identifiers(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """BIDS keys that tell nothing of the person, however deep within; of the rest, free text alone
    is left out where it has a word of the patient's name or number."""
    return _cleaned(metadata, _words_of(metadata))


def identifiers_of(metadata: Mapping[str, Any]) -> dict[str, str]:
    """The other keys, as text for a report."""
    kept = without_identifiers(metadata)
    return {k: str(v) for k, v in metadata.items() if k not in kept and k != "source"}


def names_nobody(text: str, metadata: Mapping[str, Any]) -> bool:
    """Whether no word of a text is one of the patient's name or number."""
    return not _words_of(metadata) & set(_split(text))


def _cleaned(value: Any, words: set[str]) -> Any:
    if isinstance(value, list):
        return [_cleaned(part, words) for part in value]
    if not isinstance(value, Mapping):
        return value
    return {
        key: _cleaned(part, words)
        for key, part in value.items()
        if not IDENTIFYING.search(_plain(key))
        and not (FREE_TEXT.search(_plain(key)) and words & set(_split(str(part))))
    }


def _words_of(metadata: Mapping[str, Any]) -> set[str]:
    texts = (str(v) for k, v in metadata.items() if PERSON.search(_plain(k)))
    return {word for text in texts for word in _split(text) if len(word) >= SHORTEST}


def _plain(key: object) -> str:
    return re.sub(r"[^a-z0-9,(]", "", str(key).lower())


def _split(text: str) -> list[str]:
    return re.split(r"[\W_]+", text.lower())
