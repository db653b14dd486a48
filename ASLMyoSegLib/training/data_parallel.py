"""One training over several processes: each takes a part of every batch."""

from __future__ import annotations

import torch
from torch import nn
from torch.distributed.nn.functional import all_reduce
from torch.nn.parallel import DistributedDataParallel

from ..network import MCDUNet
from ..processes.parallel import Group


def synchronised(network: MCDUNet) -> MCDUNet:
    """The network with batch normalisation over the images of all processes.

    What is learned then does not depend on how a batch is divided. PyTorch has this for GPUs only.
    """
    if next(network.parameters()).is_cuda:
        return nn.SyncBatchNorm.convert_sync_batchnorm(network)
    for scale in (*network.encoder, *network.decoder):
        for position, layer in enumerate(scale):
            if isinstance(layer, nn.BatchNorm2d):
                scale[position] = GroupBatchNorm2d(layer.num_features)
                scale[position].load_state_dict(layer.state_dict())
    return network


def data_parallel(network: MCDUNet, group: Group, device: torch.device) -> nn.Module:
    """What is called in place of the network, so that gradients are means over all processes."""
    if group.size == 1:
        return network
    gpus = [torch.cuda.current_device()] if device.type == "cuda" else None
    return DistributedDataParallel(network, device_ids=gpus)


class GroupBatchNorm2d(nn.BatchNorm2d):
    """Batch normalisation (Ioffe, Szegedy 2015) whose statistics are of all processes' images."""

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        if not self.training:
            return super().forward(features)
        values = features.float()
        own = torch.tensor(float(values.numel() // self.num_features))
        count = all_reduce(own)
        mean = all_reduce(values.sum((0, 2, 3))) / count
        centred = values - mean[:, None, None]
        variance = all_reduce(centred.square().sum((0, 2, 3))) / count
        with torch.no_grad():
            self.num_batches_tracked += 1
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * count / (count - 1), self.momentum)
        scale = self.weight * torch.rsqrt(variance + self.eps)
        return (centred * scale[:, None, None] + self.bias[:, None, None]).to(features.dtype)
