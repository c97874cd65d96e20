// What an answer offers to do: a small form, sent with a yes or put away with a no. Nothing happens without the yes.

import { element, quietButton } from "./dom.js";
import { decide } from "./stream.js";

const YES = { confirm: "Yes, do it", form: "Yes, book it", handoff: "Send" };
const TYPES = { email: "email", text: "text" };
const AUTOCOMPLETE = { name: "name", email: "email" };

const OVER = {
  done: "This has been done.",
  declined: "Nothing was done.",
  failed: "This did not work.",
  expired: "This offer has expired.",
  running: "This is being done.",
};
const ANEW = "This is asked anew below.";

const views = new Map(); // by the action's id: each is on the page once

/** The offers at the end of a turn: one that is on the page already moves there, one that is over is closed in place. */
export function offers(actions, sessionId, announce) {
  const isOpen = ({ state }) => state === "open";
  const over = actions.filter((action) => !isOpen(action) && views.has(action.id));
  const anew = actions.filter((action) => isOpen(action) && !views.has(action.id));
  for (const action of anew) {
    const view = new ActionView(action, sessionId, announce);
    for (const { id } of over) view.takeOver(views.get(id));
  }
  for (const { id, state } of over) views.get(id).end(anew.length ? ANEW : OVER[state], state);
  return actions.filter(isOpen).map(({ id }) => views.get(id).element);
}

class ActionView {
  /** `announce` tells those who do not see the page what has happened. */
  constructor(action, sessionId, announce) {
    this.action = action;
    this.sessionId = sessionId;
    this.announce = announce;
    this.element = element("section", "action");
    this.element.setAttribute("aria-label", action.title);
    this.inputs = new Map(action.fields.map((field) => [field.name, input(field)]));
    this.note = element("p", "note");
    this.note.setAttribute("role", "alert");
    this.element.append(element("h2", "", action.title), this.form(), this.note);
    views.set(action.id, this);
  }

  /** Keeps what the visitor has filled in of an offer whose place this one takes, where the server did not know it. */
  takeOver(before) {
    for (const { name, value: offered } of before.action.fields) {
      const made = this.inputs.get(name);
      const written = before.inputs.get(name).value;
      if (!made || !written || written === offered) continue;
      if (!made.value || made.value === offered) made.value = written;
      else if (made.localName === "textarea" && made.value.startsWith(offered))
        made.value = `${written}\n${made.value.slice(offered.length).trim()}`;
      if (!made.value) made.value = ""; // a choice that is not on offer any more
    }
  }

  form() {
    const form = element("form");
    for (const field of this.action.fields) {
      const label = element("label", "", field.label);
      label.append(this.inputs.get(field.name));
      form.append(label);
    }
    this.yes = element("button", "", YES[this.action.kind]);
    this.no = quietButton("No, thanks", () => this.answer("no", {}));
    const buttons = element("div", "buttons");
    buttons.append(this.yes, this.no);
    form.append(buttons);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.answer("yes", Object.fromEntries([...this.inputs].map(([name, made]) => [name, made.value])));
    });
    return form;
  }

  async answer(said, fields) {
    this.busy(true);
    this.note.textContent = "";
    try {
      this.close(await decide(this.action.id, { answer: said, fields, session_id: this.sessionId }));
    } catch (error) {
      this.busy(false);
      this.note.textContent = error.message;
      this.inputs.get(error.param?.replace("fields.", ""))?.focus();
    }
  }

  /** What came of it, in place of the form; and what is asked anew. */
  close({ content, state, action }) {
    const outcome = this.end(content, state);
    if (action) this.element.after(...offers([action], this.sessionId, this.announce));
    outcome.focus();
    this.announce(content);
  }

  end(content, state) {
    const outcome = element("p", "outcome", content);
    outcome.dataset.state = state;
    outcome.tabIndex = -1;
    this.element.replaceChildren(outcome);
    return outcome;
  }

  busy(is) {
    for (const control of [...this.inputs.values(), this.yes, this.no]) control.disabled = is;
  }
}

function input(field) {
  const made = element(field.type === "choice" ? "select" : field.type === "long" ? "textarea" : "input");
  if (field.type in TYPES) made.type = TYPES[field.type];
  if (field.type === "long") made.rows = 3;
  if (field.type === "choice") made.append(...[{ value: "", label: "Please choose" }, ...field.choices].map(option));
  else made.maxLength = field.max_length;
  if (field.name in AUTOCOMPLETE) made.autocomplete = AUTOCOMPLETE[field.name];
  made.required = field.required;
  made.value = field.value;
  return made;
}

function option({ value, label }) {
  const made = element("option", "", label);
  made.value = value;
  return made;
}
