"""The worker process as the panel sees it: requests go out, plain callbacks come back."""

from __future__ import annotations

import json
import logging
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

import ASLMyoSegLib
from ASLMyoSegLib.processes.exchange import from_message, to_message
from ASLMyoSegLib.series import ASLSeries, Posterior

LIBRARY = Path(ASLMyoSegLib.__file__).parents[1]
START = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from ASLMyoSegLib.processes.worker import main; main()"
)
"""The library's folder is an argument, as PYTHONPATH would break at a colon in its name."""


@dataclass(frozen=True)
class Run:
    """What is called while a series is segmented. After `done` or `failed`, nothing is.

    Attributes:
        progress: trials done, trials expected, seconds left or None.
        partial: a `Posterior` without the masks of each trial.
        done: the whole `Posterior`.
        failed: a message for people, and the device to offer instead ("cpu") or None.
    """

    progress: Callable[[int, int, float | None], None]
    partial: Callable[[Posterior], None]
    done: Callable[[Posterior], None]
    failed: Callable[[str, str | None], None]


class WorkerClient:
    """Starts the process when it is first needed, and again after it has died.

    >>> client = WorkerClient()
    >>> client.hello(lambda reply: print(reply["devices"], reply["why"]))
    >>> client.segment(series, Run(print, print, print, print), trials=100, device="auto")
    """

    def __init__(self) -> None:
        self._process: Any = None
        self._folder = ""
        self._unread = b""
        self._number = 0
        self._run: Run | None = None
        self._greeting: Callable[[dict[str, Any]], None] | None = None
        self._slots = {
            "readyReadStandardOutput()": self._onOutput,
            "readyReadStandardError()": self._onErrorOutput,
            "finished(int,QProcess::ExitStatus)": self._onFinished,
            "errorOccurred(QProcess::ProcessError)": self._onProcessError,
        }

    @property
    def busy(self) -> bool:
        return self._run is not None

    def hello(self, answer: Callable[[dict[str, Any]], None]) -> None:
        """Ask for torch and devices; `answer` gets the reply that `worker` describes."""
        self._greeting = answer
        self._ask({"request": "hello"})

    def segment(
        self,
        series: ASLSeries,
        run: Run,
        *,
        model: str | None,
        trials: int | None,
        precision: float | None,
        device: str,
        heart: tuple[float, float] | None = None,
        seed: int = 0,
    ) -> None:
        """Begin to segment; `run` hears of it from now on.

        `heart` is where a person says that it is, pixels (y, x); None looks for it.
        """
        self._run = run
        self._number += 1
        self._start()
        self._ask(
            {
                "request": "segment",
                "id": self._number,
                "folder": self._folder,
                "series": to_message(series, self._folder),
                "model": model,
                "trials": trials,
                "precision": precision,
                "seed": seed,
                "device": device,
                "heart": heart,
            }
        )

    def cancel(self) -> None:
        """Stop the run; from now on it calls nothing."""
        if self._run is not None:
            self._run = None
            self._ask({"request": "cancel", "id": self._number})

    def stop(self) -> None:
        """End the process at once: it holds nothing that could be lost."""
        self._run = self._greeting = None
        if self._process is not None:
            process, self._process = self._process, None
            for signal, slot in self._slots.items():
                process.disconnect(signal, slot)
            process.kill()
            process.waitForFinished(1000)
        self._removeFolder()

    def _start(self) -> None:
        if self._process is not None:
            return
        self._unread = b""
        self._folder = tempfile.mkdtemp(prefix="aslmyoseg-", dir=slicer.app.temporaryPath)
        process = qt.QProcess()
        environment = qt.QProcessEnvironment.systemEnvironment()
        environment.insert("PYTHONNOUSERSITE", "1")
        # Threads that wait would spin otherwise, and starve Slicer's window and themselves.
        environment.insert("OMP_WAIT_POLICY", "PASSIVE")
        process.setProcessEnvironment(environment)
        process.setWorkingDirectory(self._folder)  # nothing here can be imported by mistake
        for signal, slot in self._slots.items():
            process.connect(signal, slot)
        self._process = process
        python = os.path.join(slicer.app.slicerHome, "bin", "PythonSlicer")
        process.start(python, ["-c", START, str(LIBRARY)])

    def _ask(self, request: dict[str, Any]) -> None:
        self._start()
        self._process.write((json.dumps(request, default=str) + "\n").encode())

    def _onOutput(self) -> None:
        self._unread += bytes(self._process.readAllStandardOutput().data())
        *lines, self._unread = self._unread.split(b"\n")
        for line in lines:
            self._hear(json.loads(line))

    def _onErrorOutput(self) -> None:
        text = bytes(self._process.readAllStandardError().data()).decode(errors="replace")
        logging.info("ASLMyoSeg worker: %s", text.rstrip())

    def _hear(self, reply: dict[str, Any]) -> None:
        kind = reply["reply"]
        if kind == "hello":
            if self._greeting is not None:
                self._greeting(reply)
            return
        run = self._run
        if run is None or reply["id"] != self._number:
            self._removeFiles(reply)
        elif kind == "progress":
            run.progress(reply["passes"], reply["expected"], reply["seconds_left"])
        elif kind == "partial":
            run.partial(from_message(Posterior, reply["posterior"], self._folder))
        elif kind == "result":
            self._run = None
            run.done(from_message(Posterior, reply["posterior"], self._folder))
        elif kind == "error":
            self._run = None
            run.failed(reply["message"], reply["offer"])

    def _onFinished(self, code: int, status: Any) -> None:
        """The process has ended by itself, or somebody ended it."""
        self._forget(
            _(
                "The process that computes has ended before it was done (exit code {code}). It may "
                "have been out of memory. Your masks and corrections are unharmed; press Segment "
                "to try again."
            ).format(code=code)
        )

    def _onProcessError(self, error: Any) -> None:
        if error == qt.QProcess.FailedToStart:
            reason = self._process.errorString()
            self._forget(_("Slicer's Python could not be started: {reason}.").format(reason=reason))

    def _forget(self, message: str) -> None:
        """The process is gone: tell whoever waits for it."""
        run, self._run = self._run, None
        greeting, self._greeting = self._greeting, None
        if self._process is not None:
            self._process.deleteLater()
            self._process = None
        self._removeFolder()
        if run is not None:
            run.failed(message, None)
        elif greeting is not None:
            greeting({"torch": None, "devices": [], "automatic": None, "why": message})

    def _removeFiles(self, reply: dict[str, Any]) -> None:
        """Arrays of a run that nobody waits for any more."""
        for content in reply.get("posterior", {}).values():
            if isinstance(content, dict) and "file" in content:
                Path(self._folder, content["file"]).unlink(missing_ok=True)

    def _removeFolder(self) -> None:
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = ""
