// Links to Airflow's own pages leave the frame these pages are shown in; without this script they open inside it.
"use strict";
document.addEventListener("click", (event) => {
  const link = event.target.closest("a.outer");
  if (!link || window.parent === window || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  const above = window.parent.document;
  const there = above.createElement("a");
  there.href = link.href;
  above.body.append(there);
  there.click();
  there.remove();
});
