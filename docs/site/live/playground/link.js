"use strict";

// The link to a run: its settings, and the steps of both players since the start, which are played again.

const PAGE_DEFAULTS = { ...DEFAULTS, steps: 0 };
const LONGEST = 10_000; // steps in a link: minutes in which nobody sees anything new

/** The state in the address; a value that no control can show, or no run can have, is the default's. */
function linkedState() {
  const linked = readState(PAGE_DEFAULTS);
  const steps = Number.isInteger(linked.steps) && linked.steps >= 0 && linked.steps <= LONGEST ? linked.steps : 0;
  const settings = Object.entries(linked).filter(([name, value]) => name !== "steps" && admits(name, value));
  return { ...PAGE_DEFAULTS, ...Object.fromEntries(settings), steps };
}

/** Put the state into the address, and the link on the clipboard; say where it is, and from where it begins. */
async function copyLink(state, repeatable) {
  remember(state, repeatable);
  const copied = await navigator.clipboard?.writeText(location.href).then(
    () => true,
    () => false,
  );
  const where = copied ? "Link copied" : "Link is in the address bar";
  const limit =
    ` It begins at step 0: a link cannot repeat more than ${whole(LONGEST)} steps, steps of one player, ` +
    "nor settings changed on the way.";
  find("link").textContent = repeatable ? where : `${where}, from step 0`;
  find("announcement").textContent = `${where}.${repeatable ? "" : limit}`;
}

/** Put the state into the address; its steps only where a link can repeat them. */
function remember(state, repeatable) {
  find("link").textContent = "Copy link";
  rememberState({ ...state, steps: repeatable ? state.steps : 0 }, PAGE_DEFAULTS);
}
