"""Where a network computes, and in which precision."""

from __future__ import annotations

import platform

import torch

from ..errors import ASLMyoSegError


def choose_device(name: str) -> torch.device:
    """`auto` (a GPU where there is one that PyTorch can use), `cpu` or `cuda`.

    Raises:
        ASLMyoSegError: where there is no such device, or PyTorch cannot use it.
    """
    problem = problem_of_gpu() if name in ("auto", "cuda") else ""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() and not problem else "cpu")
    if name not in ("cpu", "cuda"):
        raise ASLMyoSegError(f"device {name!r} is unknown; use auto, cpu or cuda.")
    if name == "cuda" and not torch.cuda.is_available():
        raise ASLMyoSegError("device 'cuda': no GPU that PyTorch can use is here; use auto or cpu.")
    if problem:
        raise ASLMyoSegError(f"device 'cuda': {problem}; use --device cpu.")
    return torch.device(name)


def problem_of_gpu() -> str:
    """Why PyTorch cannot compute on the GPU that is here; empty where it can, or there is none.

    It may have been built without code for GPUs as new or as old, which shows with the first sum.
    """
    if not torch.cuda.is_available():
        return ""
    try:
        (torch.ones(1, device="cuda") + 1).item()
    except torch.OutOfMemoryError:
        return ""
    except Exception as error:  # of several types, by PyTorch's version
        reason = str(error).strip().split("\n")[0][:80]
        return f"the GPU cannot be used by this PyTorch ({reason})"
    return ""


def sampling_type(device: torch.device) -> torch.dtype:
    """The fastest type that masks do not suffer from: bfloat16 where it is native; float16 on older
    GPUs; float32 on other processors."""
    if has_native_bfloat16(device):
        return torch.bfloat16
    return torch.float16 if device.type == "cuda" else torch.float32


def autocast(device: torch.device) -> torch.autocast:
    """bfloat16 where the processor or GPU computes in it, float32 elsewhere."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=has_native_bfloat16(device))


def has_native_bfloat16(device: torch.device) -> bool:
    """Whether the hardware multiplies in bfloat16 itself. Where it does not (AVX-512 alone, GPUs
    before Ampere), emulation is slower than float32."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if not torch.backends.mkldnn.is_available():
        return False
    if is_x86():
        return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return torch.ops.mkldnn._is_mkldnn_bf16_supported()


def is_x86() -> bool:
    """Whether the processor is one of Intel's or AMD's 64-bit family."""
    return platform.machine().lower() in ("x86_64", "amd64")
