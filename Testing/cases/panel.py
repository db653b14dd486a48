"""What tests of the panel share: what a person does with a mask, and what the table then says."""

from __future__ import annotations

import numpy as np
import slicer


def start_endless_run(host, panel, model):
    """Press Segment for more trials than a test waits for, and wait for the first result."""
    panel.ui.modelPathLineEdit.currentPath = str(model)
    panel.ui.fixedTrialsCheckBox.click()
    panel.ui.trialsSpinBox.value = 10_000
    panel.ui.segmentButton.click()
    host.wait_until(lambda: panel.series.segmented)


def edit(series, change):
    """Change the mask that is shown, as the Segment Editor does."""
    mask = slicer.util.arrayFromSegmentBinaryLabelmap(
        series.mask_node, "myocardium", series.image_node
    )
    slicer.util.updateSegmentBinaryLabelmapFromArray(
        change(mask), series.mask_node, "myocardium", series.image_node
    )


def grown(mask):
    return (mask | np.roll(mask, 1, axis=2)).astype(np.uint8)


def square(mask):
    drawn = np.zeros_like(mask)
    drawn[:, 40:52, 40:52] = 1
    return drawn


def flow_column(panel, column=2):
    table = panel.ui.flowTableView
    return [table.item(row, column).text() for row in range(table.rowCount)]
