"""The table of bad inputs: what is wrong, how it is made, and what the answer must say.

`Docs/bad-inputs.md` is made of it by `python -m studies.write_bad_inputs`, and
`test_bad_inputs.py` holds both together. Changes are made to the files of
`commands.write_good_files`.
"""

from __future__ import annotations

import gzip
import json
import pickle
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from cases import bad_dicom, bad_files
from cases import spoiling as spoil
from cases.commands import Done, aslmyoseg, write_good_files

RUN = "run SERIES -o FOLDER/out --model FOLDER/tiny.safetensors --trials 2"
QUANTIFY = "quantify SERIES --masks FOLDER/masks.nii.gz --rv-insertion FOLDER/points.json"


@dataclass(frozen=True)
class Case:
    """One bad input.

    Attributes:
        group: heading in the document.
        name: what is wrong, in words.
        words: that the answer has in it.
        spoil: changes the good files in a folder.
        command: run on it; SERIES and FOLDER are put in.
        status: 2 is an error; 0 where there is a result, with a warning or without.
        run: runs the command some other way than in this process.
        lacks: why it cannot be tried here; empty where it can.
    """

    group: str
    name: str
    words: str
    spoil: Callable[[Path], object]
    command: str = RUN
    status: int = 2
    run: Callable[..., Done] = aslmyoseg
    lacks: Callable[[], str] = lambda: ""

    def answer(self) -> tuple[int, str, bool]:
        """Exit status, the one line that says what is wrong, and whether any output was left.

        The line is empty where nothing is said; paths in it are relative.

        Raises:
            AssertionError: where more than one line was printed as an error, or a traceback.
        """
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            folder.chmod(0o755)
            write_good_files(folder)
            self.spoil(folder)
            series = next(folder.glob("SERIES*"), folder / "sub-01_asl.nii.gz")
            words = (
                part.replace("SERIES", str(series)).replace("FOLDER", name)
                for part in self.command.split()
            )
            done = self.run(*words)
            left = (folder / "out").exists() or any(folder.rglob(".part-*"))
            lines = done.errors.splitlines()
            if self.status == 0:
                lines += _warnings(folder, done)
                lines = [line for line in lines if self.words and self.words in line][:1]
            assert len(lines) == (1 if self.words else 0), done
            line = lines[0].removeprefix("aslmyoseg: ") if lines else ""
            for long, short in ((f"{name}/", ""), (name, "."), ("x" * 300, "(300 characters)")):
                line = line.replace(long, short)
            return done.status, line, left


def _warnings(folder: Path, done: Done) -> list[str]:
    """What stands in the results of `run`, or in the answer of `quantify`."""
    summary = folder / "out" / "summary.json"
    text = summary.read_text() if summary.is_file() else done.printed
    return json.loads(text)["warnings"]


def _replace_model(content: bytes) -> spoil.Spoil:
    return lambda f: (f / "tiny.safetensors").write_bytes(content)


def _half_model(folder: Path) -> None:
    path = folder / "tiny.safetensors"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _one_image(folder: Path) -> None:
    """Three dimensions, and nothing beside them."""
    spoil.pixels(lambda a: a[0])(folder)
    for side_car in ("sub-01_asl.json", "sub-01_aslcontext.tsv"):
        (folder / side_car).unlink()


