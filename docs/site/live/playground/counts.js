"use strict";

// Made by benchmarks/playground.py: in how many of ten seeds the outcome of each preset was seen.
const COUNTS = {
  "healthy": {"lesson": null, "tuned": null, "confirmed": null},
  "collapse": {"lesson": null, "tuned": null, "confirmed": null},
  "faster": {"lesson": null, "tuned": null, "confirmed": null},
  "pairs": {"lesson": null, "tuned": null, "confirmed": null},
  "lottery": {"lesson": null, "tuned": null, "confirmed": null},
  "wasserstein": {"lesson": null, "tuned": null, "confirmed": null},
  "vanishing": {"lesson": null, "tuned": null, "confirmed": null},
  "hearing": {"lesson": null, "tuned": null, "confirmed": null},
  "flattened": {"lesson": null, "tuned": null, "confirmed": null},
  "vae": {"lesson": null, "tuned": null, "confirmed": null},
  "silent": {"lesson": null, "tuned": null, "confirmed": null},
};
