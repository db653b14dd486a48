"""Section 1: open a series, or say what the frames of a loaded sequence are."""

from __future__ import annotations

from pathlib import Path

import qt
import slicer
from slicer.i18n import tr as _

from ASLMyoSegLib.errors import ASLMyoSegError
from ASLMyoSegLib.scene.descriptions import describe_frames, slices_of
from ASLMyoSegLib.scene.guess import check_frames, foresee, guess_frames
from ASLMyoSegLib.scene.pairs import CONDITIONS
from ASLMyoSegLib.scene.results import by_doubt, open_results
from ASLMyoSegLib.scene.sequences import browser_for, derived, show_frame
from ASLMyoSegLib.scene.series_scene import SeriesScene
from ASLMyoSegLib.series import VOLUME_TYPES

from . import packages
from .section import Section, copyable, explaining, number
from .views import look

FRAME, KIND, TIME = range(3)
"""Columns of the table of frames."""


class SeriesSection(Section):
    def setup(self) -> None:
        ui = self.ui
        ui.openFileButton.connect("clicked()", self.onOpenFile)
        ui.openFolderButton.connect("clicked()", self.onOpenFolder)
        ui.sampleDataButton.connect("clicked()", self.onSampleData)
        ui.openResultsButton.connect("clicked()", self.onOpenResults)
        ui.nextSeriesButton.connect("clicked()", lambda: self._step(1))
        ui.previousSeriesButton.connect("clicked()", lambda: self._step(-1))
        ui.seriesSelector.addAttribute("vtkMRMLSequenceBrowserNode", "ASLMyoSeg.role", "series")
        ui.conditionComboBox.addItems(list(CONDITIONS))
        ui.conditionComboBox.connect("currentIndexChanged(int)", self.onCondition)
        ui.sequenceSelector.connect("currentNodeChanged(vtkMRMLNode*)", self.onSequenceChosen)
        ui.fillFromNamesButton.connect("clicked()", self.onFillFromNames)
        ui.fillAlternatingButton.connect("clicked()", self.onFillAlternating)
        ui.applyInversionTimeButton.connect("clicked()", self.onApplyInversionTime)
        ui.framesTable.connect("itemChanged(QTableWidgetItem*)", self.onFramesEdited)
        ui.framesTable.connect("currentCellChanged(int,int,int,int)", self.onFrameLookedAt)
        ui.adoptButton.connect("clicked()", self.onAdopt)
        ui.framesTable.setColumnCount(3)
        ui.framesTable.setHorizontalHeaderLabels([_("Frame"), _("Type"), _("TI (s)")])
        ui.framesTable.verticalHeader().setVisible(False)
        copyable(ui.framesTable)
        header = ui.framesTable.horizontalHeader()
        header.setSectionResizeMode(FRAME, qt.QHeaderView.Stretch)
        self._kinds: list = []
        self._drafts: list = []
        self._filling = False
        self._how = ""
        self.onSequenceChosen(None)

    def update(self) -> None:
        ui, there = self.ui, self.series is not None
        ui.conditionComboBox.enabled = there
        self.able(ui.openResultsButton, self.lacking())
        alone = len(SeriesScene.all_in(slicer.mrmlScene)) < 2
        for button in (ui.nextSeriesButton, ui.previousSeriesButton):
            self.able(button, _("There is no other series.") if alone else "")
        if there and ui.conditionComboBox.currentText != self.series.condition:
            ui.conditionComboBox.currentText = self.series.condition
        ui.seriesInfoLabel.text = self._describe() if there else ""
        own = [node.GetID() for node in derived(slicer.mrmlScene)]
        if list(ui.sequenceSelector.sortFilterProxyModel().hiddenNodeIDs) != own:
            ui.sequenceSelector.sortFilterProxyModel().hiddenNodeIDs = own

    def onOpenFile(self) -> None:
        kinds = _("Images (*.nii *.nii.gz *.nrrd *.nhdr *.mha *.mhd *.dcm);;All files (*)")
        path = qt.QFileDialog.getOpenFileName(None, _("Open ASL series"), self._folder(), kinds)
        if path:
            self.open(path)

    def onOpenFolder(self) -> None:
        title = _("Open folder with ASL series")
        path = qt.QFileDialog.getExistingDirectory(None, title, self._folder())
        if path:
            self.open(path)

    def onOpenResults(self) -> None:
        title = _("Open folder with results")
        path = qt.QFileDialog.getExistingDirectory(None, title, self._folder())
        if path:
            self.openResults(path)

    def openResults(self, path: str) -> None:
        """Put the results of a folder onto open series, and show the most doubtful one."""
        with explaining(_("The results cannot be opened.")):
            if not self._canRead():
                return
            opened = open_results(slicer.mrmlScene, path)
            self.panel.use(opened.series[0])
            self.panel.requestFlow(*opened.series)
            self.panel.folding.unfold("review")
            if opened.problems:
                slicer.util.warningDisplay(
                    _("Not opened:") + "\n\n" + "\n".join(opened.problems), "ASLMyoSeg"
                )

    def _step(self, by: int) -> None:
        """Use the series that comes after or before this one, the most doubtful first."""
        every = by_doubt(SeriesScene.all_in(slicer.mrmlScene))
        here = every.index(self.series) if self.series in every else -1
        self.panel.use(every[(here + by) % len(every)])

    def onSampleData(self) -> None:
        with explaining(_("The sample cannot be opened.")):
            if not self._canRead():
                return
            self.panel.use(self.panel.logic.openSample()[0])

    def open(self, path: str) -> None:
        """Open a file, or every series of a folder, and use the first; of those whose files do not
        say what their frames are, ask for it in the table."""
        qt.QSettings().setValue("ASLMyoSeg/SeriesFolder", str(Path(path).parent))
        with explaining(_("The series cannot be opened.")):
            if not self._canRead():
                return
            opened = self.panel.logic.openSeries(path)
            self.panel.exportSection.dicom.update(opened.dicom)
            if opened.series:
                self.panel.use(opened.series[0])
            self._drafts += opened.drafts
            self.askForFrames()
            if opened.problems:
                slicer.util.warningDisplay(
                    _("Not opened:") + "\n\n" + "\n".join(opened.problems), "ASLMyoSeg"
                )

    def _canRead(self) -> bool:
        """Whether the packages are there that images are read by; they may be asked for."""
        wanted = self.panel.resourcePath("requirements-images.txt")
        return packages.ensure(wanted, _("Opening images"))

    def askForFrames(self) -> None:
        """Show the table for the next of the opened images that wait for it, and the images."""
        self._drafts = [draft for draft in self._drafts if draft.GetScene() is not None]
        if self._drafts:
            self.parameters.loadedSequence = self._drafts[0]
            browser = browser_for(self._drafts[0])
            look(browser.GetProxyNode(self._drafts[0]))

    def onCondition(self, _index: int) -> None:
        """Say that the series was taken at rest, or under stress."""
        if (
            self.series is not None
            and self.series.condition != self.ui.conditionComboBox.currentText
        ):
            self.series.condition = self.ui.conditionComboBox.currentText
            self.panel.requestFlow()

    def onSequenceChosen(self, sequence) -> None:
        """Show the frames of a loaded sequence, as far as it tells what they are."""
        self.ui.framesWidget.visible = sequence is not None
        if sequence is not None:
            self.onFillFromNames()

    def onFillFromNames(self) -> None:
        names, times = describe_frames(self.ui.sequenceSelector.currentNode())
        kinds, times, how = guess_frames(names, times)
        self._fill(names, kinds, times, how)

    def onFillAlternating(self) -> None:
        names, times = describe_frames(self.ui.sequenceSelector.currentNode())
        kinds, times, how = guess_frames([""] * len(names), times)
        self._fill(names, kinds, times, how)

    def onApplyInversionTime(self) -> None:
        kinds = [kind.currentText for kind in self._kinds]
        for row, kind in enumerate(kinds):
            if kind != "m0scan":
                self.ui.framesTable.item(row, TIME).setText(
                    f"{self.ui.inversionTimeSpinBox.value:g}"
                )

    def onFrameLookedAt(self, row: int, *_others: int) -> None:
        """Show the frame of a row, where the sequence can be browsed."""
        sequence = self.ui.sequenceSelector.currentNode()
        if sequence is not None and row >= 0 and not self._filling:
            show_frame(sequence, row)

    def onFramesEdited(self, *_arguments) -> None:
        if not self._filling:
            self._check()

    def onAdopt(self) -> None:
        sequence = self.ui.sequenceSelector.currentNode()
        with explaining(_("The sequence cannot be used.")):
            kinds, times = self._frames()
            adopted = SeriesScene.adopt(slicer.mrmlScene, sequence, kinds, times)
            self.parameters.loadedSequence = None
            self.panel.use(adopted)
            self._drafts = [draft for draft in self._drafts if draft is not sequence]
            self.askForFrames()

    def _fill(
        self, names: list[str], kinds: tuple[str, ...], times: tuple[float, ...], how: str
    ) -> None:
        self._how = _("Filled in {how}; please check.").format(how=how)
        table = self.ui.framesTable
        self._filling = True
        table.setRowCount(len(names))
        self._kinds = []
        for row, (name, kind, time) in enumerate(zip(names, kinds, times, strict=True)):
            title = qt.QTableWidgetItem(f"{row}  {name}")
            title.setFlags(qt.Qt.ItemIsEnabled | qt.Qt.ItemIsSelectable)
            table.setItem(row, FRAME, title)
            choice = qt.QComboBox()
            choice.addItems(list(VOLUME_TYPES))
            choice.setCurrentText(kind)
            choice.connect("currentIndexChanged(int)", self.onFramesEdited)
            table.setCellWidget(row, KIND, choice)
            self._kinds.append(choice)
            table.setItem(row, TIME, qt.QTableWidgetItem("" if time != time else f"{time:.7g}"))
        self._filling = False
        self._check()

    def _frames(self) -> tuple[list[str], list[float]]:
        """Types and times (s) as the table has them; what is no number is NaN."""
        times = []
        for row in range(len(self._kinds)):
            try:
                times.append(float(self.ui.framesTable.item(row, TIME).text().replace(",", ".")))
            except ValueError:
                times.append(float("nan"))
        return [kind.currentText for kind in self._kinds], times

    def _check(self) -> None:
        kinds, times = self._frames()
        problem = check_frames(kinds, times)
        said = problem or foresee(kinds, slices_of(self.ui.sequenceSelector.currentNode()))
        self.ui.framesProblemLabel.text = f"{self._how} {said}".strip()
        self.ui.adoptButton.enabled = not problem

    def _describe(self) -> str:
        """The series in one line, or why it cannot be used."""
        try:
            rows = self.series.rows()
        except ASLMyoSegError as error:
            return str(error)
        kinds = [row.volume_type for row in rows]
        counts = ", ".join(f"{kinds.count(kind)} {kind}" for kind in VOLUME_TYPES)
        text = _("Frames: {frames} ({counts}), slices: {slices}").format(
            frames=len(rows), counts=counts, slices=len(rows[0].pixels)
        )
        times = sorted({row.inversion_time for row in rows if row.inversion_time > 0})
        if times:
            shown = dict.fromkeys(number(time, 2) for time in times)
            text += _(", TI {times} s").format(times=", ".join(shown))
        return " ".join([text, *self.series.metadata.get("Notes", ())])

    def _folder(self) -> str:
        return str(qt.QSettings().value("ASLMyoSeg/SeriesFolder") or "")