FILES = [
    ("there is no such file", "no such file", lambda f: spoil.series_of(f).unlink()),
    ("a link to what was not fetched", "is a link to a file that is missing",
     spoil.broken_link("sub-01_asl.nii.gz")),
    ("what git-annex or git LFS keep in place of it", "points to one that was not fetched",
     lambda f: spoil.series_of(f).write_text("version https://git-lfs.github.com/spec/v1\n")),
    ("an empty file", "file is empty", lambda f: spoil.series_of(f).write_bytes(b"")),
    ("a gzip file cut short", "damaged gzip",
     lambda f: spoil.series_of(f).write_bytes(spoil.series_of(f).read_bytes()[:900])),
    ("text by the name of an image", "is not a NIfTI file",
     lambda f: spoil.series_of(f).write_bytes(gzip.compress(b"no image" * 99))),
    ("a plain file by the name of a compressed one", "not compressed, against its name",
     lambda f: spoil.series_of(f).write_bytes(gzip.decompress(spoil.series_of(f).read_bytes())),
     QUANTIFY, 0),
    ("NIfTI-2 by the size of its header alone", "is not a NIfTI file", spoil.header("<i", 0, 540)),
    ("the header is cut short", "ends after 100 bytes, within its header",
     spoil.content(lambda b: b[:100])),
    ("one byte lacks", "ends after 5759 of the 5760 bytes", spoil.content(lambda b: b[:-1])),
    ("pixels are said to begin beyond the end", "ends after 0 of the 5760 bytes",
     spoil.header("<f", 108, 1e9)),
    ("pixels are said to begin within the header", "begin at byte 0",
     spoil.header("<f", 108, 0)),
    ("an unknown type of pixel", "type 77", spoil.header("<h", 70, 77)),
    ("a negative size", "dimensions of [-24", spoil.header("<h", 42, -24)),
    ("pixels of no width", "pixel size 0x3x10", spoil.header("<f", 80, 0.0)),
    ("pixels whose width is NaN", "pixel size nanx3x10", spoil.header("<f", 80, np.nan)),
    ("pixels of 0.003 mm", "shows no heart",
     spoil.both(spoil.header("<2f", 80, 0.003, 0.003), spoil.header("<h", 254, 0))),
    ("an infinite slope", "scales by inf", spoil.header("<f", 112, np.inf)),
    ("a sform that contradicts the qform", "two ways that lie 5 mm apart",
     spoil.both(spoil.header("<h", 254, 2), spoil.header("<f", 292, 5))),
    ("an orientation with NaN", "orientation has values", spoil.header("<f", 280, np.nan)),
    ("an orientation of zeros", "correct its orientation",
     spoil.header("<12f", 280, *[0.0] * 12, form=True)),
]  # fmt: skip

PIXELS = [
    ("a NaN", "NaN in 1 pixel", spoil.put(np.nan), QUANTIFY, 0),
    ("an infinite pixel", "is infinite or too large", spoil.put(np.inf)),
    ("values beyond float32", "too large for float32",
     spoil.pixels(lambda a: a.astype(float) * 1e300)),
    ("all zero", "value 0 everywhere", spoil.pixels(lambda a: a * 0)),
    ("one constant frame", "frame 1, slice 0 (control) has the value 7 everywhere",
     spoil.pixels(lambda a: np.where(np.arange(3)[:, None, None, None] == 1, 7, a))),
    ("complex pixels", "give magnitude images", spoil.pixels(lambda a: a.astype(np.complex64))),
    ("one frame", "four dimensions", spoil.pixels(lambda a: a[0])),
    ("1x1 pixel", "images of 1x1 pixels", spoil.pixels(lambda a: a[:, :, :1, :1])),
    ("4096x4096 pixels", "images of 4096x4096 pixels",
     spoil.pixels(lambda a: np.zeros((3, 1, 4096, 4096), np.uint8))),
]  # fmt: skip

