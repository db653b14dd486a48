"""The process that computes for the panel: a crash or a full memory there costs no correction.

One JSON object a line, requests on standard input and replies on standard output; arrays go through
files of a folder that the requester names (`exchange`). The process stays up, with its model
loaded, until its standard input closes, which the end of its parent does too.

| request | fields |
|---|---|
| `hello` | |
| `segment` | `id`, `folder`, `series`, `model`, `trials`, `precision`, `seed`, `device`, `heart` |
| `cancel` | `id` |
| `quit` | |

`heart` is where a person says that it is, pixels (y, x) of the series; it may be left out.

| reply | fields |
|---|---|
| `hello` | `torch`, `devices` (`name`, `label`), `automatic`, `why` |
| `progress` | `id`, `passes`, `expected`, `seconds_left` |
| `partial`, `result` | `id`, `posterior` |
| `cancelled` | `id`; it comes at once, and no other reply with this `id` after it |
| `error` | `id`, `message`, `offer`, `detail` |

`error` has a `message` for people, `offer` (``"cpu"`` where the GPU's memory was the reason, else
null) and, for faults of the program, `detail` for its makers.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import IO, Any

from ..errors import ASLMyoSegError, DeviceMemoryError
from ..series import ASLSeries
from .exchange import from_message, to_message

PARTIAL_INTERVAL = 1.0
"""Seconds from one partial result to the next."""
PROGRESS_INTERVAL = 0.2


def main() -> None:
    """Serve until standard input closes. What libraries print goes to standard error."""
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8", buffering=1)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    requests = os.fdopen(os.dup(sys.stdin.fileno()), encoding="utf-8")
    Worker(requests, replies).serve()


class Worker:
    """Answers requests one after the other, and cancellations at once."""

    def __init__(self, requests: IO[str], replies: IO[str]) -> None:
        self._requests, self._replies = requests, replies
        self._waiting: queue.Queue[dict[str, Any]] = queue.Queue()
        self._cancelled: set[int] = set()
        self._lock = threading.Lock()
        self._models: dict[tuple[str | None, float], Any] = {}

    def serve(self) -> None:
        threading.Thread(target=self._listen, daemon=True).start()
        while True:
            request = self._waiting.get()
            try:
                self._answer(request)
            except Exception as error:
                self._send({"reply": "error", "id": request.get("id"), **describe_error(error)})

    def _listen(self) -> None:
        """Read requests beside the computation; the end of input is the end of the process."""
        for line in self._requests:
            try:
                request = json.loads(line)
                kind = request["request"]
            except (ValueError, KeyError, TypeError) as error:
                message = f"not a request ({error!r}): {line.strip()}"
                self._send({"reply": "error", "id": None, "message": message, "offer": None})
                continue
            if kind == "quit":
                break
            if kind == "cancel":
                with self._lock:
                    self._cancelled.add(request["id"])
                    self._write({"reply": "cancelled", "id": request["id"]})
            else:
                self._waiting.put(request)
        os._exit(0)  # the computing thread may be deep inside a library

    def _answer(self, request: dict[str, Any]) -> None:
        if request["request"] == "hello":
            self._send({"reply": "hello", "id": None, **describe_devices()})
        elif request["request"] == "segment":
            self._segment(request)
        else:
            raise ASLMyoSegError(f"request {request['request']!r} is unknown.")

    def _segment(self, request: dict[str, Any]) -> None:
        number, folder = request["id"], Path(request["folder"])
        if number in self._cancelled:
            return
        series = from_message(ASLSeries, request["series"], folder)
        from ..uncertainty.sampler import stream

        steps = stream(
            series,
            self._model(request["model"]),
            trials=request["trials"],
            precision=request["precision"],
            seed=request["seed"],
            device=use_device(request["device"]),
            heart=request.get("heart"),
        )
        next_progress = next_partial = 0.0
        with contextlib.closing(steps):
            for step in steps:
                if number in self._cancelled:
                    return
                now = time.monotonic()
                if now >= next_progress:
                    next_progress = now + PROGRESS_INTERVAL
                    self._send(
                        {
                            "reply": "progress",
                            "id": number,
                            "passes": step.passes,
                            "expected": step.expected,
                            "seconds_left": step.seconds_left,
                        }
                    )
                if step.passes and now >= next_partial:
                    next_partial = now + PARTIAL_INTERVAL
                    # The masks of each pass are many megabytes, and nobody looks at them yet.
                    sketch = to_message(step.posterior(), folder, leave_out=("trial_masks",))
                    self._send({"reply": "partial", "id": number, "posterior": sketch})
            result = to_message(step.posterior(), folder)
        self._send({"reply": "result", "id": number, "posterior": result})

    def _model(self, path: str | None) -> Any:
        """The model of a file, loaded once as long as the file stays as it is."""
        from ..network import load_model

        key = (path, Path(path).stat().st_mtime if path and Path(path).is_file() else 0.0)
        if key not in self._models:
            self._models = {key: load_model(path)}
        return self._models[key]

    def _send(self, reply: dict[str, Any]) -> None:
        with self._lock:
            if reply["id"] not in self._cancelled:
                self._write(reply)

    def _write(self, reply: dict[str, Any]) -> None:
        self._replies.write(json.dumps(reply, default=str) + "\n")
        self._replies.flush()


def describe_devices() -> dict[str, Any]:
    """What this Python can compute on, which device `auto` takes, and why."""
    try:
        import torch
    except ImportError as error:
        missing = isinstance(error, ModuleNotFoundError) and error.name == "torch"
        why = "PyTorch is not installed." if missing else f"PyTorch cannot be loaded: {error}."
        return {"torch": None, "devices": [], "automatic": None, "why": why}
    devices = [
        {"name": f"cuda:{index}", "label": f"{torch.cuda.get_device_name(index)} (GPU {index})"}
        for index in range(torch.cuda.device_count() if torch.cuda.is_available() else 0)
    ]
    threads = torch.get_num_threads()
    if devices:
        why = "PyTorch can use this GPU."
    elif torch.version.cuda is None and torch.version.hip is None:
        why = "The installed PyTorch is built for the CPU only."
        if shutil.which("nvidia-smi"):
            why += (
                " This computer has an NVIDIA driver: another build of PyTorch could use its GPU."
            )
    else:
        why = "PyTorch finds no GPU, or no driver for it."
    devices.append({"name": "cpu", "label": f"CPU ({threads} thread{'s'[: threads > 1]})"})
    return {
        "torch": torch.__version__,
        "devices": devices,
        "automatic": devices[0]["name"],
        "why": why,
    }


def use_device(name: str) -> str:
    """Make `cuda:1` the GPU that the engine's `cuda` means; other names stay as they are."""
    kind, _, index = name.partition(":")
    if kind == "cuda" and index:
        import torch

        if int(index) >= torch.cuda.device_count():
            raise ASLMyoSegError(f"GPU {index} is not here any more; choose another device.")
        torch.cuda.set_device(int(index))
    return kind


def describe_error(error: Exception) -> dict[str, Any]:
    """An error in words for people: `message`, `offer` and `detail` of the protocol."""
    detail = "".join(traceback.format_exception(error))
    print(detail, file=sys.stderr, flush=True)
    if _is_gpu_memory(error):
        import torch

        torch.cuda.empty_cache()
        message = "The memory of the GPU is not enough, even for small batches."
        return {"message": message, "offer": "cpu"}
    if isinstance(error, ASLMyoSegError):
        return {"message": str(error), "offer": None}
    if isinstance(error, MemoryError) or "can't allocate memory" in str(error):
        message = "The memory of this computer is not enough; close other programs and try again."
        return {"message": message, "offer": None}
    if isinstance(error, ImportError):
        return {"message": f"A Python package cannot be loaded: {error}.", "offer": None}
    message = f"Unexpected {type(error).__name__}: {error}"
    return {"message": message, "offer": None, "detail": detail}


def _is_gpu_memory(error: Exception) -> bool:
    torch = sys.modules.get("torch")
    raised = torch is not None and isinstance(error, torch.cuda.OutOfMemoryError)
    return raised or isinstance(error, DeviceMemoryError)
