"""Headers of NRRD and MetaImage files: text that says how the pixels lie, and in which file.

The image library trusts them, so what they promise is checked before: that the pixels are there,
all of them, and in no file outside the folder.
"""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...errors import SeriesError

LONGEST_HEADER = 1 << 24
LARGEST_RATIO = 1100
"""How many bytes gzip can make of one."""
NRRD_BYTES = {
    "char": 1, "int8": 1, "short": 2, "int16": 2, "int": 4, "int32": 4, "longlong": 8, "int64": 8,
    "float": 4, "double": 8,
}  # fmt: skip
"""Of a pixel, by NRRD's name of the type without what says that it is signed or not."""
META_BYTES = {"CHAR": 1, "SHORT": 2, "INT": 4, "LONG": 4, "LONG_LONG": 8, "FLOAT": 4, "DOUBLE": 8}
ALSO_LEFT_OUT = ("centerings", "centers", "data file", "datafile", "thicknesses", "units")
"""Lines of an NRRD header that `as_read` leaves out, besides those that it says anew."""
COLOURS = {"vector", "rgb-color", "rgba-color", "3-color", "4-color", "3-vector", "4-vector"}
"""Kinds of an NRRD axis along which lie the values of one pixel, in lower case."""
OTHER_LENGTHS = (
    "m", "cm", "um", "µm", "μm", "mum", "nm", "in", "meter", "metre", "centimeter", "centimetre",
    "micron", "micrometer", "micrometre", "nanometer", "nanometre", "inch", "inche",
)  # fmt: skip
"""Units of length that are not mm, without the s of several."""
META_SPACINGS = {"elementspacing", "elementsize"}
META_DIRECTIONS = {"transformmatrix", "rotation", "orientation"}
META_LENGTHS = META_SPACINGS | {"offset", "position", "origin"}
"""Fields that have a number for each axis."""
ANY_HEADER = 47
"""What zlib calls that compressed data begin as zlib or as gzip has it."""


@dataclass(frozen=True)
class Header:
    """Of a file of pixels.

    Attributes:
        fields: what it says, by lower-case name.
        length: bytes before the pixels, where they follow in the same file.
        data: the file of the pixels.
    """

    fields: dict[str, str]
    length: int
    data: Path


def read_header(path: Path) -> Header | None:
    """The header of an NRRD or MetaImage file; None for other files.

    Raises:
        SeriesError: where it is none, or names a file that is missing or lies elsewhere.
        OSError: where the file cannot be read.
    """
    name = path.name.lower()
    if name.endswith((".nrrd", ".nhdr")):
        return _read_nrrd(path)
    return _read_meta(path) if name.endswith((".mha", ".mhd")) else None


def check_header(path: Path) -> None:
    """Refuse an NRRD or MetaImage file whose pixels are not all there.

    Raises:
        SeriesError: where they are not, or the header cannot be understood.
        OSError: where a file cannot be read.
    """
    header = read_header(path)
    if header is None:
        return
    there = header.data.stat().st_size - (header.length if header.data == path else 0)
    if path.name.lower().endswith((".nrrd", ".nhdr")):
        _check_nrrd(path, header, there)
    else:
        _check_meta(path, header, there)


def says_pixel_size(path: Path) -> bool:
    """Whether an image file says how large its pixels are; the image library assumes 1 mm else.

    Raises:
        SeriesError: where its header cannot be understood.
        OSError: where it cannot be read.
    """
    header = read_header(path)
    if header is None:
        return True
    return any(
        re.search(r"[1-9]", header.fields.get(name, ""))
        for name in ("space directions", "spacings", "elementspacing", "elementsize")
    )


def says_place(path: Path) -> bool:
    """Whether an image file says how its axes lie in the patient; the image library assumes left,
    posterior and superior else.

    Raises:
        SeriesError: where its header cannot be understood.
        OSError: where it cannot be read.
    """
    header = read_header(path)
    if header is None:
        return True
    names = header.fields.keys()
    return {"space", "space directions"} <= names or bool(META_DIRECTIONS & names)


