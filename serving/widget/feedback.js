// Thumbs below an answer, and room for a comment once one is chosen. A thumb pressed again is taken back.

import { element, quietButton } from "./dom.js";
import { rate } from "./stream.js";

const LABELS = { up: "Helpful", down: "Not helpful" };
const THUMB = "M2 7h2.5v7H2zM5.5 7 8.3 2c1.1 0 1.7.9 1.5 1.9L9.4 6.2h3.4c.9 0 1.5.8 1.3 1.6l-1.2 4.9c-.2.8-.9 1.3-1.7 1.3H5.5z";

export class FeedbackView {
  /** `announce` tells those who do not see the page what has happened. */
  constructor(turnId, sessionId, announce) {
    this.turnId = turnId;
    this.sessionId = sessionId;
    this.announce = announce;
    this.rating = null;
    this.comment = "";
    this.element = element("div", "feedback");
    this.element.setAttribute("role", "group");
    this.element.setAttribute("aria-label", "Was this answer helpful?");
    this.thumbs = Object.keys(LABELS).map((rating) => this.thumb(rating));
    this.note = element("span", "note");
    this.element.append(...this.thumbs, this.note, this.commentForm());
  }

  thumb(rating) {
    const button = quietButton("", () => this.say(this.rating === rating ? null : rating, ""));
    button.append(drawn(THUMB));
    button.dataset.rating = rating;
    button.setAttribute("aria-label", LABELS[rating]);
    button.setAttribute("aria-pressed", "false");
    return button;
  }

  commentForm() {
    this.form = element("form", "comment");
    const field = element("input");
    field.setAttribute("aria-label", "What should have been different?");
    field.placeholder = "What should have been different?";
    field.maxLength = 2000;
    const send = element("button", "quiet", "Send");
    this.form.append(field, send);
    this.form.hidden = true;
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.say(this.rating, field.value.trim());
    });
    return this.form;
  }

  /** Shows as chosen only what the server has kept. */
  async say(rating, comment) {
    const commented = comment !== "";
    try {
      const kept = await rate(this.turnId, { rating, comment, session_id: this.sessionId });
      this.rating = kept.rating;
      this.comment = kept.comment;
    } catch (error) {
      this.tell(error.message);
      return;
    }
    for (const thumb of this.thumbs) thumb.setAttribute("aria-pressed", `${thumb.dataset.rating === this.rating}`);
    this.form.hidden = this.rating !== "down" || commented;
    this.tell(this.rating ? "Thank you." : "");
  }

  tell(text) {
    this.note.textContent = text;
    this.announce(text);
  }
}

/** A shape of 16 by 16 in the colour of the text: not every machine has a font with thumbs. */
function drawn(path) {
  const made = (name) => document.createElementNS("http://www.w3.org/2000/svg", name);
  const [picture, shape] = [made("svg"), made("path")];
  picture.setAttribute("viewBox", "0 0 16 16");
  picture.setAttribute("aria-hidden", "true");
  shape.setAttribute("d", path);
  picture.append(shape);
  return picture;
}
