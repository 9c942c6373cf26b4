// A button that copies a control's text; it appears only where the browser lets a page do that.

for (const button of document.querySelectorAll("[data-copy]")) {
  const control = document.getElementById(button.dataset.copy);
  if (!(control instanceof HTMLInputElement)) continue;
  control.addEventListener("focus", () => control.select());
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const status = button.parentElement?.querySelector("[data-copy-status]");
    try {
      await navigator.clipboard.writeText(control.value);
      if (status) status.textContent = "Copied.";
    } catch {
      control.select();
      if (status) status.textContent = "Copy the selected text.";
    }
  });
}
