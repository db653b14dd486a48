"""Section 3: how sure each mask is, the most doubtful first."""

from __future__ import annotations

import qt
import slicer
from slicer.i18n import tr as _

from .section import Section

SCORE, FLAG = 1, 4
"""Columns of the table of frames."""


class ReviewSection(Section):
    def setup(self) -> None:
        ui = self.ui
        self.seekWidget = slicer.qMRMLSequenceBrowserSeekWidget()
        self.seekWidget.toolTip = _("Step through the frames: image, mask and map move together.")
        self.seekWidget.setMRMLScene(slicer.mrmlScene)
        ui.seekHolder.layout().addWidget(self.seekWidget)
        titles = [_("Frame"), _("Score"), _("Mask (pixels)"), _("Status"), _("Flag")]
        ui.reviewTable.setColumnCount(len(titles))
        ui.reviewTable.setHorizontalHeaderLabels(titles)
        ui.reviewTable.verticalHeader().setVisible(False)
        ui.reviewTable.verticalHeader().setSectionResizeMode(qt.QHeaderView.ResizeToContents)
        header = ui.reviewTable.horizontalHeader()
        header.setSectionResizeMode(qt.QHeaderView.ResizeToContents)
        header.setSectionResizeMode(FLAG, qt.QHeaderView.Stretch)
        header.setHighlightSections(False)
        ui.reviewTable.connect("cellClicked(int,int)", self.onRowClicked)
        ui.nextDoubtfulButton.connect("clicked()", self.onNextDoubtful)
        ui.acceptButton.connect("clicked()", self.onAccept)
        ui.reviewLayoutButton.connect("clicked()", self.panel.showLayout)
        self._order: tuple[int, ...] = ()

    def update(self) -> None:
        ui, series = self.ui, self.series
        self.seekWidget.setMRMLSequenceBrowserNode(series.browser if series else None)
        segmented = series is not None and series.segmented
        for button in (ui.nextDoubtfulButton, ui.acceptButton):
            button.enabled = segmented
        ui.reviewLayoutButton.enabled = series is not None
        ui.overlayOpacitySliderWidget.enabled = segmented
        self._order = series.doubtful_first() if series else ()
        ui.reviewTable.setRowCount(len(self._order))
        if not series:
            ui.uncertaintyLabel.text = ""
            return
        rows, doubtful = series.rows(), series.doubtful()
        for line, frame in enumerate(self._order):
            row = rows[frame]
            flag = _("look at it") if segmented and doubtful[frame] else ""
            area = str(sum(row.pixels))
            self._fill(line, _nameOf(row), _number(row.score), area, row.status, flag)
            ui.reviewTable.item(line, SCORE).setToolTip(_intervalOf(row))
        if series.frame in self._order:
            ui.reviewTable.selectRow(self._order.index(series.frame))
        count = int(doubtful.sum())
        ui.uncertaintyLabel.text = (
            _("MCD Uncertainty of the series: {score}. Frames to look at: {count}.").format(
                score=_number(series.score), count=count
            )
            if segmented
            else _("Not segmented yet.")
        )
        series.set_overlay_opacity(self.parameters.overlayOpacity)

    def onRowClicked(self, row: int, _column: int) -> None:
        self.series.select(self._order[row])

    def onNextDoubtful(self) -> None:
        if self.series.next_doubtful() is None:
            self.ui.uncertaintyLabel.text = _("No frame asks for a look any more.")

    def onAccept(self) -> None:
        """Accept the mask that is shown."""
        self.series.accept(self.series.frame)
        self.panel.update()
        self.panel.requestFlow()

    def _fill(self, line: int, *texts: str) -> None:
        for column, text in enumerate(texts):
            self.ui.reviewTable.setItem(line, column, qt.QTableWidgetItem(text))


def _intervalOf(row) -> str:
    """Where the score lies, of the most doubtful slice."""
    low, high = max(row.intervals, key=lambda interval: interval[1])
    if low != low:
        return _("MCD Uncertainty")
    return _("MCD Uncertainty, with 95 % confidence from {low:.3f} to {high:.3f}").format(
        low=low, high=high
    )


def _nameOf(row) -> str:
    return f"{row.frame}  {row.volume_type}"


def _number(value: float) -> str:
    return _("none") if value != value else f"{value:.3f}"