def as_read(path: Path) -> bytes | None:
    """The content of an NRRD file in the words that the image library knows.

    Of four axes the one that lies nowhere is called a list: files call it time, or leave kinds out.
    A plane in space, as ImageJ writes it, is a volume of one slice. Pixels of another file come
    along.

    Returns:
        None where the file need not be changed.
    """
    if not path.name.lower().endswith((".nrrd", ".nhdr")):
        return None
    header = _read_nrrd(path)
    directions = re.findall(r"none|\([^)]*\)", header.fields.get("space directions", ""))
    kinds = header.fields.get("kinds", "").split()
    new = {}
    if len(directions) == 4 and directions.count("none") == 1:
        if kinds and kinds[directions.index("none")] in ("list", "vector"):
            return None
        new["kinds"] = " ".join("list" if d == "none" else "domain" for d in directions)
    elif len(directions) == 2 and "none" not in directions and (normal := _across(directions)):
        new = {
            "kinds": "domain domain domain", "dimension": "3",
            "sizes": f"{header.fields.get('sizes', '')} 1",
            "space directions": f"{' '.join(directions)} {normal}",
        }  # fmt: skip
    else:
        return None
    content = path.read_bytes()
    left_out = tuple(f"{name}:".encode() for name in (*new, *ALSO_LEFT_OUT))
    lines = [
        line
        for line in content[: header.length].rstrip(b"\r\n").splitlines()
        if not line.lower().startswith(left_out)
    ]
    lines += [f"{name}: {value}".encode() for name, value in new.items()]
    pixels = content[header.length :] if header.data == path else header.data.read_bytes()
    return b"\n".join(lines) + b"\n\n" + pixels


def _across(directions: Sequence[str]) -> str:
    """A direction at right angles to two, 1 mm long; empty where they are no such."""
    try:
        first, second = ([float(v) for v in d.strip("()").split(",")] for d in directions)
        normal = np.cross(first, second)
    except ValueError:
        return ""
    length = float(np.linalg.norm(normal))
    if len(first) != 3 or not 0 < length < math.inf:
        return ""
    return f"({','.join(f'{float(v / length)!r}' for v in normal)})"


def _read_nrrd(path: Path) -> Header:
    with path.open("rb") as file:
        content = file.read(LONGEST_HEADER)
    if not content.startswith(b"NRRD000"):
        raise SeriesError(f"{path}: is not an NRRD file; export the images anew.")
    end = re.search(rb"\r?\n\r?\n", content)
    text = content[: end.start() if end else len(content)].decode("utf-8", "replace")
    lines = (line.partition(":") for line in text.splitlines() if not line.startswith("#"))
    fields = {name.strip().lower(): value.strip() for name, _, value in lines}
    named = fields.get("data file", fields.get("datafile"))
    data = path if named is None else _beside(path, named)
    if data == path and not end:
        raise SeriesError(f"{path}: ends within its header; copy it again.")
    return Header(fields, end.end() if end else len(content), data)


def _read_meta(path: Path) -> Header:
    with path.open("rb") as file:
        content = file.read(LONGEST_HEADER)
    end = re.search(rb"^ElementDataFile\s*=\s*([^\r\n]*)\r?(\n|\Z)", content, re.MULTILINE)
    if not end:
        raise SeriesError(
            f"{path}: is not a MetaImage file, as it does not say where its pixels are "
            "(ElementDataFile); export the images anew."
        )
    text = content[: end.end()].decode("utf-8", "replace")
    lines = (line.partition("=") for line in text.splitlines())
    fields = {name.strip().lower(): value.strip() for name, _, value in lines}
    named = fields["elementdatafile"]
    return Header(fields, end.end(), path if named == "LOCAL" else _beside(path, named))


def _beside(path: Path, name: str) -> Path:
    """The file of the pixels, which lies beside that of the header."""
    if not name or name.split()[0] == "LIST" or "%" in name:
        raise SeriesError(
            f"{path}: its pixels are in several files ({name[:60]}); save it as one file."
        )
    if Path(name).name != name or "\\" in name:
        raise SeriesError(
            f"{path}: its pixels are said to be in {name[:60]}, outside of its folder; put that "
            "file beside it and correct the header."
        )
    file = path.with_name(name)
    if not file.is_file():
        raise SeriesError(
            f"{path}: its pixels are in {name[:60]}, which is missing; copy it along."
        )
    return file


