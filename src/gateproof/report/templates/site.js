"use strict";
(() => {
  const tools = document.querySelector(".tools");
  if (!tools) return;
  const words = tools.querySelector("input[type=search]");
  const chosen = Object.fromEntries([...tools.querySelectorAll("select")].map(e => [e.dataset.key, e]));
  const bodies = [...document.querySelectorAll(".matrix tbody")].map(body => [body, [...body.rows].slice(1).map(row => [
    row, row.cells[0].textContent.toLowerCase(), new Set([...row.cells].slice(2).map(cell => cell.className)),
  ])]);
  const filter = () => {
    const text = words.value.trim().toLowerCase();
    let shown = 0;
    for (const [body, rows] of bodies) {
      let some = false;
      for (const [row, content, verdicts] of rows) {
        row.hidden = !(content.includes(text) && (!chosen.l.value || row.dataset.l === chosen.l.value) &&
          (!chosen.v.value || verdicts.has(chosen.v.value)) && (!chosen.s.value || body.dataset.s === chosen.s.value));
        some ||= !row.hidden;
        shown += !row.hidden;
      }
      body.hidden = !some;
    }
    tools.querySelector("output").textContent = shown + " shown";
  };
  words.addEventListener("input", filter);
  for (const select of Object.values(chosen)) select.addEventListener("change", filter);
  tools.hidden = false;
  filter();
})();
