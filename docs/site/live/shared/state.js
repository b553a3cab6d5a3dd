"use strict";

// The state of a page is a flat object of numbers, words, and yes or no. Its link is the address of the page, a #, and
// each value that differs from its default: "page.html#loss=wasserstein&seed=3".

/** Read a state from the part of an address after the #; what is missing or of another type is the default's. */
function readState(defaults, hash = location.hash) {
  const written = new URLSearchParams(hash.replace(/^#/, ""));
  const state = { ...defaults };
  for (const [name, value] of Object.entries(defaults)) {
    if (!written.has(name)) continue;
    const text = written.get(name);
    if (typeof value === "string") state[name] = text;
    if (typeof value === "boolean" && ["true", "false"].includes(text)) state[name] = text === "true";
    if (typeof value === "number" && text !== "" && Number.isFinite(Number(text))) state[name] = Number(text);
  }
  return state;
}

/** The address of this page in a state. */
function stateLink(state, defaults) {
  const differing = Object.keys(defaults).filter((name) => state[name] !== defaults[name]);
  const hash = new URLSearchParams(differing.map((name) => [name, String(state[name])]));
  return `${location.href.split("#")[0]}#${hash}`;
}

/** Put the state into the address bar, without a new entry in the browser's history. */
function rememberState(state, defaults) {
  history.replaceState(null, "", stateLink(state, defaults));
}
