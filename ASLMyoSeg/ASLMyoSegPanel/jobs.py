"""Jobs that another process does, so that the window goes on: export, measuring motion."""

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
from ASLMyoSegLib.errors import ASLMyoSegError
from ASLMyoSegLib.run.jobs import Job, read_answer, write_job

LIBRARY = Path(ASLMyoSegLib.__file__).parents[1]
START = (
    "import sys; sys.path.insert(0, sys.argv[1]); from ASLMyoSegLib.run.jobs import main; main()"
)


@dataclass(frozen=True)
class Waiting:
    """What is called while a job is done. After `done` or `failed`, nothing is.

    Attributes:
        step: in words, what is done now.
        done: with the job's result.
        failed: with a message for people.
    """

    step: Callable[[str], None]
    done: Callable[[Any], None]
    failed: Callable[[str], None]


class JobClient:
    """Does one job at a time, each in a process of its own.

    >>> JobClient().start(MotionJob(series, masks), Waiting(print, print, print))
    """

    def __init__(self) -> None:
        self._process: Any = None
        self._waiting: Waiting | None = None
        self._folder = ""
        self._unread = b""
        self._slots = {
            "readyReadStandardOutput()": self._onOutput,
            "readyReadStandardError()": self._onErrorOutput,
            "finished(int,QProcess::ExitStatus)": self._onFinished,
            "errorOccurred(QProcess::ProcessError)": self._onProcessError,
        }

    @property
    def busy(self) -> bool:
        return self._process is not None

    def start(self, job: Job, waiting: Waiting) -> None:
        """Begin; a job that is still done is ended."""
        self.stop()
        self._waiting, self._unread = waiting, b""
        self._folder = tempfile.mkdtemp(prefix="aslmyoseg-", dir=slicer.app.temporaryPath)
        write_job(job, self._folder)
        process = qt.QProcess()
        environment = qt.QProcessEnvironment.systemEnvironment()
        environment.insert("PYTHONNOUSERSITE", "1")
        process.setProcessEnvironment(environment)
        process.setWorkingDirectory(self._folder)
        for signal, slot in self._slots.items():
            process.connect(signal, slot)
        self._process = process
        python = os.path.join(slicer.app.slicerHome, "bin", "PythonSlicer")
        process.start(python, ["-c", START, str(LIBRARY), self._folder])

    def stop(self) -> None:
        """End the job at once; nobody hears of it any more."""
        self._waiting = None
        if self._process is not None:
            process, self._process = self._process, None
            for signal, slot in self._slots.items():
                process.disconnect(signal, slot)
            process.kill()
            process.waitForFinished(1000)
        self._removeFolder()

    def _onOutput(self) -> None:
        self._unread += bytes(self._process.readAllStandardOutput().data())
        *lines, self._unread = self._unread.split(b"\n")
        for line in lines:
            try:
                step = json.loads(line)["step"]
            except (ValueError, KeyError, TypeError):  # what a library printed
                continue
            self._waiting.step(step)

    def _onErrorOutput(self) -> None:
        text = bytes(self._process.readAllStandardError().data()).decode(errors="replace")
        logging.info("ASLMyoSeg job: %s", text.rstrip())

    def _onFinished(self, code: int, status: Any) -> None:
        waiting = self._end()
        try:
            answer = read_answer(self._folder)
        except ASLMyoSegError as error:
            self._removeFolder()
            waiting.failed(str(error))
        else:
            self._removeFolder()
            waiting.done(answer)

    def _onProcessError(self, error: Any) -> None:
        if error == qt.QProcess.FailedToStart:
            reason = self._process.errorString()
            waiting = self._end()
            self._removeFolder()
            waiting.failed(
                _("Slicer's Python could not be started: {reason}.").format(reason=reason)
            )

    def _end(self) -> Waiting:
        """The process is gone; what it printed last is heard."""
        self._onOutput()
        self._process.deleteLater()
        waiting, self._process, self._waiting = self._waiting, None, None
        return waiting

    def _removeFolder(self) -> None:
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = ""
