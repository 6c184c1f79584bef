"""Muon, an optimizer for layers whose inputs are much alike, as neighboring pixels and features are."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

_COEFFICIENTS = 3.4445, -4.7750, 2.0315
"""Of the polynomial, odd, that brings singular values near 1 in a few iterations."""

_ITERATIONS = 5

_VECTORS = 0.2
"""Root mean square of a step of a bias, by the learning rate."""


def orthogonalized(matrix: Tensor) -> Tensor:
    """Return a matrix (M, N) of nearly the same singular vectors, whose singular values are all about 1 (0.7 to 1.2).

    By Newton and Schulz' iteration, in 32 bits.
    """
    a, b, c = _COEFFICIENTS
    x: Tensor = matrix.float()
    x = x.T if len(x) > x.shape[1] else x
    x = x / (x.norm() + 1e-12)
    for _ in range(_ITERATIONS):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if len(matrix) > matrix.shape[1] else x


class Muon(torch.optim.Optimizer):
    """Steps of one length in all directions of a kernel (Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks").

    A kernel of a convolution (C_out, C_in, k, k) is a matrix of C_out rows. Adam's rate is one for each weight, so that of directions which
    the inputs hardly show, such as what is fine in photos, little is learned.
    """

    def __init__(self, params: Iterable[nn.Parameter], lr: float, momentum: float = 0.95) -> None:
        """Take the parameters.

        Args:
            params: kernels and biases.
            lr: learning rate, the spectral norm of a kernel's step.
            momentum: decay of the mean gradient, of Nesterov's kind.
        """
        super().__init__(params, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take a step."""
        loss = closure() if closure else None
        for group in self.param_groups:
            for value in group["params"]:
                if value.grad is None:
                    continue
                state = self.state[value]
                mean = state.setdefault("mean", torch.zeros_like(value))
                mean.lerp_(value.grad, 1 - group["momentum"])
                ahead = value.grad.lerp(mean, group["momentum"])
                if value.dim() > 1:
                    change = orthogonalized(ahead.flatten(1)).view_as(value)
                else:
                    change = _VECTORS * ahead / (ahead.square().mean().sqrt() + 1e-12)
                value.sub_(change, alpha=group["lr"])
        return loss
