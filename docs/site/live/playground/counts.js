"use strict";

// Made by benchmarks/playground.py: in how many of ten seeds the outcome of each preset was seen.
const COUNTS = {
  "healthy": {"lesson": 10, "tuned": 10, "confirmed": 10},
  "collapse": {"lesson": 10, "tuned": 10, "confirmed": 10},
  "faster": {"lesson": 10, "tuned": 10, "confirmed": 10},
  "pairs": {"lesson": 10, "tuned": 10, "confirmed": 10},
  "lottery": {"lesson": 3, "tuned": 2, "confirmed": 4},
  "wasserstein": {"lesson": 10, "tuned": 10, "confirmed": 10},
  "vanishing": {"lesson": 0, "tuned": 0, "confirmed": 1},
  "hearing": {"lesson": 7, "tuned": 6, "confirmed": 4},
  "flattened": {"lesson": 10, "tuned": 8, "confirmed": 9},
  "vae": {"lesson": null, "tuned": 10, "confirmed": 10},
  "silent": {"lesson": null, "tuned": 10, "confirmed": 10},
};
