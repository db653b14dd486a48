// Sorting by a click on a column's head, and a filter by words.
const table = document.getElementById("series");
const body = table.tBodies[0];
const rows = [...body.rows];
const shown = document.getElementById("shown");

function key(row, column) {
  const text = row.cells[column].dataset.key;
  const number = Number(text);
  return text === "nan" ? null : Number.isNaN(number) || text === "" ? text : number;
}

function compare(a, b) {
  if (a === null || b === null) return (a === null) - (b === null);
  return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(b);
}

for (const head of table.tHead.rows[0].cells) {
  head.querySelector("button")?.addEventListener("click", () => {
    const falling = head.getAttribute("aria-sort") === "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", falling ? "descending" : "ascending");
    const keys = new Map(rows.map((row) => [row, key(row, head.cellIndex)]));
    rows.sort((a, b) => {
      const [one, two] = [keys.get(a), keys.get(b)];
      const unknown = (one === null) - (two === null);
      return unknown || (falling ? -1 : 1) * compare(one, two);
    });
    body.append(...rows);
  });
}

document.getElementById("filter").addEventListener("input", (event) => {
  const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const row of rows) {
    const text = row.textContent.toLowerCase();
    row.hidden = !words.every((word) => text.includes(word));
    count += !row.hidden;
  }
  shown.textContent = words.length ? `${count} of ${rows.length}` : "";
});
