"use strict";

/** A cell that is the head of its row or column. */
function headCell(text, scope) {
  const cell = document.createElement("th");
  cell.scope = scope;
  cell.textContent = text;
  return cell;
}

/** Fill the row above a table: the heads of its columns. */
function fillHead(row, texts) {
  row.replaceChildren(...texts.map((text) => headCell(text, "col")));
}

/** Fill the body of a table; the first cell of each row is its head. */
function fillRows(body, rows) {
  body.replaceChildren(...rows.map(([first, ...others]) => {
    const row = document.createElement("tr");
    row.append(headCell(first, "row"));
    others.forEach((text) => (row.insertCell().textContent = text));
    return row;
  }));
}
