"""How large the studies are run: as the paper did, or as two cores do in a night."""

from __future__ import annotations

from dataclasses import dataclass

from ...network import Architecture, ProbabilisticArchitecture


@dataclass(frozen=True)
class Scale:
    """Sizes of everything that costs time.

    Attributes:
        name: for people and files.
        architecture: of the MCD U-Net.
        window: pixels a side of the square about the heart that is seen; None sees the field.
        epochs: of a training.
        finetuning_epochs: of the training that goes on with labelled images.
        adapting_epochs: in which another loss is learned from the network of Dice's loss on; None
            trains it anew, as long as that one.
        learning_rate: of Adam.
        trials: Monte Carlo passes of each test image.
        few_trials: passes where only the mean mask counts.
        many_trials: passes of the two cases that smaller numbers are drawn from.
        draws: how often each smaller number is drawn.
        samples: of the probabilistic U-Net, for each image.
        iterations: steps of the probabilistic U-Net.
        latent_rate: learning rate that these begin with.
        latent_architecture: of the probabilistic U-Net.
        betas: of Tversky's loss, that are swept.
        divergences: the weights of the divergence that are swept.
    """

    name: str
    architecture: Architecture
    window: int | None
    epochs: int
    finetuning_epochs: int
    adapting_epochs: int | None
    learning_rate: float
    trials: int
    few_trials: int
    many_trials: int
    draws: int
    samples: int
    iterations: int
    latent_rate: float
    latent_architecture: ProbabilisticArchitecture
    betas: tuple[float, ...]
    divergences: tuple[float, ...]

    @property
    def words(self) -> str:
        """What figures were made with, for people."""
        seen = "whole field" if self.window is None else f"{self.window} px about the heart"
        return (
            f"{self.architecture.base_maps} base maps, {self.architecture.scales} scales, {seen}, "
            f"{self.epochs} epochs at {self.learning_rate:g}"
        )


PAPER = Scale(
    name="paper",
    architecture=Architecture(),
    window=None,
    epochs=150,
    finetuning_epochs=150,
    adapting_epochs=None,
    learning_rate=1e-4,
    trials=1115,
    few_trials=1115,
    many_trials=16384,
    draws=1024,
    samples=128,
    iterations=5400,
    latent_rate=1e-4,
    latent_architecture=ProbabilisticArchitecture(),
    betas=tuple(round(0.1 * k, 1) for k in range(1, 10)),
    divergences=(0.1, 0.5, 0.75, 1.0, 2.0, 5.0, 10.0),
)

SMALL = Scale(
    name="small",
    architecture=Architecture(base_maps=8, scales=3),
    window=40,
    epochs=12,
    finetuning_epochs=6,
    adapting_epochs=3,
    learning_rate=3e-3,
    trials=128,
    few_trials=16,
    many_trials=4096,
    draws=1024,
    samples=128,
    iterations=450,
    latent_rate=2e-3,
    latent_architecture=ProbabilisticArchitecture(base_maps=8, scales=3, latent_maps=8),
    betas=(0.1, 0.3, 0.5, 0.7, 0.9),
    divergences=(0.1, 1.0, 10.0),
)
"""A narrow network on windows about the heart: one core trains it in a minute."""

SCALES = {scale.name: scale for scale in (SMALL, PAPER)}
