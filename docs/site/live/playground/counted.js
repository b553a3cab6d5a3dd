"use strict";

/** The table of all presets: the texts of its rows. */
function countedRows() {
  return Object.entries(PRESETS).map(([name, { title, outcome, record }]) => {
    const { tuned, confirmed, lesson } = COUNTS[name];
    return [title, OUTCOMES[outcome].words, ofTen(tuned), ofTen(confirmed), ofTen(lesson), record?.join(": ") ?? "–"];
  });
}
