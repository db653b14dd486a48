"""Kills the program at random moments and looks at what is left: results whole, or none.

``python -m studies.kill --times 100`` writes Docs/kill.json; a few kills are a test. Each activity
is started, killed, and started again until it is done; then its results must be those of a process
that nobody killed.
"""

from __future__ import annotations

import argparse
import importlib.util
import io
import json
import multiprocessing
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from cases.commands import write_good_files
from cases.finished import finished
from places import DOCS
from safetensors import safe_open

from ASLMyoSegLib import read_series
from ASLMyoSegLib.io import read_masks, read_posterior
from ASLMyoSegLib.io.results import find_results
from ASLMyoSegLib.network import Architecture, load_model
from ASLMyoSegLib.processes import exchange
from ASLMyoSegLib.processes.worker import Worker
from ASLMyoSegLib.run.pipeline import run
from ASLMyoSegLib.series import Posterior, Segmentation
from ASLMyoSegLib.training.fit import train
from ASLMyoSegLib.training.recipe import TrainingConfig

RESULT = DOCS / "kill.json"
CONFIG = TrainingConfig(Architecture(2, 2, 3, 0.5), epochs=12, learning_rate=3e-3)
LIBRARY = [
    "ASLMyoSegLib.run.pipeline",
    "ASLMyoSegLib.training.fit",
    "ASLMyoSegLib.processes.worker",
    "studies.kill",
]


@dataclass(frozen=True)
class Activity:
    """Something that is killed.

    Attributes:
        prepare: what it needs, in a folder with the files of `write_good_files`.
        act: in a process of its own, until done.
        look: raises where something half-done lies about; returns what is whole, comparable.
        lacks: why it cannot be tried here; empty where it can.
    """

    prepare: Callable[[Path], object]
    act: Callable[[Path], object]
    look: Callable[[Path], Any]
    lacks: Callable[[], str] = lambda: ""


def _series_in_folders(folder: Path) -> None:
    """Two subjects, as a data set with masks."""
    for subject in ("sub-01", "sub-02"):
        target = folder / "data" / subject / "perf"
        observer = folder / "data" / "derivatives" / "observer" / subject / "perf"
        for path in (target, observer):
            path.mkdir(parents=True)
        for file in folder.glob("sub-01*"):
            shutil.copy(file, target / file.name.replace("sub-01", subject))
        shutil.copy(folder / "masks.nii.gz", observer / f"{subject}_desc-myocardium_mask.nii.gz")


def _run(folder: Path) -> None:
    model = load_model(folder / "tiny.safetensors")
    run(folder / "data", folder / "out", model=model, trials=30, device="cpu")


def _look_at_run(folder: Path) -> dict[str, Any]:
    found = {}
    for layout in find_results(folder / "out"):
        posterior = read_posterior(layout)
        summary = json.loads(layout.summary.read_text())
        del summary["seconds"]
        names = [name for name in summary["files"] if (layout.root / name).is_file()]
        assert names == summary["files"], names
        assert layout.figure("bullseye.svg").is_file() == (summary["mbf"] is not None), names
        assert layout.report.read_text().endswith("</html>\n")
        found[layout.name] = names, summary, posterior.mean.tobytes(), posterior.std.tobytes()
    return found


def _train(folder: Path) -> None:
    """Until it is done; a model without a state beside it was done before."""
    if not (folder / "new.safetensors").is_file() or list(folder.glob("*.resume")):
        train(folder / "data", folder / "new.safetensors", CONFIG)


def _look_at_training(folder: Path) -> Any:
    model, state = folder / "new.safetensors", folder / "new.safetensors.resume"
    if state.is_file():
        with safe_open(state, framework="pt") as file:
            assert int(file.metadata()["epoch"]) >= 0
    if not model.is_file():
        return None
    found = load_model(model)  # not its sha256: safetensors orders its metadata at will
    weights = {name: t.numpy().tobytes() for name, t in found.network.state_dict().items()}
    return found.header, weights


def _request(folder: Path) -> None:
    series = read_series(folder / "sub-01_asl.nii.gz")
    message = exchange.to_message(series, folder)
    for name in ("images", "inversion_time"):
        (folder / message[name]["file"]).rename(folder / f"{name}.npy")
        message[name]["file"] = f"{name}.npy"
    model = str(folder / "tiny.safetensors")
    request = {"id": 1, "series": message, "model": model, "trials": 5000}
    request |= {"precision": None, "seed": 0, "device": "cpu"}
    (folder / "request.json").write_text(json.dumps(request))


def _work(folder: Path) -> None:
    """What the worker does of a request; its replies go into a file."""
    (folder / "replies").unlink(missing_ok=True)  # those of an earlier worker speak of its files
    shutil.rmtree(folder / "exchange", ignore_errors=True)
    (folder / "exchange").mkdir()
    for name in ("images", "inversion_time"):
        shutil.copy(folder / f"{name}.npy", folder / "exchange")
    request = json.loads((folder / "request.json").read_text())
    with (folder / "replies").open("w", buffering=1) as replies:
        Worker(io.StringIO(), replies)._segment({**request, "folder": str(folder / "exchange")})


