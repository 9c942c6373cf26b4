// A box beside a password shows what was typed. Without scripts there is no box, and the password stays hidden.

for (const box of document.querySelectorAll("input[data-shows]")) {
  const ids = box.dataset.shows.trim().split(/\s+/);
  const fields = ids.map((id) => document.getElementById(id)).filter(Boolean);
  const show = (shown) => {
    box.checked = shown;
    for (const field of fields) field.type = shown ? "text" : "password";
  };
  show(false);
  box.closest("label").hidden = false;
  box.addEventListener("change", () => show(box.checked));
  // Sent as a password again, or the browser would remember it as a text that was typed.
  box.form?.addEventListener("submit", () => show(false));
}
