"""Draw icon and thumbnail: ``python -m pictures.draw_icons``.

The icon is a short axis: a ring of six segments in the colours of flow about the blood of the left
ventricle. The thumbnail is the sample's first control image with its mask.
"""

from __future__ import annotations

import os

from places import ROOT

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import shutil

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage, QPainter, QPainterPath, QPen

from ASLMyoSegLib.io import read_posterior, read_series

ICONS = ROOT / "ASLMyoSeg" / "Resources" / "Icons"
SIZE = 128
COLOURS = ("#f0f921", "#fdb42f", "#ed7953", "#cc4778", "#9c179e", "#f89540")
"""Of the segments, counter-clockwise from the right: plasma, as flow is drawn."""
ZOOM = 44
"""Pixels of the image about the heart that the thumbnail shows across."""


def main() -> None:
    application = QGuiApplication([])
    draw_icon().save(str(ICONS / "ASLMyoSeg.png"))
    shutil.copyfile(ICONS / "ASLMyoSeg.png", ROOT / "ASLMyoSeg.png")
    draw_thumbnail(260, 280).save(str(ICONS / "MyocardialASL.png"))
    del application


def draw_icon() -> QImage:
    image = QImage(SIZE, SIZE, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    centre, outer, inner = QPointF(72, 64), 52.0, 27.0
    right_ventricle = QPainterPath()
    right_ventricle.addEllipse(QPointF(44, 64), 40, 46)
    left = QPainterPath()
    left.addEllipse(centre, outer + 3, outer + 3)
    painter.fillPath(right_ventricle.subtracted(left), QColor("#7f8fa6"))
    for number, colour in enumerate(COLOURS):
        path = QPainterPath()
        path.arcMoveTo(_square(centre, outer), number * 60 + 1.5)
        path.arcTo(_square(centre, outer), number * 60 + 1.5, 57)
        path.arcTo(_square(centre, inner), number * 60 + 57.5, -55)
        path.closeSubpath()
        painter.fillPath(path, QColor(colour))
    painter.setBrush(QColor("#c0392b"))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.drawEllipse(centre, inner - 4, inner - 4)
    painter.end()
    return image


def draw_thumbnail(width: int, height: int) -> QImage:
    sample = ROOT / "Resources" / "SampleData"
    series = read_series(next(sample.rglob("*rest_asl.nii.gz")))
    posterior = read_posterior(sample / "derivatives" / "aslmyoseg" / series.name)
    frame = series.frames_of("control")[0]
    picture, mask = series.images[frame, 0], posterior.mean[frame, 0] >= 0.5
    low, high = np.percentile(picture, (1, 99.5))
    grey = (np.clip((picture - low) / (high - low), 0, 1) * 255).astype(np.uint8)
    rows, columns = (int(index.mean()) for index in np.nonzero(mask))
    top, left = rows - ZOOM * height // width // 2, columns - ZOOM // 2
    cut = np.ascontiguousarray(grey[top : top + ZOOM * height // width, left : left + ZOOM])
    image = QImage(
        cut.data, cut.shape[1], cut.shape[0], cut.shape[1], QImage.Format.Format_Grayscale8
    )
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    image = image.scaled(width, height, mode=Qt.TransformationMode.SmoothTransformation)
    painter = QPainter(image)
    painter.setPen(QPen(QColor("#ffe04d"), 2))
    scale_x, scale_y = width / cut.shape[1], height / cut.shape[0]
    for axis in (0, 1):
        for y, x in zip(*np.nonzero(np.diff(mask, axis=axis)), strict=True):
            y, x = y - top, x - left
            ends = ((y + 1, x), (y + 1, x + 1)) if axis == 0 else ((y, x + 1), (y + 1, x + 1))
            painter.drawLine(*(QPointF(b * scale_x, a * scale_y) for a, b in ends))
    painter.end()
    return image


def _square(centre: QPointF, radius: float) -> QRectF:
    return QRectF(centre.x() - radius, centre.y() - radius, 2 * radius, 2 * radius)


if __name__ == "__main__":
    main()