SIDECARS = [
    ("no aslcontext table", "nothing says which of its 3 frames",
     lambda f: (f / "sub-01_aslcontext.tsv").unlink()),
    ("a table for fewer frames", "2 volume types, but sub-01_asl.nii.gz has 3 frames",
     spoil.context("volume_type\ncontrol\nlabel\n")),
    ("a table of no frames", "0 volume types", spoil.context("volume_type\n")),
    ("another column", "no column 'volume_type'", spoil.context("kind\ncontrol\n")),
    ("frames of an unknown kind", "frame 0 is 'perfused'",
     spoil.context("volume_type\nperfused\nlabel\nlabel\n")),
    ("a table of nothing but n/a", "leaves out all frames",
     spoil.both(spoil.context("volume_type\nn/a\nn/a\nn/a\n"), spoil.without("M0Type"))),
    ("a damaged table in UTF-16", "no column 'volume_type'", spoil.context(b"\xff\xfe\x00volume")),
    ("a table of one endless word", "not a table", spoil.context("volume_type\n" + "x" * 200_000)),
    ("no side-car", "nothing says its inversion time",
     lambda f: (f / "sub-01_asl.json").unlink()),
    ("a side-car cut short", "not valid JSON", spoil.sidecar("{")),
    ("a side-car that is a list", "holds a list", spoil.sidecar("[]")),
    ("a side-car nested without end", "recursion", spoil.sidecar("[" * 10**5)),
    ("TI is not there", "nothing says its inversion time", spoil.without("PostLabelingDelay")),
    ("TI is zero", "of frame 1 is 0", spoil.sidecar(PostLabelingDelay=0)),
    ("TI in milliseconds", "is it in milliseconds",
     spoil.sidecar(PostLabelingDelay=[0, 1500, 1500])),
    ("TI is negative", "of frame 1 is -1", spoil.sidecar(PostLabelingDelay=-1)),
    ("TI for more frames", "has 4 values for 3 frames",
     spoil.sidecar(PostLabelingDelay=[1.5] * 4)),
    ("two TIs that contradict each other", "InversionTime 1.2 s contradict",
     spoil.sidecar(PostLabelingDelay=1.5, InversionTime=1.2)),
    ("phase by its unit", "Units is 'rad'", spoil.sidecar(Units="rad")),
    ("TI is true", "PostLabelingDelay is True", spoil.sidecar(PostLabelingDelay=True)),
    ("TI is a word", "where seconds are needed", spoil.sidecar(PostLabelingDelay="long")),
    ("TI of 400 digits", "PostLabelingDelay is 1000", spoil.sidecar(PostLabelingDelay=10**400)),
    ("M0 is said to be included, and no frame is one", "M0Type is Included, but",
     spoil.context("volume_type\ncontrol\ncontrol\nlabel\n")),
    ("M0 is said to be in a file of its own, which lacks", "M0Type Separate",
     spoil.both(spoil.context("volume_type\ncontrol\ncontrol\nlabel\n"),
                    spoil.sidecar(M0Type="Separate", PostLabelingDelay=1.5))),
    ("M0 is said to be in a file of its own, and a frame is one", "is Separate, but",
     spoil.sidecar(M0Type="Separate")),
    ("a key that stands there twice", "'EchoTime' has two values", spoil.sidecar(
        '{"EchoTime": 0.002, "PostLabelingDelay": 1.5, "EchoTime": 0.003}')),
    ("a link to a side-car that was not fetched", "is a link to a file that is missing",
     spoil.broken_link("sub-01_asl.json")),
]  # fmt: skip

LANDMARKS = [
    ("no such file", "no such file", lambda f: (f / "points.json").unlink()),
    ("a point outside the image", "outside the image",
     spoil.points('{"anterior": [[3, 400]], "inferior": [[3, 4]]}')),
    ("both points the same", "are the same",
     spoil.points('{"anterior": [[3, 4]], "inferior": [[3, 4]]}')),
    ("one point only", "'inferior'", spoil.points('{"anterior": [[3, 4]]}')),
    ("points of two slices for one", "one point (y, x) per slice",
     spoil.points('{"anterior": [[3, 4]], "inferior": [[3, 4], [5, 6]]}')),
    ("a coordinate of 400 digits", "'anterior'",
     spoil.points(f'{{"anterior": [[{10**400}, 4]], "inferior": [[3, 4]]}}')),
    ("a list", "holds a list", spoil.points("[]")),
    ("cut short", "not valid JSON", spoil.points("{")),
]  # fmt: skip

