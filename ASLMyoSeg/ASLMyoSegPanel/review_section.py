"""Section 3: how sure each mask is, the most doubtful first."""

from __future__ import annotations

import tempfile
from pathlib import Path

import qt
from slicer.i18n import tr as _

from ASLMyoSegLib.scene.display import OPACITY
from ASLMyoSegLib.scene.pictures import draw_frame

from .section import Section, copyable, number

SCORE, FLAG = 1, 4
"""Columns of the table of frames."""
PICTURE = 84
"""Pixels of a picture of the light box."""


class ReviewSection(Section):
    def setup(self) -> None:
        ui = self.ui
        titles = [_("Frame"), _("Score"), _("Pixels"), _("Status"), _("Flag")]
        ui.reviewTable.setColumnCount(len(titles))
        ui.reviewTable.setHorizontalHeaderLabels(titles)
        ui.reviewTable.verticalHeader().setVisible(False)
        ui.reviewTable.verticalHeader().setSectionResizeMode(qt.QHeaderView.ResizeToContents)
        header = ui.reviewTable.horizontalHeader()
        header.setSectionResizeMode(qt.QHeaderView.ResizeToContents)
        header.setSectionResizeMode(FLAG, qt.QHeaderView.Stretch)
        header.setHighlightSections(False)
        ui.reviewTable.connect("cellClicked(int,int)", self.onRowClicked)
        ui.reviewTable.setHorizontalScrollBarPolicy(qt.Qt.ScrollBarAlwaysOff)
        copyable(ui.reviewTable)
        ui.lightBoxButton.connect("toggled(bool)", self.onLightBox)
        ui.lightBox.connect("itemClicked(QListWidgetItem*)", self.onPictureClicked)
        ui.lightBox.setViewMode(qt.QListView.IconMode)
        ui.lightBox.setResizeMode(qt.QListView.Adjust)
        ui.lightBox.setMovement(qt.QListView.Static)
        ui.lightBox.setIconSize(qt.QSize(PICTURE, PICTURE))
        self._pictures: list[str] = []
        ui.reviewLayoutButton.connect("clicked()", self.panel.views.show)
        self._order: tuple[int, ...] = ()
        self._opacity = OPACITY

    def update(self) -> None:
        ui, series = self.ui, self.series
        segmented = series is not None and series.segmented
        self.able(ui.reviewLayoutButton, self.lacking())
        self.able(ui.lightBoxButton, self.lacking())
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
            self._fill(line, _nameOf(row), number(row.score), area, row.status, flag)
            ui.reviewTable.item(line, SCORE).setToolTip(_intervalOf(row))
        if series.frame in self._order:
            ui.reviewTable.selectRow(self._order.index(series.frame))
        count = int(doubtful.sum())
        ui.uncertaintyLabel.text = (
            _("MCD Uncertainty of the series: {score}. Frames to look at: {count}.").format(
                score=number(series.score), count=count
            )
            if segmented
            else _("Not segmented yet.")
        )
        series.set_overlay_opacity(self.parameters.overlayOpacity)
        if ui.lightBoxButton.checked:
            self._showPictures()

    def onRowClicked(self, row: int, _column: int) -> None:
        self.series.select(self._order[row])

    def onLightBox(self, shown: bool) -> None:
        """Show a picture of each frame in place of the table."""
        self.ui.lightBox.visible = shown
        self.ui.reviewTable.visible = not shown
        if shown and self.series is not None:
            self._showPictures()

    def onPictureClicked(self, item) -> None:
        self.series.select(self.ui.lightBox.row(item))

    def toggleOverlay(self) -> None:
        """Hide the uncertainty map, or show it as it was."""
        parameters = self.parameters
        if parameters.overlayOpacity > 0:
            self._opacity, parameters.overlayOpacity = parameters.overlayOpacity, 0.0
        else:
            parameters.overlayOpacity = self._opacity

    def _showPictures(self) -> None:
        """Frames in order of acquisition; pictures that are as before stay."""
        box, series = self.ui.lightBox, self.series
        rows, doubtful = series.rows(), series.doubtful()
        keys = [f"{series.name} {row.frame} {row.fingerprint}" for row in rows]
        if len(keys) != len(self._pictures):
            box.clear()
            self._pictures = [""] * len(keys)
            box.addItems([""] * len(keys))
        for row, key, before in zip(rows, keys, self._pictures, strict=True):
            item = box.item(row.frame)
            if key != before:
                item.setIcon(qt.QIcon(_pictureOf(series, row.frame)))
            mark = " !" if doubtful[row.frame] else ""
            item.setText(f"{row.frame} {row.volume_type}\n{number(row.score)}{mark}")
        self._pictures = keys
        box.setCurrentRow(series.frame)

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


def _pictureOf(series, frame: int):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "frame.png"
        draw_frame(series, frame, path)
        return qt.QPixmap(str(path))


def _nameOf(row) -> str:
    return f"{row.frame}  {row.volume_type}"
