"""Section 2: let the worker process segment the series."""

from __future__ import annotations

import logging
import time
from typing import Any

import slicer
from slicer.i18n import tr as _

from ASLMyoSegLib.errors import ASLMyoSegError
from ASLMyoSegLib.run.heart import heart_notes
from ASLMyoSegLib.scene import pointing

from . import packages
from .client import Run, WorkerClient
from .heart_tool import HeartTool
from .section import Section

PARTS = 1000
"""Of the progress bar."""


class SegmentSection(Section):
    def setup(self) -> None:
        ui = self.ui
        self.client = WorkerClient()
        self._asked = False
        self._devices: dict | None = None
        self._precision: float | None = None
        self._started = 0.0
        self._said = ""
        self._target: Any = None
        self._modelShown = ""
        self._share = 0.0
        self._waiting: list[Any] = []
        ui.segmentButton.connect("clicked()", self.onSegment)
        ui.segmentAllButton.connect("clicked()", self.onSegmentAll)
        ui.cancelButton.connect("clicked()", self.onCancel)
        ui.pointAtHeartButton.connect("clicked()", self.onPointAtHeart)
        ui.forgetHeartButton.connect("clicked()", self.onForgetHeart)
        self._pointed = self.panel.timer(0, self.onPointed)
        self.heart = HeartTool(self._pointed.start)
        ui.deviceComboBox.connect("currentIndexChanged(int)", self.onDeviceChosen)
        ui.modelPathLineEdit.comboBox().connect("editTextChanged(QString)", self.onModelChosen)
        ui.modelPathLineEdit.comboBox().lineEdit().placeholderText = _("the default model")
        ui.deviceComboBox.addItem(_("Automatic"), "auto")
        ui.thresholdSliderWidget.connect("valueChanged(double)", self.onThreshold)
        ui.progressBar.visible = False

    def update(self) -> None:
        ui, running = self.ui, self.client.busy
        there = self.series is not None
        self.able(ui.segmentButton, _("It is under way.") if running else self.lacking())
        others = there and any(not one.segmented for one in self.series.all_in(slicer.mrmlScene))
        done = "" if others else _("Every series has a result.")
        self.able(ui.segmentAllButton, _("It is under way.") if running else self.lacking() or done)
        self.able(ui.cancelButton, "" if running else _("Nothing is under way."))
        self.heart.watch(self.series)
        pointed = there and pointing.pointed(self.series) is not None
        self.able(ui.pointAtHeartButton, self.lacking())
        self.able(ui.forgetHeartButton, "" if pointed else _("Nobody points at the heart."))
        ui.progressBar.visible = running
        ui.progressLabel.text = self._said
        if self.parameters is not None:
            ui.trialsSpinBox.enabled = self.parameters.fixedTrials
            ui.precisionSpinBox.enabled = not self.parameters.fixedTrials
            if self.parameters.modelFile != self._modelShown:
                self._modelShown = self.parameters.modelFile
                if ui.modelPathLineEdit.currentPath != self._modelShown:
                    ui.modelPathLineEdit.currentPath = self._modelShown
            self._showDevice()
        if there and not self._asked:
            self.lookForDevices()

    def leave(self) -> None:
        self.heart.watch(None)

    def lookForDevices(self) -> None:
        """Ask the worker what it can compute on; without PyTorch, nobody needs to be asked."""
        self._asked = True
        if packages.missing(self.panel.requirements):
            self.ui.deviceInfoLabel.text = _(
                "PyTorch is not installed yet; Segment asks before it installs anything."
            )
            return
        self.ui.deviceInfoLabel.text = _("Looking for a GPU...")
        self.client.hello(self.onHello)

    def onHello(self, reply: dict) -> None:
        """Name the devices, and the one in use with the reason."""
        box = self.ui.deviceComboBox
        wasBlocked = box.blockSignals(True)
        box.clear()
        box.addItem(_("Automatic"), "auto")
        for device in reply["devices"]:
            box.addItem(device["label"], device["name"])
        box.blockSignals(wasBlocked)
        self._devices = reply
        self._showDevice()

    def onDeviceChosen(self, index: int) -> None:
        if self.parameters is not None and index >= 0:
            self.parameters.device = self.ui.deviceComboBox.itemData(index)
            self._showDevice()

    def onModelChosen(self, _text: str) -> None:
        """Typed or chosen; the widget tells of no path that it takes for wrong, nor of none."""
        if self.parameters is not None:
            self._takeModel()

    def runs(self, series) -> bool:
        """Whether this series is being segmented."""
        return self.client.busy and self._target == series

    def onThreshold(self, threshold: float) -> None:
        """Let automatic masks follow the slider."""
        if self.series is not None:
            self.series.set_threshold(threshold)
            self.panel.requestUpdate()
            self.panel.requestFlow()

    def onSegment(self) -> None:
        """Install what is missing, after one question; then start."""
        try:
            there = packages.ensure(self.panel.requirements, _("Segmenting"))
        except packages.PackageError as error:
            self._say(str(error))
            return
        if there:
            self.start()
        else:
            self._say(_("Not segmented: PyTorch is not installed."))

    def onPointAtHeart(self) -> None:
        """Let the next click say where the heart is."""
        self.panel.views.show()
        try:
            pointing.start_pointing(self.series)
        except ASLMyoSegError as error:
            self._say(str(error))
            return
        self._say(_("Click on the heart in a slice view."))

    def onPointed(self) -> None:
        """Segment the series anew at the place; what else was under way waits meanwhile."""
        if self.series is None or pointing.pointed(self.series) is None:
            return
        under_way = [self._target] if self.client.busy else []
        waiting = [one for one in (*under_way, *self._waiting) if one != self.series]
        self.stop()
        self._waiting = waiting
        self.onSegment()

    def onForgetHeart(self) -> None:
        pointing.forget(self.series)
        self._say(_("The heart is looked for again when you press Segment."))

    def onSegmentAll(self) -> None:
        """Segment what has no result yet, one series after the other."""
        every = self.series.all_in(slicer.mrmlScene)
        self._waiting = [one for one in every if not one.segmented]
        self._next()

    def _next(self) -> None:
        if self._waiting:
            self.panel.use(self._waiting.pop(0))
            self.onSegment()

    def start(self) -> None:
        """Segment the series in use with the settings of the panel."""
        parameters, target = self.parameters, self.series
        self._takeModel()
        try:
            series = target.series()
            target.set_threshold(parameters.threshold)
        except ASLMyoSegError as error:
            self._say(str(error))
            return
        if self._devices is None:
            self.lookForDevices()
        self._started, self._share, self._target = time.monotonic(), 0.0, target
        self._precision = None if parameters.fixedTrials else parameters.precision / 100
        run = Run(
            progress=self.onProgress,
            partial=lambda posterior: self._show(target, posterior),
            done=lambda posterior: self.onDone(target, posterior),
            failed=self.onFailed,
        )
        self.client.segment(
            series,
            run,
            model=parameters.modelFile or None,
            trials=parameters.trials if parameters.fixedTrials else None,
            precision=self._precision,
            device=parameters.device,
            heart=pointing.pointed(target),
        )
        self.ui.progressBar.setRange(0, 0)
        self._said = _("Starting...")
        self.panel.update()

    def onProgress(self, passes: int, expected: int, secondsLeft: float | None) -> None:
        """The bar never goes back, though more trials may turn out to be needed."""
        bar = self.ui.progressBar
        self._share = max(self._share, passes / max(expected, 1))
        bar.setRange(0, PARTS)
        bar.setValue(round(PARTS * self._share))
        left = (
            "" if secondsLeft is None else _(", about {time} left").format(time=_time(secondsLeft))
        )
        self._said = _("{passes} of {expected} trials{left}").format(
            passes=passes, expected=expected, left=left
        )
        if self._waiting:
            self._said += _("; series still to come: {count}").format(count=len(self._waiting))
        self.ui.progressLabel.text = self._said

    def onDone(self, target, posterior) -> None:
        if self._show(target, posterior):
            done = _("Done: up to {trials} trials per image on {device}.").format(
                trials=posterior.trials.max(), device=posterior.device
            )
            self._say(" ".join([done, *heart_notes(posterior)]))
            self.panel.requestFlow(target)
            if self._waiting:
                self._next()
            elif self.panel.folding.open == "segment" and target == self.series:
                self.panel.folding.unfold("review")

    def onFailed(self, message: str, offer: str | None) -> None:
        """Say what happened; where the GPU was too small, ask whether the CPU may do it."""
        logging.error("ASLMyoSeg: %s", message)
        self._waiting = []
        self._say(message)
        self.panel.requestFlow(self._target)  # of the masks that there are by now
        if offer is None:
            return
        question = _("{message}\n\nCompute on the CPU instead? It is slower.").format(
            message=message
        )
        if slicer.util.confirmYesNoDisplay(question, "ASLMyoSeg"):
            self.parameters.device = offer
            self.start()

    def onCancel(self) -> None:
        self.stop(_("Cancelled. What was computed so far is shown."))
        self.panel.requestFlow(self._target)
        self.panel.update()

    def stop(self, message: str = "") -> None:
        """End the run, if there is one, and those that wait."""
        self._waiting = []
        self.client.cancel()
        self._say(message)

    def _show(self, target, posterior) -> bool:
        """Show a result; where its series is gone, end the run and say so."""
        try:
            self.panel.check(target)
            first = not target.segmented
            seconds = time.monotonic() - self._started
            target.show_posterior(posterior, precision=self._precision, seconds=seconds)
        except ASLMyoSegError as error:
            self.stop(str(error))
            return False
        self.panel.update()
        if first:
            self.panel.requestFlow(target)
            if target == self.series:
                self.panel.views.show()  # now that it is known where the heart is
        return True

    def _takeModel(self) -> None:
        """What the field holds at this moment."""
        self._modelShown = self.ui.modelPathLineEdit.currentPath.strip()
        self.parameters.modelFile = self._modelShown

    def _say(self, message: str) -> None:
        self._said = message
        self.update()

    def _showDevice(self) -> None:
        """The device in use, and why."""
        box = self.ui.deviceComboBox
        index = box.findData(self.parameters.device)
        if index != box.currentIndex:
            box.currentIndex = index  # none where a saved scene names a device of another computer
        if self._devices is None:
            return
        labels = {device["name"]: device["label"] for device in self._devices["devices"]}
        chosen, why = self.parameters.device, self._devices["why"]
        if chosen == "auto":
            device = labels.get(self._devices["automatic"], _("no device"))
            text = _("Uses {device}. {why}").format(device=device, why=why)
        elif chosen in labels:
            text = _("Uses {device}, as chosen. {why}").format(device=labels[chosen], why=why)
        else:
            text = _("{device} is not here; choose another.").format(device=chosen)
        self.ui.deviceInfoLabel.text = text


def _time(seconds: float) -> str:
    if seconds < 90:
        return _("{seconds} s").format(seconds=round(seconds))
    return _("{minutes} min").format(minutes=round(seconds / 60))
