"""How the statistics of our networks are followed over a shot."""

from __future__ import annotations

from vidstyle.runtime.engine import Following

NETWORK_FOLLOWING = Following(
    # As many frames as a CPU has in flight at most.
    lag=5,
    # About a second; later frames count little, so that who walks in is not seen in the rest of the picture.
    settled=32,
    slow=600,
    # A bright frame painted with the statistics of a dark one is white.
    quick=8,
    # Who takes 40 % of the picture makes 0.4, twice the light 0.7, a fade from black more than 1.5.
    misfit=0.4,
    # A rest of its own bounds what a pool that does not fit can do.
    share=0.97,
    # A black screen, with the noise that a codec leaves of it.
    least=1,
)
