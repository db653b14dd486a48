"""All that fixes the training of a probabilistic U-Net."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..network.probabilistic_unet import ProbabilisticArchitecture


@dataclass(frozen=True)
class LatentConfig:
    """The recipe. Defaults are the paper's (Methods, Probabilistic U-Net).

    Attributes:
        architecture: of the network.
        iterations: optimisation steps.
        batch_size: images a step.
        learning_rate: of Adam in the first third of the steps.
        falls: what it is multiplied by in the second third and in the last.
        weight_decay: of Adam.
        divergence: weight of the divergence of the posterior from the prior, the paper's λ.
        augmentation: whether images are turned and bent at random.
        seed: of everything random.
    """

    architecture: ProbabilisticArchitecture = field(default_factory=ProbabilisticArchitecture)
    iterations: int = 5400
    batch_size: int = 12
    learning_rate: float = 1e-4
    falls: tuple[float, float] = (0.5, 0.1)
    weight_decay: float = 1e-5
    divergence: float = 10.0
    augmentation: bool = True
    seed: int = 0

    def rate(self, step: int) -> float:
        """Learning rate of a step, from 0."""
        third = min(3 * step // self.iterations, 2)
        return self.learning_rate * (1.0, *self.falls)[third]
