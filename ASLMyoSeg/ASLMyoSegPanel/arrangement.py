"""The views of the series in use: arranged, aimed, and fitted to their size."""

from __future__ import annotations

from typing import Any

import slicer

from ASLMyoSegLib.scene import bullseye, layouts

from .views import Lettering, arrange, isArranged, restoreLayout, threeDViews


class Arrangement:
    """What the views show, and when.

    Args:
        panel: the module's widget.
    """

    FIT_DELAY = 100
    """Milliseconds from a section that was opened to views that fit: the panel may be wider then.
    """

    def __init__(self, panel: Any) -> None:
        self._panel = panel
        self._lettering = Lettering()
        self._showTimer = panel.timer(0, self._onArranged)
        self._fitTimer = panel.timer(self.FIT_DELAY, self._onFit)
        self._toolBarTimer = panel.timer(0, self._followInToolBar)

    def show(self) -> None:
        """Show slices and bullseye of the series in use, once their views have their size."""
        if self._panel.series is not None:
            arrange(self._panel.series)
            self._showTimer.start()

    def follow(self) -> None:
        """Make room for the bullseye once there is flow."""
        if self._panel.series is not None and not isArranged(self._panel.series):
            self.show()

    def fitLater(self) -> None:
        """Fit the bullseye to its view, soon: the panel may have another width."""
        self._fitTimer.start()

    def restore(self) -> None:
        """Show what a scene was saved with."""
        restoreLayout()
        self._lettering.attach()
        self._toolBarTimer.start()  # Slicer's tool bar takes the last browser of the scene

    def release(self) -> None:
        """Let go of the views."""
        self._lettering.detach()

    def _onArranged(self) -> None:
        self._panel.update()  # nodes may have gone meanwhile
        if self._panel.series is not None:
            layouts.show(self._panel.series)
            self._followInToolBar()
            self._lettering.attach()
            self._panel.flowSection.enter()
            self.fitLater()

    def _onFit(self) -> None:
        self._panel.labels.fit()
        for view in threeDViews():
            if view.mrmlViewNode().GetLayoutName() == bullseye.VIEW:
                bullseye.fit_view(slicer.mrmlScene, *view.renderWindow().GetSize())

    def _followInToolBar(self) -> None:
        """Let Slicer's sequence tool bar step the series in use."""
        if self._panel.series is not None:
            slicer.modules.sequences.setToolBarActiveBrowserNode(self._panel.series.browser)
