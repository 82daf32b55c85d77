"use strict";
(() => {
  const tools = document.querySelector(".tools");
  const rows = [...document.querySelectorAll("details.r")].map(e => [e, e.className.split(" ")[1], e.firstElementChild.textContent.toLowerCase()]);
  const sections = [...document.querySelectorAll("section.sec")];
  const words = tools.querySelector("input[type=search]");
  const boxes = [...tools.querySelectorAll("input[type=checkbox]")];
  const count = tools.querySelector("output");
  const filter = () => {
    const wanted = new Set(boxes.filter(b => b.checked).map(b => b.value));
    const text = words.value.trim().toLowerCase();
    let shown = 0;
    for (const [element, verdict, content] of rows) {
      element.hidden = !(wanted.has(verdict) && content.includes(text));
      shown += !element.hidden;
    }
    for (const section of sections) section.hidden = !section.querySelector("details.r:not([hidden])");
    count.textContent = shown + " shown";
  };
  const reveal = () => {
    const found = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!found) return;
    if (found.matches("details.r") && found.hidden) { words.value = ""; boxes.forEach(b => { b.checked = true; }); filter(); }
    for (let e = found; e; e = e.parentElement) if (e.tagName === "DETAILS") e.open = true;
    found.scrollIntoView();
  };
  words.addEventListener("input", filter);
  boxes.forEach(b => b.addEventListener("change", filter));
  tools.querySelector(".fold").addEventListener("click", event => {
    const open = event.target.dataset.open !== "yes";
    rows.forEach(([element]) => { if (!element.hidden) element.open = open; });
    event.target.dataset.open = open ? "yes" : "";
    event.target.textContent = open ? "fold all" : "unfold all";
  });
  document.querySelectorAll(".replay button").forEach(button => {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const line = button.parentElement.querySelector("pre");
      try { await navigator.clipboard.writeText(line.textContent); }
      catch { getSelection().selectAllChildren(line); document.execCommand("copy"); }
      button.textContent = "copied";
      setTimeout(() => { button.textContent = "copy"; }, 1500);
    });
  });
  addEventListener("hashchange", reveal);
  tools.hidden = false;
  filter();
  reveal();
})();
