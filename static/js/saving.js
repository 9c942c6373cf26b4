// Nothing typed is lost unawares: a form with data-guard says "Not saved yet", and the browser asks before the page is left.

const LOOKS = {
  unsaved: ["pencil", "Not saved yet"],
  saving: ["loader-2", "Saving"],
  offline: ["cloud-off", "Offline, kept on this page"],
  failed: ["alert-circle", "Could not be saved"],
};
// A refused save comes back with what was typed, which is stored nowhere yet.
let dirty = Boolean(document.querySelector("[data-save-state].unsaved"));

function show(state) {
  const place = document.querySelector("[data-save-state]");
  if (!place) return;
  const [icon, words] = LOOKS[state];
  place.className = `saved ${state}`;
  const use = place.querySelector("use");
  use?.setAttribute("href", `${use.getAttribute("href").split("#")[0]}#${icon}`);
  place.querySelector("span").textContent = words;
}

function touched(event) {
  if (!(event.target instanceof Element) || !event.target.closest("form[data-guard]")) return;
  dirty = true;
  show(navigator.onLine ? "unsaved" : "offline");
}
document.addEventListener("input", touched);
document.addEventListener("change", touched);

document.addEventListener("submit", (event) => {
  if (!event.target.matches("form[data-guard]") || event.defaultPrevented) return;
  dirty = false;
  show("saving");
});
// A live change is also a request of the form; only one that a submit began is a save.
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.requestConfig?.triggeringEvent?.type !== "submit" || !event.target.matches?.("form[data-guard]")) return;
  dirty = !event.detail.successful;
  if (dirty) show(navigator.onLine ? "failed" : "offline");
});
window.addEventListener("beforeunload", (event) => { if (dirty) event.preventDefault(); });
window.addEventListener("offline", () => { if (dirty) show("offline"); });
window.addEventListener("online", () => { if (dirty) show("unsaved"); });
// A page taken from the browser's back cache holds what was typed, so it is as unsaved as it was.
window.addEventListener("pageshow", (event) => { if (event.persisted && dirty) show("unsaved"); });
