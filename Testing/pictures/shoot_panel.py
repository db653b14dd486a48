"""Pictures of the panel for the documents, where there is no Slicer.

``python -m pictures.shoot_panel ../Docs/images`` draws it in the tests' host: Qt, MRML and the
panel are real, Slicer's own widgets stand in. The views are not drawn; `shoot_slicer.py` and
`render_views.py` do that.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import slicer
from Host import Host
from PIL import Image

SECTIONS = ("series", "segment", "review", "correct", "flow", "export")
WIDTH = 400


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where the pictures go")
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    with Host() as host:
        panel = host.open_panel()
        host.window.show()
        host.window.panel.setFixedWidth(WIDTH)
        review_sample(host, panel)
        for name in SECTIONS:
            panel.folding.unfold(name)
            save(host, section(panel, name), folder / f"panel-{name}.png")
        panel.folding.unfold("review")
        panel.ui.lightBoxButton.click()
        save(host, section(panel, "review"), folder / "panel-glance.png")
        panel.ui.keysButton.click()
        save(host, panel.ui.frameBar._native, folder / "panel-keys.png")
        panel.ui.keysButton.click()
        save(host, host.window, folder / "panel-small-screen.png")
        panel.parameters.loadedSequence = panel.series.sequence("images")
        panel.folding.unfold("series")
        save(host, section(panel, "series"), folder / "panel-frames.png")


def review_sample(host, panel) -> None:
    """The sample with its result, a correction that was applied to all, and an accepted mask."""
    panel.ui.sampleDataButton.click()
    for series in panel.series.all_in(slicer.mrmlScene):
        panel.logic.showSampleResult(series)
        panel.logic.placeSampleLandmarks(series)
        panel.requestFlow(series)
    host.wait_until(lambda: panel.series.flow_node is not None)
    panel.series.select(4)
    panel.ui.acceptButton.click()
    panel.series.select(1)
    panel.ui.contoursButton.click()
    panel.ui.applyToAllButton.click()
    host.wait_until(lambda: not panel.correctSection.motion.busy)
    panel.ui.exportPathLineEdit.currentPath = "results"
    panel.flowSection.choose(8)
    host.wait_until(lambda: panel.ui.deviceInfoLabel.text.startswith("Uses"))
    host.wait_until(lambda: not panel._flowTimer.active)


def section(panel, name: str):
    return getattr(panel.ui, f"{name}CollapsibleButton")._native


def save(host, widget, path: Path) -> None:
    for _ in range(20):
        host.process_events()
        time.sleep(0.01)
    widget.grab().save(str(path))
    Image.open(path).convert("RGB").save(path, optimize=True)


if __name__ == "__main__":
    main()
