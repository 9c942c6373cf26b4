// What every page has: the search key, dialogs, messages that can be dismissed, and a word when a request fails.

function announce(text, level = "error") {
  const list = document.getElementById("toasts");
  if (!list) return;
  const toast = document.createElement("div");
  toast.className = `toast ${level}`;
  const words = document.createElement("p");
  words.textContent = text;
  toast.append(words);
  list.append(toast);
}

function isTyping(target) {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input, textarea, select"));
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  const search = document.querySelector("[data-search-key='/']");
  if (!search) return;
  event.preventDefault();
  search.focus();
  search.select();
});

document.addEventListener("click", (event) => {
  if (!(event.target instanceof Element)) return;
  const opener = event.target.closest("[data-dialog]");
  if (opener) {
    const dialog = document.getElementById(opener.getAttribute("href")?.slice(1) || opener.dataset.dialog);
    if (dialog instanceof HTMLDialogElement) {
      event.preventDefault();
      dialog.showModal();
    }
    return;
  }
  const closer = event.target.closest("[data-close]");
  if (closer) {
    const dialog = closer.closest("dialog");
    if (dialog?.open) {
      event.preventDefault();
      dialog.close();
    }
    return;
  }
  // A click on a modal dialog's backdrop lands on the dialog itself.
  if (event.target instanceof HTMLDialogElement && event.target.open) {
    const box = event.target.getBoundingClientRect();
    const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
    if (!inside && event.clientX + event.clientY > 0) event.target.close();
    return;
  }
  event.target.closest("[data-dismiss]")?.closest(".toast")?.remove();
});

// A link to a section or a field from a check: put the cursor there, not only the window.
function focusTarget() {
  const id = decodeURIComponent(location.hash.slice(1));
  const target = id && document.getElementById(id);
  if (!target || target instanceof HTMLDialogElement) return;
  const control = target.matches("input, select, textarea, [tabindex]") ? target : target.querySelector("input, select, textarea");
  control?.focus({ preventScroll: false });
}
window.addEventListener("hashchange", focusTarget);
focusTarget();

// On a phone the outline is one line that scrolls: begin it at the section that is open.
function showCurrent() {
  const current = document.querySelector(".outline [aria-current]");
  const outline = current?.closest(".outline");
  if (outline && outline.scrollWidth > outline.clientWidth) outline.scrollLeft += current.getBoundingClientRect().left - outline.getBoundingClientRect().left - 48;
}
showCurrent();
document.addEventListener("htmx:load", showCurrent);

function showDismissals(root) {
  root.querySelectorAll("[data-dismiss][hidden]").forEach((button) => { button.hidden = false; });
}
showDismissals(document);
document.addEventListener("htmx:load", () => showDismissals(document));
document.addEventListener("htmx:sendError", () => announce("The server cannot be reached. What you typed is still on this page."));
document.addEventListener("htmx:responseError", (event) => {
  const status = event.detail.xhr.status;
  if (status === 401) announce("You are signed out. Copy what you typed, then sign in again.");
  else if (status === 403) announce("This was refused. If you signed in or out in another tab, reload the page.");
  else announce("The last change could not be worked out. What you typed is still on this page.");
});
