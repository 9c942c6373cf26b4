// Rows added and removed in the page. Only where the server gave an empty row (<template data-blank-row>) and says that it accepts
// gaps in the numbers (data-next-row); elsewhere the same buttons submit the form.

function renumber(section) {
  const word = section.dataset.rowLabel;
  const automatic = new RegExp(`^${word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")} \\d+$`);
  section.querySelectorAll("[data-row]").forEach((row, index) => {
    const name = row.querySelector("[data-row-name]");
    if (name && (automatic.test(name.textContent.trim()) || !name.textContent.trim())) name.textContent = `${word} ${index + 1}`;
  });
  const most = Number(section.dataset.maxRows || Infinity);
  const adder = section.querySelector("[data-add-row]");
  if (adder && most !== Infinity) adder.disabled = section.querySelectorAll("[data-row]").length >= most;
}

function changed(section) {
  renumber(section);
  section.dispatchEvent(new Event("change", { bubbles: true }));
}

function add(section, template) {
  const next = Number(section.dataset.nextRow);
  const holder = document.createElement("tbody");
  holder.append(template.content.cloneNode(true));
  holder.querySelectorAll("*").forEach((element) => {
    for (const attribute of element.attributes) {
      if (attribute.value.includes("__row__")) attribute.value = attribute.value.replaceAll("__row__", next);
    }
  });
  const row = holder.firstElementChild;
  section.querySelector("[data-no-rows]")?.remove();
  section.querySelector("[data-row-list]").append(row);
  section.dataset.nextRow = next + 1;
  window.htmx?.process(row);
  changed(section);
  row.querySelector("input, select, textarea")?.focus();
}

function remove(section, row) {
  const mark = document.createComment("removed row");
  const name = row.querySelector("[data-row-name]")?.textContent.trim() || "Row";
  row.replaceWith(mark);
  section.querySelector("[data-undo]")?.remove();
  const notice = document.createElement("span");
  notice.className = "soft";
  notice.dataset.undo = "";
  notice.setAttribute("role", "status");
  const undo = document.createElement("button");
  undo.type = "button";
  undo.className = "button quiet small";
  undo.textContent = "Undo";
  undo.addEventListener("click", () => {
    mark.replaceWith(row);
    notice.remove();
    changed(section);
    row.querySelector("input, select, textarea")?.focus();
  });
  notice.append(`${name} removed. `, undo);
  section.querySelector(".table-actions").append(notice);
  changed(section);
  undo.focus();
}

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element && event.target.closest("[data-add-row], [data-remove-row]");
  const section = button && button.closest("[data-rows][data-next-row]");
  const template = section && section.querySelector("template[data-blank-row]");
  if (!template) return;
  event.preventDefault();
  if (button.matches("[data-add-row]")) add(section, template);
  else remove(section, button.closest("[data-row]"));
});