def _look_at_replies(folder: Path) -> Any:
    """Whatever a reply speaks of is there, whole; what was looked at is gone."""
    replies = folder / "replies"
    lines = replies.read_text().splitlines(keepends=True) if replies.is_file() else []
    replies.unlink(missing_ok=True)
    told = [json.loads(line) for line in lines if line.endswith("\n")]
    last = None
    for reply in told:
        if "posterior" in reply:
            last = exchange.from_message(Posterior, reply["posterior"], folder / "exchange")
            assert last.mean.shape == (3, 1, 20, 24)
    if not told or told[-1]["reply"] != "result":
        return None
    return last.mean.tobytes(), last.std.tobytes(), last.trial_masks.tobytes()


def _scene(folder: Path) -> None:
    """A scene in which one mask was corrected."""
    from ASLMyoSegLib.scene import write_scene

    series = read_series(folder / "sub-01_asl.nii.gz")
    masks = read_masks(folder / "masks.nii.gz", series)
    masks[1, 0, :4] = True
    status = ("automatic", "corrected", "accepted")
    blank = np.zeros(masks.shape, np.float32)
    posterior = Posterior(
        blank, blank, np.full((3, 1), 2), np.zeros((0, 3, 1, 60), np.uint8), 0, "cpu",
        {"name": "m", "sha256": "0" * 64},
    )  # fmt: skip
    scores = np.full((3, 1), 0.2)
    segmentation = Segmentation(masks, status, scores)
    write_scene(folder / "scene.mrb", finished(series, posterior, segmentation))


def _save_scene(folder: Path) -> None:
    """Open the scene and save it over itself."""
    from ASLMyoSegLib.scene import read_scene

    (folder / "done").unlink(missing_ok=True)
    read_scene(folder / "scene.mrb")
    _scene(folder)
    (folder / "done").touch()


def _look_at_scene(folder: Path) -> Any:
    from ASLMyoSegLib.scene import read_scene

    _, segmentation, _ = read_scene(folder / "scene.mrb")
    assert segmentation.status[1:] == ("corrected", "accepted")
    assert segmentation.masks[1, 0, :4].all()
    done = (folder / "done").is_file()
    return (segmentation.status, segmentation.masks.tobytes()) if done else None


def _lacks_mrml() -> str:
    return "" if importlib.util.find_spec("slicer") else "Slicer's MRML is not installed"


ACTIVITIES = {
    "run": Activity(_series_in_folders, _run, _look_at_run),
    "train": Activity(_series_in_folders, _train, _look_at_training),
    "worker": Activity(_request, _work, _look_at_replies),
    "scene": Activity(_scene, _save_scene, _look_at_scene, _lacks_mrml),
}


def start(act: Callable[[Path], object], folder: Path) -> multiprocessing.Process:
    """In a new process, forked from one that has loaded the library."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(LIBRARY)
    process = context.Process(target=act, args=(folder,), daemon=True)
    process.start()
    return process


def kill(name: str, times: int, seed: int) -> dict[str, int]:
    """Kill an activity so often, at moments spread over its whole life.

    Returns how often it was killed, how often it was done before that, and how often it was
    started again until done, with the results of one that nobody killed.

    Raises:
        AssertionError: where something half-done is left, or a later start does not go on.
    """
    activity, rng = ACTIVITIES[name], np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        fresh, folder = root / "fresh", root / "used"
        fresh.mkdir()
        write_good_files(fresh)
        activity.prepare(fresh)
        whole = root / "whole"
        shutil.copytree(fresh, whole)
        start(activity.act, whole).join()  # the first one is slower
        shutil.rmtree(whole)
        shutil.copytree(fresh, whole)
        started = time.monotonic()
        start(activity.act, whole).join()
        length = time.monotonic() - started
        expected = activity.look(whole)
        assert expected, f"{name}: nothing came of it"
        counts = dict.fromkeys(("killed", "too late", "finished"), 0)
        while counts["killed"] < times:
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(fresh, folder)
            for _ in range(min(3, times)):
                process = start(activity.act, folder)
                process.join(rng.uniform(0, 1.1 * length))
                counts["killed" if process.is_alive() else "too late"] += 1
                process.kill()
                process.join()
                activity.look(folder)
            last = start(activity.act, folder)
            last.join()
            assert last.exitcode == 0, f"{name}: does not go on"
            assert activity.look(folder) == expected, f"{name}: other results after a kill"
            counts["finished"] += 1
    return counts


def main() -> None:
    """Kill each activity in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, required=True, help="In all.")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    outcomes = {}
    for name, activity in ACTIVITIES.items():
        if activity.lacks():
            raise SystemExit(f"{name}: {activity.lacks()}")
        outcomes[name] = kill(name, -(-options.times // len(ACTIVITIES)), options.seed)
        print(name, outcomes[name], flush=True)
    command = f"python -m studies.kill --times {options.times} --seed {options.seed}"
    RESULT.write_text(json.dumps({"command": command, "outcomes": outcomes}, indent=2) + "\n")


if __name__ == "__main__":
    main()
