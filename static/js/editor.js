// The editor's outline: the section being written is in sight, also after a live change has replaced the list.

function show() {
  const outline = document.getElementById("outline");
  const current = outline?.querySelector("[aria-current]");
  if (!current) return;
  const box = outline.getBoundingClientRect();
  const place = current.getBoundingClientRect();
  const inside = place.top >= box.top && place.bottom <= box.bottom && place.left >= box.left && place.right <= box.right;
  if (inside) return;
  outline.scrollTop += place.top - box.top - (box.height - place.height) / 2;
  outline.scrollLeft += place.left - box.left - (box.width - place.width) / 2;
}

document.addEventListener("htmx:oobAfterSwap", (event) => {
  if (event.detail.target?.id === "outline") show();
});
show();
