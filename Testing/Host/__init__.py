"""Loads the real panel from its real .ui file, without the Slicer application.

What is real: Qt (PySide6, offscreen), MRML and the modules' logic (`slicer-core`), `slicer.util`,
the panel's own code and .ui file, the worker process. What stands in, and holds only what the panel
uses:

| file | in place of |
|---|---|
| `pythonqt.py` | PythonQt, which wraps Qt for Slicer's Python |
| `ctk_widgets.py` | the few CTK widgets of the .ui file |
| `mrml_widgets.py` | the few qMRML widgets: they hold their nodes, and draw no more than a name |
| `segment_editor.py` | the Segment Editor's widget; its logic, with undo and redo, is real |
| `parameters.py` | `slicer.parameterNodeWrapper`, with its names and its storage in the node |
| `application.py` | `slicer.app`, its layouts and views |
| `window.py` | the main window, with the panel as wide and as high as Slicer's |
| `scripted.py` | the base classes of scripted modules, `slicer.i18n`, `SampleData` |
| `hierarchy.py` | the plugins that keep the subject hierarchy |
| `host.py` | `slicer.modules`; it puts all of these in their places |

A stand-in knows the names that the real class has and no others, so that what does not exist in
Slicer fails here too. What works here only is a defect; a real Slicer has the last word.
"""

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from .host import Host

__all__ = ["Host"]
