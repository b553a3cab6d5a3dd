"""The epochs of a DataLoader that knows its place, so that a training resumes in the middle of one."""

from collections.abc import Iterator

from torch.utils.data import DataLoader


class Epochs:
    """The epochs of a DataLoader that knows its place, as `torchdata.stateful_dataloader.StatefulDataLoader` does.

    That one resumes exactly with a sampler that has a generator of its own, such as
    `torchdata.stateful_dataloader.sampler.RandomSampler`; with a generator that loader and sampler share, later epochs
    differ (torchdata 0.11).
    """

    def __init__(self, loader: DataLoader):
        self.loader = loader
        self.begun: Iterator = iter(())

    @classmethod
    def of(cls, data) -> "Epochs | None":
        """Return the epochs of a loader with `state_dict` and `load_state_dict`, None for any other data."""
        knows = isinstance(data, DataLoader) and hasattr(data, "state_dict") and hasattr(data, "load_state_dict")
        return cls(data) if knows else None

    def state_dict(self) -> dict:
        """Return the place of the loader."""
        return self.loader.state_dict()

    def load_state_dict(self, state: dict) -> None:
        """Go on from a place; the epoch begins here and now, since a loader draws a random number when it does."""
        self.loader.load_state_dict(state)
        self.begun = iter(self.loader)
