"""Section 6: results and corrected masks as files."""

from __future__ import annotations

import qt
from slicer.i18n import tr as _

from . import packages
from .section import Section, explaining


class ExportSection(Section):
    """Writes files.

    Attributes:
        dicom: a file of each DICOM series that was opened, by its digest; see `opening.Opened`.
    """

    def setup(self) -> None:
        ui = self.ui
        self.dicom = {}
        self._requirements = self.panel.resourcePath("requirements-report.txt")
        ui.exportPathLineEdit.connect("currentPathChanged(QString)", self.onPathChosen)
        ui.exportButton.connect("clicked()", self.onExport)
        ui.exportMasksButton.connect("clicked()", self.onExportMasks)
        ui.exportLabel.connect("linkActivated(QString)", self.onLink)

    def update(self) -> None:
        ui = self.ui
        if ui.exportPathLineEdit.currentPath != self.parameters.exportFolder:
            ui.exportPathLineEdit.currentPath = self.parameters.exportFolder
        ready = self.series is not None and self.series.segmented
        ready = ready and bool(self.parameters.exportFolder)
        ui.exportButton.enabled = ready
        ui.exportMasksButton.enabled = ready

    def onPathChosen(self, path: str) -> None:
        if self.parameters is not None:
            self.parameters.exportFolder = path
            self.update()

    def onExport(self) -> None:
        with explaining(_("The results cannot be written.")):
            if not packages.ensure(self._requirements, _("The report")):
                self.ui.exportLabel.text = _("Not written: a package for the report is missing.")
                return
            dicom = self.dicom.get(self.series.metadata.get("SeriesDigest"))
            report = self.series.export(self.parameters.exportFolder, dicom)
            self.ui.exportPathLineEdit.addCurrentPathToHistory()
            address = qt.QUrl.fromLocalFile(str(report)).toString()
            self.ui.exportLabel.text = _('Written: <a href="{address}">{report}</a>').format(
                address=address, report=report
            )

    def onExportMasks(self) -> None:
        with explaining(_("The masks cannot be written.")):
            count = self.series.export_training(self.parameters.exportFolder)
            self.ui.exportPathLineEdit.addCurrentPathToHistory()
            self.ui.exportLabel.text = _("Corrected or accepted frames written: {count}.").format(
                count=count
            )

    def onLink(self, address: str) -> None:
        qt.QDesktopServices.openUrl(qt.QUrl(address))
