"""The networks, their losses and their files."""

from .checkpoint import LoadedModel, load_model, save_model
from .mcd_unet import Architecture, MCDUNet

__all__ = ["Architecture", "LoadedModel", "MCDUNet", "load_model", "save_model"]
