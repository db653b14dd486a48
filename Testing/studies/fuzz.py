"""Damages files at random and reads them: only a right result or an error for people may come out.

``python -m studies.fuzz --minutes 60`` goes through all readers and writes Docs/fuzz.json; a few
seconds of it are a test. `readers.py` lists them.
"""

from __future__ import annotations

import argparse
import gzip
import json
import signal
import struct
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from cases.commands import write_good_files
from cases.readers import READERS, Reader
from places import DOCS

from ASLMyoSegLib import __version__
from ASLMyoSegLib.errors import ASLMyoSegError

RESULT = DOCS / "fuzz.json"
LONGEST = 30
"""Seconds after which one file counts as never read."""


def damage(content: bytes, rng: np.random.Generator) -> bytes:
    """Some bytes changed, taken out, doubled, or the rest cut off; headers more often than not."""
    changed = bytearray(content)
    for _ in range(rng.integers(1, 6)):
        if not changed:
            break
        near = min(len(changed), 400) if rng.random() < 0.7 else len(changed)
        at, width = int(rng.integers(near)), int(rng.integers(1, 9))
        kind = rng.integers(7)
        if kind == 0:
            del changed[at:]
        elif kind == 1:
            del changed[at : at + width]
        elif kind == 2:
            changed[at:at] = changed[at : at + width]
        elif kind == 3:
            value = rng.choice([0, -1, 1, 2**31 - 1, -(2**31), 2**15, 255])
            changed[at : at + 4] = struct.pack("<i", value)
        elif kind == 4:
            value = rng.choice([np.nan, np.inf, -np.inf, 1e38, 1e-38, -1.0])
            changed[at : at + 4] = struct.pack("<f", value)
        else:
            changed[at : at + width] = rng.bytes(width)
    return bytes(changed)


def fuzz(name: str, seed: int, seconds: float) -> Counter[str]:
    """Damage the files of one reader for some time; returns how often which outcome came.

    Raises:
        AssertionError: where anything else came out; it tells the damaged file's making.
    """
    reader, outcomes = READERS[name], Counter()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_good_files(folder)
        reader.write(folder)
        assert reader.right(reader.read(folder)), f"{name}: good files are not read"
        victims = sorted(path for pattern in reader.victims for path in folder.glob(pattern))
        good = {path: path.read_bytes() for path in victims}
        until, number = time.monotonic() + seconds, 0
        while time.monotonic() < until:
            victim = victims[number % len(victims)]
            rng = np.random.default_rng([seed, number])
            # Inside the compression, as its check sum tells nearly all that is done from outside.
            inside = victim.suffix == ".gz" and rng.random() < 0.8
            content = gzip.decompress(good[victim]) if inside else good[victim]
            content = damage(content, rng)
            victim.write_bytes(gzip.compress(content, 1) if inside else content)
            outcomes[_outcome(reader, folder, f"{name}, seed {seed}, number {number}")] += 1
            victim.write_bytes(good[victim])
            number += 1
    return outcomes


def _outcome(reader: Reader, folder: Path, where: str) -> str:
    signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(LONGEST)
    try:
        result = reader.read(folder)
    except ASLMyoSegError as error:
        if "\n" in str(error):
            raise AssertionError(f"{where}: {error!r}") from error
        return type(error).__name__
    except Exception as error:
        raise AssertionError(f"{where}: {error!r}") from error
    finally:
        signal.alarm(0)
    assert reader.right(result), f"{where}: read, but not right"
    return "read"


def _too_long(*_: object) -> None:
    raise TimeoutError(f"not read in {LONGEST} s")


def main() -> None:
    """Take turns, in processes of their own, as a library may end the process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--seed", type=int, default=0)
    minutes, seed = (options := parser.parse_args()).minutes, options.seed
    totals: dict[str, Counter[str]] = {name: Counter() for name in READERS}
    faults: list[str] = []
    until = time.monotonic() + 60 * minutes
    while time.monotonic() < until:
        for name in READERS:
            with ProcessPoolExecutor(1, get_context("spawn")) as pool:
                try:
                    totals[name] += pool.submit(fuzz, name, seed, 20).result()
                except (AssertionError, BrokenProcessPool) as error:
                    faults.append(f"{name}, seed {seed}: {error!r}"[:300])
                    print(faults[-1], flush=True)
        seed += 1
    result = {
        "command": f"python -m studies.fuzz --minutes {minutes:g} --seed {options.seed}",
        "version": __version__,
        "files": sum(map(Counter.total, totals.values())),
        "outcomes": {name: dict(sorted(counts.items())) for name, counts in totals.items()},
        "faults": faults,
    }
    RESULT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(RESULT)


if __name__ == "__main__":
    main()
