"""The settings of the panel.

Not in the module's own file: Slicer loads that one before the modules whose nodes stand here.
"""

from typing import Annotated

from slicer import vtkMRMLSequenceBrowserNode, vtkMRMLSequenceNode
from slicer.parameterNodeWrapper import Choice, WithinRange, parameterNodeWrapper


@parameterNodeWrapper
class ASLMyoSegParameterNode:
    """Every setting of the panel, so that a saved scene brings them back.

    series - The browser of the series in use.
    loadedSequence - A volume sequence that is to become a series.
    modelFile - The network's weights; empty for those that come with the extension.
    device - "auto", "cpu", or a GPU ("cuda:0").
    precision - Relative standard error (%) of MCD Uncertainty at which trials end.
    fixedTrials - Whether the number of trials is fixed instead.
    trials - That number.
    threshold - Mean probability from which a pixel belongs to the mask.
    overlayOpacity - Of the uncertainty map in the slice views.
    limitEditing - Whether only doubtful pixels can be edited.
    editingLimit - Uncertainty above which a pixel is doubtful.
    fieldStrength - Sets T1 of blood.
    t1Blood - s.
    partitionCoefficient - mL/g.
    labellingEfficiency - 0 to 1.
    kinetics - Model of flow: Buxton's general one, or the paper's formula.
    weights - Whether pixels count by how surely they are muscle, or all alike.
    reviewedOnly - Whether flow leaves out masks that nobody has looked at.
    exportFolder - Of the results.
    exportPair - Whether rest and stress are exported together.
    reviewedToo - Whether 'Apply to all frames' changes corrected and accepted ones, too.
    """

    series: vtkMRMLSequenceBrowserNode
    loadedSequence: vtkMRMLSequenceNode
    modelFile: str = ""
    device: str = "auto"
    precision: Annotated[float, WithinRange(0.5, 50)] = 2.0
    fixedTrials: bool = False
    trials: Annotated[int, WithinRange(2, 10000)] = 100
    threshold: Annotated[float, WithinRange(0.05, 0.95)] = 0.5
    overlayOpacity: Annotated[float, WithinRange(0, 1)] = 0.6
    limitEditing: bool = False
    editingLimit: Annotated[float, WithinRange(0, 0.5)] = 0.1
    fieldStrength: Annotated[str, Choice(["3 T", "1.5 T", "other"])] = "3 T"
    t1Blood: Annotated[float, WithinRange(0.5, 3)] = 1.65
    partitionCoefficient: Annotated[float, WithinRange(0.5, 1.5)] = 1.0
    labellingEfficiency: Annotated[float, WithinRange(0.1, 1)] = 1.0
    kinetics: Annotated[str, Choice(["general", "paper"])] = "general"
    weights: Annotated[str, Choice(["posterior", "mask"])] = "posterior"
    reviewedOnly: bool = False
    exportFolder: str = ""
    exportPair: bool = True
    reviewedToo: bool = False
