"use strict";

/** The table of all presets: its rows, as elements. */
function countedRows() {
  return Object.entries(PRESETS).map(([name, { title, outcome, record }]) => {
    const { tuned, confirmed, lesson } = COUNTS[name];
    const row = document.createElement("tr");
    const heading = document.createElement("th");
    heading.scope = "row";
    heading.textContent = title;
    row.append(heading);
    const cells = [OUTCOMES[outcome].words, ofTen(tuned), ofTen(confirmed), ofTen(lesson), record?.join(": ") ?? "–"];
    for (const text of cells) row.insertCell().textContent = text;
    return row;
  });
}