MASKS = [
    ("no such file", "no such file", lambda f: (f / "masks.nii.gz").unlink()),
    ("text by the name of an image", "is not a NIfTI file",
     lambda f: (f / "masks.nii.gz").write_bytes(gzip.compress(b"no image" * 99))),
    ("pixels so large that it lies beside the images", "lies outside of the images",
     spoil.masks(lambda a: a, 30.0)),
    ("four frames for three", "masks of 4 frames", spoil.masks(lambda a: a[[0, 1, 2, 2]])),
    ("two slices for one", "marks 2 slices", spoil.masks(lambda a: a.repeat(2, axis=1))),
    ("two labels", "marks several things",
     spoil.masks(lambda a: np.where(a.cumsum(axis=-1) > 3, 2 * a, a))),
    ("empty", "marks nothing", spoil.masks(lambda a: a * 0)),
    ("everything", "marks every pixel", spoil.masks(np.ones_like)),
]  # fmt: skip

MODELS = [
    ("there is no such file", "no such model file",
     lambda f: (f / "tiny.safetensors").unlink()),
    ("cut short", "not a readable safetensors", _half_model),
    ("a pickle by another name", "not a readable safetensors",
     _replace_model(pickle.dumps({"weights": [1, 2, 3]}))),
    ("safetensors of another program", "format None",
     lambda f: spoil.save_tensors(f / "tiny.safetensors")),
    ("a tensor lacks", "lacks tensor", spoil.model(lambda t, _: t.pop(min(t)))),
    ("a tensor too many", "has the foreign tensor 'zzz'",
     spoil.model(lambda t, _: t.update(zzz=t[min(t)] * 1))),
    ("a tensor of another shape", "has shape", spoil.model(lambda t, _: t.update(
        {min(t): t[min(t)].flatten().clone()}))),
    ("weights that are NaN", "not finite", spoil.model(lambda t, _: t[min(t)].fill_(np.nan))),
    ("another architecture than its tensors have", "has shape",
     spoil.model(lambda _, a: a.update(kernel_size=5))),
    ("an architecture of a thousand million maps", "architecture says base_maps",
     spoil.model(lambda _, a: a.update(base_maps=10**9))),
]  # fmt: skip

