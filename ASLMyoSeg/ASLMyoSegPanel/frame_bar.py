"""Above the sections: the frame that is shown, the way to the next one, and keys."""

from __future__ import annotations

import slicer
from slicer.i18n import tr as _

from .keys import Keys, words
from .section import Section


class FrameBar(Section):
    def setup(self) -> None:
        ui = self.ui
        self.seekWidget = slicer.qMRMLSequenceBrowserSeekWidget()
        self.seekWidget.toolTip = _("Step through the frames: image, mask and map move together.")
        self.seekWidget.setMRMLScene(slicer.mrmlScene)
        ui.seekHolder.layout().addWidget(self.seekWidget)
        ui.nextDoubtfulButton.connect("clicked()", self.onNextDoubtful)
        ui.previousDoubtfulButton.connect("clicked()", self.onPreviousDoubtful)
        ui.acceptButton.connect("clicked()", self.onAccept)
        ui.keysButton.connect("toggled(bool)", self.onKeysToggled)
        ui.keysLabel.text = "\n".join(f"{key}  {what}" for key, what in words().items())
        ui.keysLabel.visible = False
        correct, review = "correctSection", "reviewSection"
        self.keys = Keys(
            {
                "N": ui.nextDoubtfulButton.click,
                "P": ui.previousDoubtfulButton.click,
                "A": ui.acceptButton.click,
                "U": ui.backToAutomaticButton.click,
                "C": ui.contoursButton.click,
                "D": ui.paintButton.click,
                "E": ui.applyToAllButton.click,
                "H": ui.pointAtHeartButton.click,
                "O": lambda: getattr(self.panel, review).toggleOverlay(),
                "L": lambda: getattr(self.panel, correct).toggleOutline(),
                "?": ui.keysButton.click,
            }
        )

    def update(self) -> None:
        ui, series = self.ui, self.series
        self.seekWidget.setMRMLSequenceBrowserNode(series.browser if series else None)
        ui.frameBar.visible = series is not None
        why = self.lacking(segmented=True)
        for button in (ui.nextDoubtfulButton, ui.previousDoubtfulButton, ui.acceptButton):
            self.able(button, why)
        if series is None:
            ui.correctFrameLabel.text = ""
            return
        row = series.rows()[series.frame]
        ui.correctFrameLabel.text = _("Frame {frame}, {kind}: {status}").format(
            frame=row.frame, kind=row.volume_type, status=row.status
        )

    def enter(self) -> None:
        self.keys.attach()

    def leave(self) -> None:
        self.keys.detach()

    def onNextDoubtful(self) -> None:
        if self.series.next_doubtful() is None:
            self.ui.uncertaintyLabel.text = _("No frame asks for a look any more.")
            self.ui.correctFrameLabel.text = _("No frame asks for a look any more.")

    def onPreviousDoubtful(self) -> None:
        if self.series.next_doubtful(back=True) is None:
            self.ui.correctFrameLabel.text = _("No frame asks for a look any more.")

    def onAccept(self) -> None:
        """Accept the mask that is shown."""
        self.series.accept(self.series.frame)
        self.panel.update()
        self.panel.requestFlow()

    def onKeysToggled(self, shown: bool) -> None:
        self.ui.keysLabel.visible = shown
