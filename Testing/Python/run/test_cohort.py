"""A page and a table over many finished series."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from cases.studies import finish
from typer.testing import CliRunner

from ASLMyoSegLib.cli import app
from ASLMyoSegLib.display.strips import Point, draw_strip, name_outliers
from ASLMyoSegLib.errors import OutputError, SeriesError
from ASLMyoSegLib.run.cohort import write_cohort
from ASLMyoSegLib.run.pipeline import run


def table(root: Path) -> list[dict[str, str]]:
    with (root / "group_mbf.tsv").open() as file:
        return list(csv.DictReader(file, delimiter="\t"))


def test_the_table_has_a_row_for_each_series_and_segment_in_words_of_bids(tmp_path: Path):
    finish(tmp_path, "sub-01_ses-a_acq-rest", 1.25)
    finish(tmp_path, "scan7", 3.5)
    write_cohort(tmp_path)
    rows = table(tmp_path)
    assert [(r["participant_id"], r["session_id"], r["condition"], r["aha"]) for r in rows] == [
        *[("n/a", "n/a", "n/a", aha) for aha in "078"],
        *[("sub-01", "ses-a", "rest", aha) for aha in "078"],
    ]
    assert {r["mbf"] for r in rows[:3]} == {"3.5"}
    described = json.loads((tmp_path / "group_mbf.json").read_text())
    assert list(described) == list(rows[0])


def test_reserve_is_of_the_rest_and_stress_of_one_session(tmp_path: Path):
    for session, rest, stress in (("a", 1.0, 3.0), ("b", 2.0, 3.0)):
        finish(tmp_path, f"sub-01_ses-{session}_acq-rest", rest)
        finish(tmp_path, f"sub-01_ses-{session}_acq-stress", stress)
    finish(tmp_path, "sub-02_acq-rest", 1.0)
    page = write_cohort(tmp_path).read_text()
    assert "<td>3.00</td></tr>" in page
    assert "<td>1.50</td></tr>" in page
    assert page.count('<th scope="row">') == 2


def test_reserve_stands_with_its_interval_where_errors_are_known(tmp_path: Path):
    finish(tmp_path, "sub-01_acq-rest", 1.0, error=0.1)
    finish(tmp_path, "sub-01_acq-stress", 3.0, error=0.2)
    finish(tmp_path, "sub-02_acq-rest", 0.5, error=0.5)
    finish(tmp_path, "sub-02_acq-stress", 3.0, error=0.2)
    page = write_cohort(tmp_path).read_text()
    assert '<td>3.00 <span class="facts">2.45 to 3.74</span></td></tr>' in page
    assert '<td>6.00 <span class="facts">0.00 or more</span></td></tr>' in page


def test_the_most_doubtful_series_stands_first_and_one_without_a_score_before_it(tmp_path: Path):
    for name, score in (("sure", 0.1), ("doubtful", 0.9), ("empty", None), ("middling", 0.3)):
        finish(tmp_path, name, 1.0, score)
    page = write_cohort(tmp_path).read_text()
    places = [page.index(f">{name}</a><") for name in ("empty", "doubtful", "middling", "sure")]
    assert places == sorted(places)


def test_what_came_from_files_cannot_write_into_the_page(tmp_path: Path):
    finish(tmp_path, "sub-01_acq-rest", 1.0, warning="<script>alert(1)</script>")
    assert "<script>alert" not in write_cohort(tmp_path).read_text()


def test_groups_come_from_a_column_of_the_participants(tmp_path: Path):
    for number in range(1, 5):
        finish(tmp_path / "out", f"sub-0{number}_acq-rest", float(number))
    people = tmp_path / "participants.tsv"
    rows = [f"sub-0{n}\t{'patient' if n > 2 else 'control'}" for n in range(1, 5)]
    people.write_text("\n".join(("participant_id\tdiagnosis", *rows)))
    page = write_cohort(tmp_path / "out", people, "diagnosis").read_text()
    assert "rest, control: mean of 2" in page
    assert "rest, patient: mean of 2" in page
    with pytest.raises(SeriesError, match="no column 'sex', but participant_id, diagnosis"):
        write_cohort(tmp_path / "out", people, "sex")


def test_a_folder_without_results_is_refused(tmp_path: Path):
    with pytest.raises(OutputError, match="holds no results"):
        write_cohort(tmp_path)


def test_a_broken_series_costs_only_itself_and_stands_in_the_page(
    dataset: Path, small_model, tmp_path: Path
):
    data = tmp_path / "data"
    for number in (1, 2):
        for file in (dataset / f"sub-0{number}").rglob("*_acq-rest_*"):
            copy = data / file.relative_to(dataset)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(file.read_bytes())
    (data / "sub-02/perf/sub-02_acq-rest_asl.nii.gz").write_bytes(b"junk")
    run(data, tmp_path / "out", model=small_model, trials=2)
    page = (tmp_path / "out" / "index.html").read_text()
    assert "Could not be done" in page
    assert "sub-02_acq-rest_asl.nii.gz</b>" in page
    assert 'src="sub-01/figures/sub-01_acq-rest_desc-thumbnail_mbf.png"' in page
    again = CliRunner().invoke(app, ["group", str(tmp_path / "out")])
    assert again.output.strip() == str(tmp_path / "out" / "index.html")
    assert (tmp_path / "out" / "index.html").read_text() == page


def test_outliers_are_those_beyond_tukeys_fences():
    values = [*np.linspace(1, 2, 9), 9.0, -4.0]
    points = [Point(v, f"s{k}", f"s{k}.html") for k, v in enumerate(values)]
    assert name_outliers(points) == ['<a href="s9.html">s9</a>', '<a href="s10.html">s10</a>']
    assert draw_strip("MBF", points).count("<circle") == 11
    assert draw_strip("MBF", points[:1]) == ""
