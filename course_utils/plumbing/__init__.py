"""What `fit` stands on: checkpoints, the history of a run, the device and its random numbers, downloads."""
