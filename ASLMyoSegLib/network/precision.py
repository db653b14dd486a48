"""Where a network computes, and in which precision."""

from __future__ import annotations

import torch

from ..errors import ASLMyoSegError


def choose_device(name: str) -> torch.device:
    """`auto` (a GPU where there is one), `cpu` or `cuda`.

    Raises:
        ASLMyoSegError: where there is no such device.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name not in ("cpu", "cuda"):
        raise ASLMyoSegError(f"device {name!r} is unknown; use auto, cpu or cuda.")
    if name == "cuda" and not torch.cuda.is_available():
        raise ASLMyoSegError("device 'cuda': no GPU that PyTorch can use is here; use auto or cpu.")
    return torch.device(name)


def autocast(device: torch.device) -> torch.autocast:
    """bfloat16 where the processor or GPU computes in it, float32 elsewhere."""
    if device.type == "cuda":
        able = torch.cuda.is_bf16_supported()
    else:
        able = torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=able)
