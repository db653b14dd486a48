"""The networks, their losses and their files."""

from .checkpoint import LoadedModel, load_model, save_model
from .mcd_unet import Architecture, MCDUNet
from .probabilistic_unet import ProbabilisticArchitecture, ProbabilisticUNet

__all__ = [
    "Architecture",
    "LoadedModel",
    "MCDUNet",
    "ProbabilisticArchitecture",
    "ProbabilisticUNet",
    "load_model",
    "save_model",
]
