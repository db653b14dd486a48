"""Section 5: blood flow from the masks, as numbers and as a bullseye."""

from __future__ import annotations

import qt
import slicer
from slicer.i18n import tr as _

from ASLMyoSegLib.errors import ASLMyoSegError
from ASLMyoSegLib.perfusion import protocol
from ASLMyoSegLib.scene import bullseye, landmarks, outline, proposals
from ASLMyoSegLib.scene.flow import pairs_used, sentences

from .section import Section, number
from .views import ViewClicks

T1_BLOOD = {f"{field:g} T": t1 for field, t1 in protocol.T1_BLOOD.items()}
"""Seconds."""
OTHER = "other"
"""Field strength at which a person states T1 of blood."""
NARROWEST = 20
"""Pixels that a column has at least."""
TITLE_LINES = 3
"""Of columns with a unit, in a narrow panel."""
WITH_UNIT = (2, 3, 4)
"""Columns of the table: MBF, its interval and PN."""


class FlowSection(Section):
    def setup(self) -> None:
        ui = self.ui
        ui.placeLandmarksButton.connect("clicked()", self.onPlaceLandmarks)
        ui.clearLandmarksButton.connect("clicked()", self.onClearLandmarks)
        ui.takeProposalButton.connect("clicked()", self.onTakeProposal)
        for box in (
            ui.t1BloodSpinBox,
            ui.partitionCoefficientSpinBox,
            ui.labellingEfficiencySpinBox,
        ):
            box.connect("valueChanged(double)", self.onSettings)
        ui.reviewedOnlyCheckBox.connect("toggled(bool)", self.onSettings)
        for box in (ui.kineticsComboBox, ui.weightsComboBox):
            box.connect("currentIndexChanged(int)", self.onSettings)
        ui.flowTableView.verticalHeader().setVisible(False)
        header = ui.flowTableView.horizontalHeader()
        for each in (ui.flowTableView.verticalHeader(), header):
            each.setSectionResizeMode(qt.QHeaderView.ResizeToContents)
        header.setHighlightSections(False)
        header.setDefaultAlignment(qt.Qt.AlignCenter | qt.Qt.TextWordWrap)
        ui.flowTableView.connect("selectionChanged()", self.onSegmentChosen)
        ui.bullseyeButton.connect("clicked()", self.panel.views.show)
        ui.scaleComboBox.addItems([f"{end:g}" for end in bullseye.SCALE_ENDS])
        ui.scaleComboBox.connect("currentIndexChanged(int)", self.onScale)
        self._clicks = ViewClicks(self.onViewClicked)
        self._fieldStrength: str | None = None
        self._proposedFor = None

    def update(self) -> None:
        ui, series = self.ui, self.series
        segmented = series is not None and series.segmented
        self.able(ui.placeLandmarksButton, self.lacking())
        self.able(ui.bullseyeButton, self.lacking(segmented=True))
        self.able(ui.scaleComboBox, self.lacking())
        self._followFieldStrength()
        self._showTable(series.flow_node if series else None)
        if series is None:
            ui.landmarksLabel.text = ui.flowLabel.text = ""
            ui.takeProposalButton.visible = False
            self.able(ui.clearLandmarksButton, self.lacking())
            return
        ui.scaleComboBox.setCurrentText(f"{bullseye.scale(slicer.mrmlScene):g}")
        node = series.landmarks_node
        points = node.GetNumberOfControlPoints()
        placed = points - node.GetNumberOfUndefinedControlPoints()
        self.able(ui.clearLandmarksButton, "" if placed else _("No point is placed."))
        ui.landmarksLabel.text = _("{placed} of {points} placed").format(
            placed=placed, points=points
        )
        if placed:
            proposals.withdraw(slicer.mrmlScene)
        ui.takeProposalButton.visible = proposals.proposed(slicer.mrmlScene)
        if not segmented:
            ui.flowLabel.text = _("Flow appears when the series is segmented.")

    def measure(self, series) -> None:
        """Compute flow of a series with its masks and landmarks, and the constants, as they are."""
        parameters = self.parameters
        constants = {
            "t1_blood": parameters.t1Blood,
            "partition_coefficient": parameters.partitionCoefficient,
            "labelling_efficiency": parameters.labellingEfficiency,
            "kinetics": parameters.kinetics,
            "weights": parameters.weights,
        }
        try:
            result = series.quantify(constants, corrected_only=parameters.reviewedOnly)
        except ASLMyoSegError as error:
            if series == self.series:
                self.ui.flowLabel.text = str(error)
            return
        if series != self.series:
            return
        whole, interval = result.whole, ""
        if whole.low == whole.low:
            interval = _(" (90 %: {low} to {high})").format(
                low=number(whole.low, 2), high=number(whole.high, 2)
            )
        text = _("MBF {mbf}{interval}, PN {pn} mL/g/min over {pairs} pairs.").format(
            mbf=number(whole.mbf, 2),
            interval=interval,
            pn=number(whole.pn, 2),
            pairs=pairs_used(result),
        )
        self.ui.flowLabel.text = " ".join([text, *sentences(result)])
        outline.update_outline(series)
        if self._proposedFor is not series.browser:  # once, as it takes a while
            self._proposedFor = series.browser
            proposals.propose(series)
        self.panel.views.follow()

    def onPlaceLandmarks(self) -> None:
        self.panel.views.show()
        try:
            landmarks.start_placing(self.series.landmarks_node)
        except ASLMyoSegError as error:
            self.ui.landmarksLabel.text = str(error)

    def onTakeProposal(self) -> None:
        """Place the points where they are proposed; they can be dragged from there."""
        if not proposals.take(self.series):
            self.ui.landmarksLabel.text = _("No right ventricle was found; place the points.")

    def onClearLandmarks(self) -> None:
        landmarks.clear(self.series.landmarks_node)

    def takeFieldStrength(self, series) -> None:
        """Set the field strength that a series says it was taken at."""
        strength = protocol.field_strength(series)
        if strength is not None:
            name = f"{strength:g} T"
            self.parameters.fieldStrength = name if name in T1_BLOOD else OTHER

    def _followFieldStrength(self) -> None:
        """Set T1 of blood where another field strength was chosen."""
        parameters, strength = self.parameters, self.parameters.fieldStrength
        chosen = self._fieldStrength not in (None, strength)
        self._fieldStrength = strength
        self.ui.t1BloodSpinBox.enabled = strength not in T1_BLOOD
        if chosen and strength in T1_BLOOD:
            parameters.t1Blood = T1_BLOOD[strength]

    def onScale(self, index: int) -> None:
        if self.series is not None and index >= 0:
            bullseye.set_scale(slicer.mrmlScene, bullseye.SCALE_ENDS[index])

    def onSettings(self, *_value) -> None:
        """Measure every series anew: rest and stress are compared with the same constants."""
        if self.series is not None:
            self.panel.requestFlow(*self.series.all_in(slicer.mrmlScene))

    def onSegmentChosen(self) -> None:
        """Outline the segment of the selected row."""
        rows = self.ui.flowTableView.selectionModel().selectedRows()
        if rows:
            self.choose(self._segmentOf(rows[0].row()))

    def onViewClicked(self, view: str, position: tuple[float, float, float]) -> None:
        """Choose the segment that was clicked in the bullseye or in a slice view."""
        if self.series is None or not self.series.segmented or self.panel.correctSection.editing:
            return
        if view == bullseye.VIEW:
            aha = bullseye.segment_in_view(slicer.mrmlScene, position)
        else:
            aha = outline.segment_at(self.series, position)
        if aha is not None:
            self.choose(aha)

    def choose(self, aha: int | None) -> None:
        """Outline an AHA segment in bullseye and slices, and select its row; 0 is none."""
        bullseye.select_segment(slicer.mrmlScene, aha or None)
        outline.update_outline(self.series)
        self._selectRow(aha)

    def _selectRow(self, aha: int | None) -> None:
        """Select the row of a segment."""
        view = self.ui.flowTableView
        selected = [index.row() for index in view.selectionModel().selectedRows()]
        for row in range(view.model().rowCount()):
            if self._segmentOf(row) == aha and selected != [row]:
                view.selectRow(row)

    def _showTable(self, node) -> None:
        """Columns with a unit break their titles, so that all columns fit a narrow panel."""
        view = self.ui.flowTableView
        view.setMRMLTableNode(node)
        view.visible = node is not None
        header = view.horizontalHeader()
        header.setMinimumSectionSize(NARROWEST)
        header.setMinimumHeight(TITLE_LINES * header.sizeHint.height())
        for column in WITH_UNIT:
            if column < header.count():
                header.setSectionResizeMode(column, qt.QHeaderView.Stretch)
        if node is not None:
            self._selectRow(bullseye.selected_segment(slicer.mrmlScene))

    def _segmentOf(self, row: int) -> int | None:
        """AHA number in a row of the table."""
        view = self.ui.flowTableView
        text = str(view.model().index(row, 0).data())
        return int(text) if text.isdigit() else None

    def enter(self) -> None:
        self._clicks.attach()

    def leave(self) -> None:
        self._clicks.detach()