OTHERS = [
    Case("Places and permissions", "a folder without any series", "holds no ASL series",
         spoil.empty_folder, RUN),
    Case("Places and permissions", "a folder of two series, where one is needed", "holds 2 series",
         spoil.twins, QUANTIFY.replace("SERIES", "FOLDER")),
    Case("Places and permissions", "a path of 300 characters", "File name too long",
         spoil.nothing, RUN.replace("SERIES", "FOLDER/" + "x" * 300)),
    Case("Places and permissions", "an output of 300 characters", "File name too long",
         spoil.nothing, RUN.replace("/out", "/" + "x" * 300)),
    Case("Places and permissions", "a path with spaces and accents", "",
         spoil.into_folder("Jürgen Пример 心臓"), RUN, 0),
    Case("Places and permissions", "a series that may not be read", "Permission denied",
         lambda f: spoil.series_of(f).chmod(0), run=spoil.as_nobody, lacks=spoil.lacks_users),
    Case("Places and permissions", "masks that may not be read", "Permission denied",
         lambda f: (f / "masks.nii.gz").chmod(0), QUANTIFY, run=spoil.as_nobody,
         lacks=spoil.lacks_users),
    Case("Places and permissions", "a model that may not be read", "Permission denied",
         lambda f: (f / "tiny.safetensors").chmod(0), run=spoil.as_nobody,
         lacks=spoil.lacks_users),
    Case("Places and permissions", "a folder that may not be looked into", "Permission denied",
         spoil.closed_folder, RUN.replace("SERIES", "FOLDER/closed"), run=spoil.as_nobody,
         lacks=spoil.lacks_users),
    Case("Places and permissions", "a folder that may not be written to", "Permission denied",
         lambda f: f.chmod(0o555), run=spoil.as_nobody, lacks=spoil.lacks_users),
    Case("Places and permissions", "the disk is full before all is written",
         "No space left on device", spoil.large,
         RUN.replace("FOLDER/out", "FOLDER/disk/out"), run=spoil.on_small_disk,
         lacks=spoil.lacks_small_disk),
    Case("Places and permissions", "the output holds something else", "holds something else",
         spoil.occupied, RUN.replace("FOLDER/out", "FOLDER/mine")),
    Case("Places and permissions", "the output is a file", "holds something else",
         spoil.nothing, RUN.replace("FOLDER/out", "FOLDER/points.json")),
    Case("Frames and flow", "two frames, without M0", "no m0scan frame",
         spoil.frames("control", "label"), QUANTIFY),
    Case("Frames and flow", "two frames, without M0, which can be segmented all the same",
         "no m0scan frame", spoil.frames("control", "label"), RUN, 0),
    Case("Frames and flow", "2000 frames", "Sides assumed",
         spoil.frames("m0scan", "m0scan", *("control", "label") * 999),
         QUANTIFY.split(" --rv")[0], 0),
    Case("Frames and flow", "no control frame", "flow is control minus label",
         spoil.frames("m0scan", "label", "label"), QUANTIFY),
    Case("Frames and flow", "one image, which can be segmented all the same",
         "flow is control minus label", _one_image,
         f"{RUN} --volume-types control", 0),
    Case("Frames and flow", "a control without its label", "has no partner",
         spoil.frames("m0scan", "control", "label", "control"), QUANTIFY, 0),
    Case("Frames and flow", "M0 is zero in all of the muscle", "mean of M0 is 0",
         spoil.in_muscle(lambda a, m: a[0, 0].__setitem__(m, 0)), QUANTIFY, 0),
    Case("Frames and flow", "M0 is zero in a part of the muscle", "M0 is 0 in",
         spoil.in_muscle(lambda a, m: a[0, 0, 10:].__setitem__(m[10:], 0)), QUANTIFY, 0),
    Case("Frames and flow", "negative pixels", "are negative",
         spoil.in_muscle(lambda a, m: a.__isub__(300)), QUANTIFY, 0),
    Case("Frames and flow", "control and label exchanged", "the right way round",
         spoil.context("volume_type\nm0scan\nlabel\ncontrol\n"), QUANTIFY, 0),
    Case("Scenes", "an entry that would leave the folder", "would leave its folder",
         spoil.scene("../../evil.txt"), "quantify SERIES", lacks=spoil.lacks_mrml),
    Case("Scenes", "masks given with a scene", "brings its own masks", spoil.scene("a"),
         "quantify SERIES --masks FOLDER/masks.nii.gz"),
]  # fmt: skip


def _stated(group: str, rows: list[tuple]) -> list[Case]:
    """Of rows that have options after what is done to files, and perhaps another way to run."""
    return [
        Case(group, name, words, change, f"{RUN} {options}", 2, *run)
        for name, words, change, options, *run in rows
    ]


CASES = [
    *(Case("The image file", *case) for case in FILES),
    *(Case("Pixels", *case) for case in PIXELS),
    *(Case("Side-cars", *case) for case in SIDECARS),
    *(Case("DICOM", *row[:3], RUN, *row[3:]) for row in bad_dicom.ROWS),
    *(Case("RV insertion points", *case, QUANTIFY) for case in LANDMARKS),
    *_stated("Other formats of images", bad_files.OTHER_FORMATS),
    *_stated("MATLAB", bad_files.MATLAB),
    *_stated("Folders of single images", bad_files.FOLDERS),
    *(Case("Masks", *case, QUANTIFY) for case in MASKS),
    *(Case("Masks", *case) for case in bad_files.MASKS),
    *(Case("Models", *case) for case in MODELS),
    *OTHERS,
]
