"use strict";
(() => {
  const form = document.getElementById("f");
  const said = document.getElementById("said");
  const items = [...document.querySelectorAll("[data-i]")].map((node) => ({
    node,
    kind: node.dataset.kind,
    level: node.dataset.level,
    rules: node.dataset.rules.split(" "),
    weight: Number(node.dataset.n || 1),
    text: node.textContent.toLowerCase(),
  }));
  const total = items.reduce((sum, item) => sum + item.weight, 0);
  const fill = (select, values) => {
    for (const value of [...new Set(values)].filter(Boolean).sort()) {
      const option = document.createElement("option");
      option.value = option.textContent = value;
      select.append(option);
    }
  };
  fill(form.kind, items.map((item) => item.kind));
  fill(form.rule, items.flatMap((item) => item.rules));
  fill(form.level, items.map((item) => item.level));
  const apply = () => {
    const words = form.search.value.toLowerCase().split(" ").filter(Boolean);
    let shown = 0;
    for (const item of items) {
      const is =
        (!form.kind.value || item.kind === form.kind.value) &&
        (!form.level.value || item.level === form.level.value) &&
        (!form.rule.value || item.rules.includes(form.rule.value)) &&
        words.every((word) => item.text.includes(word));
      if (item.node.hidden === is) item.node.hidden = !is;
      if (is) shown += item.weight;
    }
    said.value = shown.toLocaleString("en") + " of " + total.toLocaleString("en") + " shown";
  };
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  // The event comes before the fields are empty, and the output is one of them.
  form.addEventListener("reset", () => setTimeout(apply));
  const all = (open) => {
    for (const node of document.querySelectorAll("details.c")) if (!node.hidden) node.open = open;
  };
  document.getElementById("open").addEventListener("click", () => all(true));
  document.getElementById("shut").addEventListener("click", () => all(false));
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) {
      event.preventDefault();
      form.search.focus();
    }
  });
  addEventListener("beforeprint", () => all(true));
  form.hidden = false;
  apply();
})();
