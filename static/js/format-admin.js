// The pages on which formats are written: the outline keeps its place when the page is swapped after a save.

const places = new Map();

document.addEventListener("htmx:beforeSwap", () => {
  for (const kept of document.querySelectorAll("[data-keep-scroll]")) places.set(kept.id, kept.scrollTop);
});
function place() {
  for (const kept of document.querySelectorAll("[data-keep-scroll]")) {
    kept.scrollTop = places.get(kept.id) ?? kept.scrollTop;
    const current = kept.querySelector("[aria-current]");
    if (!current) continue;
    const box = kept.getBoundingClientRect();
    const at = current.getBoundingClientRect();
    if (at.top < box.top || at.bottom > box.bottom) kept.scrollTop += at.top - box.top - box.height / 3;
  }
}
document.addEventListener("htmx:afterSettle", place);
place();

// Leaving with something typed asks first; what a form sends is not lost.
let changed = false;
document.addEventListener("input", (event) => {
  if (event.target.closest("form[method=post]")) changed = true;
});
document.addEventListener("submit", () => { changed = false; });
document.addEventListener("htmx:confirm", (event) => {
  const link = event.detail.elt;
  if (changed && link.tagName === "A") {
    event.preventDefault();
    if (window.confirm("What you typed here is not saved yet. Go on without it?")) { changed = false; event.detail.issueRequest(true); }
  }
});
window.addEventListener("beforeunload", (event) => { if (changed) event.preventDefault(); });

// Whoever hears the page instead of seeing it is taken to what happened.
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target?.id !== "writer") return;
  changed = false;
  const note = document.querySelector("#writer .errornote, #writer .errorlist");
  if (note) { note.setAttribute("tabindex", "-1"); note.focus(); }
});
