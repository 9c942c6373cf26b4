// Group the digits of a number when its box is left: 1472625 becomes 14,72,625 (or 1,472,625 under data-grouping="western").
// Anything that is not plainly a number ("14.7 lakh", "1200 sqft") stays as typed: the server reads and answers it.

const PLAIN = /^(-?)([\d,]+)(\.\d*)?$/;

function group(digits, style) {
  const every = style === "western" ? 3 : 2;
  let grouped = digits.slice(-3);
  for (let rest = digits.slice(0, -3); rest; rest = rest.slice(0, -every)) grouped = `${rest.slice(-every)},${grouped}`;
  return grouped;
}

document.addEventListener("focusout", (event) => {
  const input = event.target;
  if (!(input instanceof HTMLInputElement) || !input.matches("[data-number]")) return;
  const parts = PLAIN.exec(input.value.trim());
  if (!parts) return;
  const digits = parts[2].replaceAll(",", "");
  // A plain number of four digits may be a year.
  const mayBeYear = digits.length === 4 && input.closest("[data-type]")?.dataset.type === "number";
  const style = input.closest("[data-grouping]")?.dataset.grouping ?? "indian";
  const text = parts[1] + (mayBeYear ? digits : group(digits, style)) + (parts[3] ?? "");
  if (text !== input.value) input.value = text;
});