def _check_nrrd(path: Path, header: Header, there: int) -> None:
    fields = header.fields
    kind = fields.get("type", "")
    plain = re.sub(r"signed |unsigned |^u(?=[csil])| int$|_t$", "", kind.lower()).replace(" ", "")
    width = NRRD_BYTES.get(plain)
    sizes = _sizes(path, fields.get("sizes", ""))
    if width is None:
        raise SeriesError(f"{path}: pixels of type {kind!r:.60}, which cannot be read.")
    coloured = COLOURS.intersection(fields.get("kinds", "").lower().split())
    if len(sizes) == 3 and coloured:
        raise SeriesError(f"{path}: a kind of axis is {min(coloured)}; give magnitude images.")
    units = fields.get("space units") or fields.get("units", "")
    _check_units(path, re.findall(r'"([^"]*)"', units))
    needed = math.prod(sizes) * width
    encoding = fields.get("encoding", "").lower()
    if encoding in ("bz2", "bzip2"):
        raise SeriesError(f"{path}: is compressed by bzip2; save it with gzip or as it is.")
    if encoding == "raw" and there < needed:
        raise SeriesError(
            f"{path}: ends after {there} of the {needed} bytes of its pixels; copy it again."
        )
    if needed > LARGEST_RATIO * max(1, there):
        raise SeriesError(
            f"{path}: its header promises {needed} bytes, of which {there} can hold no more than "
            "a part; copy it again."
        )


def _check_meta(path: Path, header: Header, there: int) -> None:
    fields = header.fields
    kind = fields.get("elementtype", "").removeprefix("MET_")
    width = META_BYTES.get(kind.removeprefix("U").removesuffix("_ARRAY"))
    if width is None:
        raise SeriesError(f"{path}: pixels of type {kind!r:.60}, which cannot be read.")
    sizes = _sizes(path, fields.get("dimsize", ""))
    channels = fields.get("elementnumberofchannels", "1")
    if channels != "1":
        raise SeriesError(f"{path}: {channels[:20]} values a pixel; give magnitude images.")
    if str(len(sizes)) != fields.get("ndims"):
        raise SeriesError(
            f"{path}: NDims is {fields.get('ndims', 'missing')!r:.20}, but DimSize has "
            f"{len(sizes)} numbers; export it anew."
        )
    if fields.get("binarydata", "true").lower() != "true":
        raise SeriesError(f"{path}: its pixels are written as text; save it as binary data.")
    _check_units(path, [fields.get("distanceunits", "")])
    for name in META_LENGTHS & fields.keys():
        _check_numbers(path, name, fields[name], len(sizes), name in META_SPACINGS)
    needed = math.prod(sizes) * width
    if fields.get("compresseddata", "false").lower() == "true":
        size = fields.get("compresseddatasize", "")
        if not re.fullmatch(r"\d{1,12}", size):
            raise SeriesError(
                f"{path}: does not say how many bytes its compressed pixels have "
                "(CompressedDataSize); export it anew."
            )
        there = _inflated(path, header, int(size), needed)
    elif re.fullmatch(r"\d{1,9}", fields.get("headersize", "")):
        there -= int(fields["headersize"])
    if there < needed:
        raise SeriesError(
            f"{path}: {there} of the {needed} bytes of its pixels are there; copy it again."
        )


def _check_units(path: Path, units: Iterable[str]) -> None:
    """Refuse lengths that are not in mm, as which the image library takes all."""
    for unit in units:
        plain = unit.strip().lower()
        if plain in OTHER_LENGTHS or plain.removesuffix("s") in OTHER_LENGTHS:
            raise SeriesError(f"{path}: its lengths are in {unit}; save it in mm.")


def _check_numbers(path: Path, name: str, text: str, count: int, positive: bool) -> None:
    """Refuse lengths along the axes that are none; the image library takes others instead."""
    try:
        numbers = [float(word) for word in text.split()]
    except ValueError:
        numbers = []
    possible = all(math.isfinite(n) and (n > 0 or not positive) for n in numbers)
    if len(numbers) != count or not possible:
        raise SeriesError(
            f"{path}: {name} is {text[:60]!r}, where {count} "
            f"{'lengths above 0' if positive else 'numbers'} are needed; correct it."
        )


def _inflated(path: Path, header: Header, size: int, enough: int) -> int:
    """How many bytes of pixels come out of `size` compressed ones, up to `enough`."""
    stream, count = zlib.decompressobj(ANY_HEADER), 0
    with header.data.open("rb") as file:
        file.seek(header.length if header.data == path else 0)
        while count < enough and not stream.eof and (block := file.read(min(size, 1 << 16))):
            size -= len(block)
            try:
                count += len(stream.decompress(block))
            except zlib.error as error:
                raise SeriesError(
                    f"{path}: its compressed pixels are damaged ({error}); copy it again."
                ) from None
    return count


def _sizes(path: Path, text: str) -> list[int]:
    numbers = text.split()
    if not 1 <= len(numbers) <= 7 or not all(re.fullmatch(r"0*[1-9]\d{0,8}", n) for n in numbers):
        raise SeriesError(f"{path}: sizes of {text[:60]!r}, which cannot be; export it anew.")
    return [int(n) for n in numbers]
