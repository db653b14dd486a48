"""Section 6: results and corrected masks as files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import qt
from slicer.i18n import tr as _

from ASLMyoSegLib.errors import ASLMyoSegError
from ASLMyoSegLib.scene.export import export_job

from . import packages
from .jobs import JobClient, Waiting
from .section import Section, explaining


class ExportSection(Section):
    """Writes files.

    Attributes:
        dicom: a file of each DICOM series that was opened, by its digest; see `opening.Opened`.
    """

    def setup(self) -> None:
        ui = self.ui
        self.dicom = {}
        self.job = JobClient()
        self._requirements = self.panel.resourcePath("requirements-report.txt")
        self._folderShown = ""
        ui.exportPathLineEdit.comboBox().connect("editTextChanged(QString)", self.onPathChosen)
        ui.exportButton.connect("clicked()", self.onExport)
        ui.exportMasksButton.connect("clicked()", self.onExportMasks)
        ui.exportCancelButton.connect("clicked()", self.onCancel)
        ui.exportLabel.connect("linkActivated(QString)", self.onLink)

    def update(self) -> None:
        ui, folder = self.ui, self.parameters.exportFolder
        if folder != self._folderShown:
            self._folderShown = folder
            if ui.exportPathLineEdit.currentPath != folder:
                ui.exportPathLineEdit.currentPath = folder
        running = self.panel.segmentSection.runs(self.series)
        why = self.lacking(segmented=True)
        if running:
            why = _("Wait for the segmentation to end, or cancel it: its result is not whole yet.")
        elif self.job.busy:
            why = _("An export is under way.")
        elif not why and not ui.exportPathLineEdit.currentPath.strip():
            why = _("Choose a folder first.")
        for button in (ui.exportButton, ui.exportMasksButton):
            self.able(button, why)
        ui.exportPairCheckBox.enabled = self._counterpart() is not None
        for widget in (ui.exportProgressBar, ui.exportCancelButton):
            widget.visible = self.job.busy

    def onPathChosen(self, _text: str) -> None:
        """Typed or chosen; the widget tells of no path that it takes for wrong, nor of none."""
        if self.parameters is not None:
            self._takeFolder()
            self.update()

    def onExport(self) -> None:
        folder = self._takeFolder()
        self.ui.exportLabel.text = ""
        with explaining(_("The results cannot be written.")):
            if not packages.ensure(self._requirements, _("The report")):
                self.ui.exportLabel.text = _("Not written: a package for the report is missing.")
                return
            other = self._counterpart() if self.parameters.exportPair else None
            if other is None:
                jobs = [self._job(self.series, folder)]
            else:
                pair = (self.series, other)
                jobs = [self._job(one, folder / one.shown) for one in pair]
            self.ui.exportPathLineEdit.addCurrentPathToHistory()
            self._start(jobs, [])

    def onCancel(self) -> None:
        self.job.stop()
        self._say(_("Cancelled; nothing half-written stays."))

    def onExportMasks(self) -> None:
        folder = self._takeFolder()
        self.ui.exportLabel.text = ""
        with explaining(_("The masks cannot be written.")):
            count = self.series.export_training(folder)
            self.ui.exportPathLineEdit.addCurrentPathToHistory()
            self.ui.exportLabel.text = _("Corrected or accepted frames written: {count}.").format(
                count=count
            )

    def onLink(self, address: str) -> None:
        qt.QDesktopServices.openUrl(qt.QUrl(address))

    def stop(self) -> None:
        """End an export: the panel goes, or the scene."""
        self.job.stop()

    def _job(self, one: Any, folder: Path) -> Any:
        return export_job(one, folder, self.dicom.get(one.metadata.get("SeriesDigest")))

    def _start(self, jobs: list[Any], done: list[Any]) -> None:
        """Do the jobs one after the other, and say in the end what was written."""
        waiting = Waiting(
            lambda step: self._say(f"{step}..."),
            lambda exported: self._onDone(jobs[1:], [*done, exported]),
            lambda message: self._onFailed(message, done),
        )
        self.job.start(jobs[0], waiting)
        self._say(_("Writing..."))

    def _onDone(self, jobs: list[Any], done: list[Any]) -> None:
        if jobs:
            self._start(jobs, done)
        else:
            self._say(_describe(done))

    def _onFailed(self, message: str, done: list[Any]) -> None:
        said = _("The results were not written: {message}").format(message=message)
        self._say("<br>".join([said, _describe(done)]) if done else said)

    def _say(self, message: str) -> None:
        self.ui.exportLabel.text = message
        if self.parameters is not None:
            self.update()

    def _takeFolder(self) -> Path:
        self._folderShown = self.ui.exportPathLineEdit.currentPath.strip()
        self.parameters.exportFolder = self._folderShown
        return Path(self._folderShown)

    def _counterpart(self) -> Any:
        """The segmented series at stress to that at rest, or the other way round; or None."""
        try:
            other = self.series and self.series.counterpart()
            return other if other is not None and other.segmented else None
        except ASLMyoSegError:
            return None


def _describe(done: list[Any]) -> str:
    """Links to what was written, and what has to be said of it, each once."""
    lines = []
    for exported in done:
        address = qt.QUrl.fromLocalFile(str(exported.report)).toString()
        lines.append(
            _('Written: <a href="{address}">{report}</a>').format(
                address=address, report=exported.report
            )
        )
    lines += dict.fromkeys(warning for exported in done for warning in exported.warnings)
    return "<br>".join(lines)
