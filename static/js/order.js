// Order by dragging, where there is a pointer; the up and down buttons do the same without. On the list: data-sortable,
// data-order-url (POST, order = ids joined by commas), data-sortable-src (the vendored library, fetched only when needed).

function token() {
  return JSON.parse(document.body.getAttribute("hx-headers") || "{}")["X-CSRFToken"] ?? "";
}

function number(list) {
  const items = [...list.querySelectorAll("[data-id]")];
  items.forEach((item, index) => {
    const place = item.querySelector(".place");
    if (place) place.textContent = index + 1;
    item.querySelectorAll("[name='move']").forEach((button) => {
      button.disabled = button.value === "up" ? index === 0 : index === items.length - 1;
    });
  });
  return items.map((item) => item.dataset.id);
}

async function keep(list) {
  const order = number(list);
  const answer = await fetch(list.dataset.orderUrl, {
    method: "POST",
    headers: { "X-CSRFToken": token() },
    body: new URLSearchParams({ order: order.join(",") }),
  }).catch(() => null);
  // What is shown must be what is stored.
  if (!answer?.ok) location.reload();
}

function prepare() {
  document.querySelectorAll("[data-sortable]:not([data-ready])").forEach((list) => {
    list.dataset.ready = "";
    if (!list.dataset.sortableSrc || list.children.length < 2) return;
    const script = document.createElement("script");
    script.src = list.dataset.sortableSrc;
    script.addEventListener("load", () => {
      window.Sortable.create(list, { animation: 120, draggable: "[data-id]", filter: "input, button, textarea", preventOnFilter: false, delay: 150, delayOnTouchOnly: true, onEnd: () => void keep(list) });
    });
    document.head.append(script);
  });
}
prepare();
document.addEventListener("htmx:load", prepare);
