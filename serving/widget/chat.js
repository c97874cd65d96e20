// The demo page: asks, shows the answer as it comes, and where it comes from. Writes text only, never HTML.

import { offers } from "./action.js";
import { element, quietButton } from "./dom.js";
import { FeedbackView } from "./feedback.js";
import { TurnError, ask } from "./stream.js";

const conversation = document.querySelector("#conversation");
const composer = document.querySelector("#composer");
const field = document.querySelector("#question");
const send = document.querySelector("#send");
const welcome = document.querySelector("#welcome");
const announcer = document.querySelector("#announcer");

const MARGIN = 16; // pixels left free around what is scrolled to

let running = null; // the AbortController of the turn that is being answered

// crypto.randomUUID exists only on https and localhost
function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function sessionId() {
  let id = localStorage.getItem("frontdesk-session");
  if (!id) localStorage.setItem("frontdesk-session", (id = newId()));
  return id;
}

function parsed(url) {
  try {
    return new URL(url, location.href);
  } catch {
    return null; // a page's own address may be anything
  }
}

/** A link that can only lead to a page: relative, http or https. */
function link(url, text) {
  const target = url ? parsed(url) : null;
  if (!["http:", "https:"].includes(target?.protocol)) return element("span", "", text);
  const anchor = element("a", "", text);
  anchor.href = target.href;
  anchor.target = "_blank";
  anchor.rel = "noopener";
  return anchor;
}

class TurnView {
  constructor(question) {
    this.item = element("li");
    this.key = newId();
    this.status = element("p", "status", "Sending");
    this.answer = element("div", "answer");
    this.sources = [];
    this.actions = [];
    this.item.append(element("p", "question", question), this.status, this.answer);
    conversation.append(this.item);
    this.reveal();
  }

  /** Scrolls until the end of the turn is above the composer, but never its question out of sight. */
  reveal() {
    const turn = this.item.getBoundingClientRect();
    const hidden = turn.bottom + MARGIN - composer.getBoundingClientRect().top;
    scrollBy(0, Math.max(0, Math.min(hidden, turn.top - MARGIN)));
  }

  /** What `change` adds stays in view for those who were reading the end; others are not moved. */
  following(change) {
    const reading = this.item.getBoundingClientRect().bottom <= composer.getBoundingClientRect().top;
    change();
    if (reading) this.reveal();
  }

  show(event) {
    this.following(() => this.write(event));
  }

  write(event) {
    if (event.type === "status") this.status.textContent = `${event.content}…`;
    if (event.type === "sources") this.sources = event.sources;
    if (event.type === "token") this.add(event.content);
    if (event.type === "action") this.actions.push(event.action);
    if (event.type === "end") this.end(event);
  }

  add(text) {
    this.status.remove();
    this.answer.append(text);
  }

  end({ content, citations, turn_id }) {
    this.status.remove();
    const numbers = new Set(citations.map((citation) => citation.n));
    this.answer.replaceChildren(...this.blocks(content, numbers));
    if (citations.length) this.item.append(this.sourceList(citations));
    const announce = (text) => (announcer.textContent = text);
    this.item.append(...offers(this.actions, sessionId(), announce));
    this.item.append(new FeedbackView(turn_id, sessionId(), announce).element);
    announcer.textContent = content;
  }

  /** The answer's lines: those that begin with a dash as a list, the others as paragraphs. */
  blocks(text, numbers) {
    const made = [];
    for (const line of text.split("\n").filter((line) => line.trim())) {
      const item = line.startsWith("- ");
      if (item && made.at(-1)?.localName !== "ul") made.push(element("ul"));
      if (item) made.at(-1).append(this.line("li", line.slice(2), numbers));
      else made.push(this.line("p", line, numbers));
    }
    return made;
  }

  line(name, text, numbers) {
    const made = element(name);
    made.append(...this.withMarks(text, numbers));
    return made;
  }

  /** The answer's text, each [n] that names a citation as a link to it. */
  withMarks(text, numbers) {
    return text.split(/(\[\d+\])/).map((piece) => {
      const number = Number(piece.slice(1, -1));
      if (!/^\[\d+\]$/.test(piece) || !numbers.has(number)) return piece;
      const mark = element("a", "mark", piece);
      mark.href = `#${this.idOf(number)}`;
      mark.setAttribute("aria-label", `Source ${number}`);
      return mark;
    });
  }

  sourceList(citations) {
    const section = element("section", "sources");
    section.append(element("h2", "", "Sources"), this.listOf(citations, true));
    const cited = new Set(citations.map((citation) => citation.source_id));
    const others = this.sources.filter((source) => !cited.has(source.id));
    if (others.length) {
      const more = element("details");
      more.append(element("summary", "", `${others.length} more passages were found`), this.listOf(others, false));
      section.append(more);
    }
    return section;
  }

  listOf(passages, numbered) {
    const list = element("ol");
    for (const passage of passages) {
      const entry = element("li");
      if (numbered) {
        entry.id = this.idOf(passage.n);
        entry.tabIndex = -1;
        entry.append(element("span", "number", `${passage.n}`));
      }
      entry.append(link(passage.url, passage.title || passage.url));
      if (passage.heading) entry.append(element("span", "heading", ` · ${passage.heading}`));
      entry.append(element("blockquote", "", passage.quote ?? passage.snippet));
      list.append(entry);
    }
    return list;
  }

  idOf(number) {
    return `source-${this.key}-${number}`;
  }

  fail(message, waitSeconds, retry) {
    this.status.remove();
    const trouble = element("div", "trouble");
    const button = quietButton("Try again", () => {
      if (running) return;
      this.item.remove();
      retry();
    });
    button.disabled = waitSeconds > 0;
    setTimeout(() => (button.disabled = false), 1000 * waitSeconds);
    trouble.append(element("p", "", message), button);
    this.following(() => this.item.append(trouble));
    announcer.textContent = message;
  }
}

async function answer(text, turnId) {
  const view = new TurnView(text);
  const question = { message: text, session_id: sessionId(), turn_id: turnId };
  const turn = start();
  try {
    for await (const event of ask(question, turn.signal)) view.show(event);
  } catch (error) {
    const known = error instanceof TurnError;
    if (!known && error.name !== "AbortError") throw error;
    // The same id again asks for the same answer: nothing is answered twice because a connection broke.
    const retry = () => answer(text, known && error.again ? turnId : newId());
    view.fail(known ? error.message : "You stopped this answer.", known ? error.waitSeconds : 0, retry);
  } finally {
    stop(turn);
  }
}

function start() {
  running = new AbortController();
  welcome.hidden = true;
  send.textContent = "Stop";
  announcer.textContent = "Searching";
  return running;
}

function stop(turn) {
  if (running !== turn) return; // another one has begun since
  running = null;
  send.textContent = "Ask";
}

function submit() {
  const text = field.value.trim();
  if (running || !text) return;
  field.value = "";
  grow();
  answer(text, newId());
}

function grow() {
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight + 2}px`;
}

composer.addEventListener("submit", (event) => {
  event.preventDefault();
  if (running) running.abort();
  else submit();
});

field.addEventListener("input", grow);
field.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    submit();
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && running) running.abort();
});

document.querySelector("#restart").addEventListener("click", () => {
  if (running) running.abort();
  localStorage.removeItem("frontdesk-session");
  conversation.replaceChildren();
  welcome.hidden = false;
  field.focus();
});
