"""Whether a function has left the global random numbers of torch as they were."""

import torch


def left_alone(seed: int) -> str:
    """Say what the last call did to them, which the checker had seeded, when it was given this seed itself."""
    if torch.initial_seed() == seed:
        return "set by the function"
    fresh = torch.Generator().manual_seed(torch.initial_seed()).get_state()
    return "as it was" if torch.equal(torch.get_rng_state(), fresh) else "drawn from"
