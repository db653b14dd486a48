"""Files of weights: safetensors whose header tells the network, so that no code runs from data."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from ..errors import ModelError, OutputError
from ..resources import MODELS
from .mcd_unet import Architecture, MCDUNet
from .probabilistic_unet import ProbabilisticArchitecture, ProbabilisticUNet

DEFAULT_MODEL = MODELS / "mcd_unet.safetensors"

FORMAT = "aslmyoseg-mcd-unet-1"
Network = MCDUNet | ProbabilisticUNet


@dataclass(frozen=True)
class _Kind:
    """A kind of network that files hold, and between what its shape may lie."""

    network: type[Network]
    architecture: type[Architecture | ProbabilisticArchitecture]
    limits: dict[str, tuple[float, float]]


_SHAPE = {"base_maps": (1, 256), "scales": (2, 7), "kernel_size": (1, 11)}
KINDS = {
    FORMAT: _Kind(MCDUNet, Architecture, {**_SHAPE, "dropout": (0, 0.95)}),
    "aslmyoseg-probabilistic-unet-1": _Kind(
        ProbabilisticUNet,
        ProbabilisticArchitecture,
        {**_SHAPE, "latent": (1, 64), "latent_maps": (1, 256), "combinations": (1, 8)},
    ),
}
"""By the format that the header of a file names."""


@dataclass(frozen=True)
class LoadedModel:
    """A network with where it came from.

    Attributes:
        network: in evaluation mode, float32, on the CPU.
        name: of the file, without suffix.
        sha256: of the file.
        header: `architecture`, `normalisation`, `recipe`, `metrics`.
    """

    network: Network
    name: str
    sha256: str
    header: dict[str, Any]


def save_model(path: str | Path, network: Network, header: dict[str, Any]) -> None:
    """Write weights and `header` (JSON) into one file, whole or not at all.

    Convolutions are kept in float16, which halves the file and moves no mask; batch normalisation
    in float32.

    Raises:
        OutputError: where the file cannot be written.
    """
    path = Path(path)
    tensors = {
        name: (tensor.half() if tensor.ndim == 4 else tensor).contiguous().cpu()
        for name, tensor in network.state_dict().items()
    }
    kind = next(name for name, kind in KINDS.items() if isinstance(network, kind.network))
    content = {"architecture": dataclasses.asdict(network.architecture), **header}
    beside = path.with_name(f".{path.name}.part")
    try:
        save_file(tensors, beside, metadata={"format": kind, "header": json.dumps(content)})
        beside.chmod(0o644)  # the library makes it private
        beside.replace(path)
    except (OSError, SafetensorError) as error:
        raise OutputError(f"{path}: the model cannot be written ({error}).") from error
    finally:
        beside.unlink(missing_ok=True)


def load_model(path: str | Path | None = None) -> LoadedModel:
    """Read a file of weights; None is the default model.

    Raises:
        ModelError: where the file is missing or is not a model of this program.
    """
    path = Path(path) if path is not None else DEFAULT_MODEL
    if not path.is_file():
        raise ModelError(f"{path}: no such model file; give one that `aslmyoseg train` wrote.")
    try:
        path.open("rb").close()  # which says why, where the library knows one reason only
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror or error}).") from None
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise ModelError(
            f"{path}: not a readable safetensors file ({reason}); "
            "give a model that `aslmyoseg train` wrote."
        ) from error
    kind, header = _read_header(path, metadata)
    architecture = _read_architecture(path, kind, header)
    with torch.device("meta"):  # whatever size a damaged header says, it takes no memory
        wanted = kind.network(architecture).state_dict()
    _check_tensors(path, wanted, tensors)
    network = kind.network(architecture)
    network.load_state_dict({name: t.to(wanted[name].dtype) for name, t in tensors.items()})
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return LoadedModel(network.eval(), path.stem, digest, header)


def _read_header(path: Path, metadata: dict[str, str]) -> tuple[_Kind, dict[str, Any]]:
    kind = KINDS.get(metadata.get("format", ""))
    if kind is None:
        raise ModelError(
            f"{path}: its header says format {metadata.get('format')!r}, where one of "
            f"{', '.join(KINDS)} is needed; give a model that `aslmyoseg train` wrote."
        )
    try:
        header = json.loads(metadata["header"])
        if not isinstance(header, dict) or "architecture" not in header:
            raise KeyError("architecture")
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise ModelError(
            f"{path}: its header is damaged ({error}); train or fetch it anew."
        ) from None
    return kind, header


def _read_architecture(
    path: Path, kind: _Kind, header: dict[str, Any]
) -> Architecture | ProbabilisticArchitecture:
    values = header["architecture"]
    for name, (low, high) in kind.limits.items():
        value = values.get(name) if isinstance(values, dict) else None
        right_type = isinstance(value, (int, float) if name == "dropout" else int)
        right_type = right_type and not isinstance(value, bool)
        if not right_type or not low <= value <= high:
            raise ModelError(
                f"{path}: architecture says {name} = {value!r}, where {low} to {high} is possible; "
                "the file is damaged or from another program."
            )
    return kind.architecture(**{name: values[name] for name in kind.limits})


def _check_tensors(
    path: Path, wanted: dict[str, torch.Tensor], tensors: dict[str, torch.Tensor]
) -> None:
    for problem, names in (
        ("lacks", sorted(wanted.keys() - tensors.keys())),
        ("has the foreign", sorted(tensors.keys() - wanted.keys())),
    ):
        if names:
            raise ModelError(f"{path}: {problem} tensor {names[0]!r}; the file is damaged.")
    for name, tensor in tensors.items():
        if tensor.shape != wanted[name].shape:
            raise ModelError(
                f"{path}: tensor {name!r} has shape {tuple(tensor.shape)} where "
                f"{tuple(wanted[name].shape)} is needed; the file is damaged."
            )
        if not torch.isfinite(tensor.float()).all():
            raise ModelError(f"{path}: tensor {name!r} holds values that are not finite.")
        if name.endswith("running_var") and (tensor < 0).any():
            raise ModelError(f"{path}: variances {name!r} are negative; the file is damaged.")
