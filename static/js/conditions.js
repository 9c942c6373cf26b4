// Questions that depend on another answer, shown and hidden at once. The server decides again when the section is saved.
// On the wrapper: data-condition-field (the name of the deciding control), -operator, -value ("a|b" for a list).

function answerOf(name) {
  const controls = [...document.getElementsByName(name)];
  if (!controls.length) return null;
  const choices = controls.filter((control) => control.type === "radio" || control.type === "checkbox");
  if (choices.length) return choices.filter((control) => control.checked).map((control) => control.value);
  return controls.map((control) => control.value.trim()).filter(Boolean);
}

function number(text) {
  const plain = String(text).replace(/[,\s₹]/g, "");
  return plain === "" ? NaN : Number(plain);
}

const holds = {
  "==": (answer, value) => answer.includes(value),
  "!=": (answer, value) => !answer.includes(value),
  in: (answer, value) => value.split("|").some((one) => answer.includes(one)),
  not_in: (answer, value) => !value.split("|").some((one) => answer.includes(one)),
  ">": (answer, value) => number(answer[0] ?? "") > number(value),
  ">=": (answer, value) => number(answer[0] ?? "") >= number(value),
  "<": (answer, value) => number(answer[0] ?? "") < number(value),
  "<=": (answer, value) => number(answer[0] ?? "") <= number(value),
  filled: (answer) => answer.length > 0,
  empty: (answer) => answer.length === 0,
};

function review() {
  document.querySelectorAll("[data-condition-field]").forEach((wrapper) => {
    const answer = answerOf(wrapper.dataset.conditionField);
    const compare = holds[wrapper.dataset.conditionOperator];
    // A question of another section decides: what the server said stands.
    if (answer === null || !compare) return;
    wrapper.hidden = !compare(answer, wrapper.dataset.conditionValue);
  });
}

// A conflict: the chosen value goes into the control, and comes back when the person changes their mind.
const typed = new Map();
function choose(radio) {
  const name = radio.closest("[data-conflict-for]").dataset.conflictFor;
  const controls = [...document.getElementsByName(name)];
  if (!typed.has(name)) typed.set(name, controls.map((control) => (control.type === "radio" || control.type === "checkbox" ? control.checked : control.value)));
  const theirs = radio.value === "theirs" ? radio.dataset.value : null;
  controls.forEach((control, index) => {
    const isChoice = control.type === "radio" || control.type === "checkbox";
    if (theirs === null && isChoice) control.checked = typed.get(name)[index];
    else if (theirs === null) control.value = typed.get(name)[index];
    else if (isChoice) control.checked = theirs.split("|").includes(control.value);
    else control.value = theirs;
  });
  controls[0]?.dispatchEvent(new Event("change", { bubbles: true }));
}

document.addEventListener("change", (event) => {
  if (event.target instanceof Element && event.target.matches("[data-conflict-for] input")) choose(event.target);
  review();
});
document.addEventListener("input", review);
document.addEventListener("htmx:load", review);
review();
