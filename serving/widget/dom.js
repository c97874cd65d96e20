// Elements of the page. Texts are set as text, never as HTML.

/** A new element with its class and its text. */
export function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

/** A button that is no submit button. */
export function quietButton(label, press) {
  const button = element("button", "quiet", label);
  button.type = "button";
  button.addEventListener("click", press);
  return button;
}
