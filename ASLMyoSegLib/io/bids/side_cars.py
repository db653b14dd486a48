"""The files that lie beside a series and belong to it, found by name as BIDS lets them be."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import SeriesError
from ..files import read_json

M0_SUFFIXES = ("_m0scan.nii.gz", "_m0scan.nii")
_ENDINGS = (".seq.nrrd", ".nii.gz")


def volume_name(path: Path) -> str:
    """``sub-01_acq-rest`` of ``sub-01_acq-rest_asl.nii.gz``."""
    for ending in _ENDINGS:
        if path.name.lower().endswith(ending):
            return path.name[: -len(ending)].removesuffix("_asl")
    return (path.name if path.is_dir() else path.stem).removesuffix("_asl")


@dataclass(frozen=True)
class SideCars:
    """What was found beside a series.

    Attributes:
        values: of the JSON side-cars, those of lower folders before those of upper ones.
        origins: the side-car that each value stands in.
        files: all side-cars, JSON and context.
        context: the table of volume types, or where it should be.
        expected: the JSON side-car, or where it should be.
        notes: what was assumed in reading them.
    """

    values: dict[str, Any]
    origins: dict[str, Path]
    files: tuple[Path, ...]
    context: Path
    expected: Path
    notes: tuple[str, ...] = ()

    def where(self, key: str) -> str:
        """The file and the key, for messages."""
        return f"{self.origins.get(key, self.expected)}: {key}"


def find_side_cars(path: Path) -> SideCars:
    """The side-cars of a series, whatever its format.

    Those of BIDS may lie in upper folders and leave parts of the name out; the nearest counts. A
    series with another name has ``NAME_asl.json`` (or ``NAME.json``) and ``NAME_aslcontext.tsv``
    beside it.

    Raises:
        SeriesError: where a side-car is damaged.
    """
    jsons, contexts = inherited(path, "asl.json"), inherited(path, "aslcontext.tsv")
    stem = path.with_name(volume_name(path))
    plain = Path(f"{stem}.json")
    if not jsons and plain.is_file():
        jsons = [plain]
    return _joined(
        jsons,
        files=(*jsons, *contexts[-1:]),
        context=contexts[-1] if contexts else Path(f"{stem}_aslcontext.tsv"),
        expected=jsons[-1] if jsons else Path(f"{stem}_asl.json"),
    )


def side_cars_of_m0(m0scan: Path) -> SideCars:
    """The side-cars of an M0 scan that has a file of its own.

    Raises:
        SeriesError: where one is damaged.
    """
    jsons = inherited(m0scan, "m0scan.json")
    own = m0scan.with_name(f"{volume_name(m0scan)}.json")
    return _joined(jsons, files=tuple(jsons), context=own, expected=own)


def _joined(jsons: list[Path], files: tuple[Path, ...], context: Path, expected: Path) -> SideCars:
    values: dict[str, Any] = {}
    origins: dict[str, Path] = {}
    notes: list[str] = []
    for file in jsons:
        content = read_json(file, notes)
        values |= content
        origins |= dict.fromkeys(content, file)
    return SideCars(values, origins, files, context, expected, tuple(notes))


def inherited(path: Path, suffix: str) -> list[Path]:
    """Files of one suffix that apply to an image by BIDS's inheritance, the nearest last."""
    name = volume_name(path).removesuffix("_m0scan")
    if not name.startswith("sub-"):
        beside = path.with_name(f"{name}_{suffix}")
        return [beside] if beside.is_file() else []
    own = set(name.split("_"))
    found: list[Path] = []
    for folder in _levels(path):
        here = [
            file
            for file in folder.glob(f"*{suffix}")
            if (parts := _parts(file, suffix)) is not None
            and parts <= own
            and (file.is_file() or file.is_symlink())  # a broken one must not go unnoticed
        ]
        found = sorted(here, key=lambda file: (len(_parts(file, suffix)), file.name)) + found
    return found


def find_m0scan(path: Path) -> Path | None:
    """The M0 scan of a series that has its own file: the one of its name, else the one intended
    for it, else the one whose name says nothing else.

    Raises:
        SeriesError: where two could be meant, or a side-car is damaged.
    """
    name = volume_name(path)
    own = set(name.split("_"))
    ranked = []
    for file in sorted(path.parent.glob("*_m0scan.nii*")):
        if not file.name.endswith(M0_SUFFIXES) or not file.is_file():
            continue
        parts = set(volume_name(file).removesuffix("_m0scan").split("_"))
        intended = intended_for(file)
        if name in intended or (not intended and parts <= own):
            ranked.append(((parts != own, not intended, -len(parts & own)), file))
    best = [file for rank, file in ranked if rank == min(ranked)[0]]
    if len(best) > 1:
        raise SeriesError(
            f"{path}: {' and '.join(file.name for file in best)} could both be its M0 scan; keep "
            "one, or name the series in IntendedFor of one."
        )
    return best[0] if best else None


def intended_for(m0scan: Path) -> list[str]:
    """Names of the series that the side-car of an M0 scan says it is intended for.

    Raises:
        SeriesError: where the side-car is damaged.
    """
    answer: list[str] = []
    for file in inherited(m0scan, "m0scan.json"):
        targets = read_json(file).get("IntendedFor", [])
        targets = [targets] if isinstance(targets, str) else targets
        if not isinstance(targets, list) or not all(isinstance(t, str) for t in targets):
            raise SeriesError(f"{file}: IntendedFor is no name of a file, nor a list of them.")
        answer = [volume_name(Path(target)) for target in targets]
    return answer


def _levels(path: Path) -> list[Path]:
    """The folders of a BIDS data set from that of the series up to the top."""
    levels, folder = [path.parent], path.parent.absolute()
    while folder.name == "perf" or folder.name.startswith(("ses-", "sub-")):
        folder = folder.parent
        levels.append(folder)
    return levels


def _parts(file: Path, suffix: str) -> set[str] | None:
    """``{"sub-01", "acq-rest"}`` of a name with this suffix; None where it has another one."""
    before = file.name[: -len(suffix)]
    if before and not before.endswith("_"):
        return None
    return {part for part in before.split("_") if part}
