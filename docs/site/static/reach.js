// A box that scrolls sideways can be reached, and moved, by the keyboard too.
function reach() {
  for (const box of document.querySelectorAll("pre, .table-wrapper, .formula, p:has(> img)")) {
    if (box.scrollWidth > box.clientWidth) {
      box.tabIndex = 0;
    } else {
      box.removeAttribute("tabindex");
    }
  }
}

addEventListener("load", reach);
addEventListener("resize", reach);
addEventListener("toggle", reach, true); // what was folded had no size
