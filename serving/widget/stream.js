// A turn over HTTP: asks, yields the events of the answer, rates it, and answers what it offers. Knows the protocol, not the page.

/** An answer that did not come. `again` says whether the same turn_id may still bring it. */
export class TurnError extends Error {
  constructor(message, again, waitSeconds = 0, param = null) {
    super(message);
    this.again = again;
    this.waitSeconds = waitSeconds;
    this.param = param; // the field that is at fault, if one is
  }
}

/** The events of one turn; throws TurnError unless the stream ends with `end`. */
export async function* ask(question, signal) {
  const response = await post("/chat/stream", question, signal);
  for await (const event of eventsOf(response.body)) {
    if (event.type === "error") throw new TurnError(event.content, false, event.retry_after);
    yield event;
    if (event.type === "end") return;
  }
  throw new TurnError("The connection was lost before the answer was complete.", true);
}

/** What is kept of a visitor's opinion of an answer; throws TurnError where it is not taken. */
export async function rate(turnId, opinion) {
  const response = await post(`/chat/turns/${encodeURIComponent(turnId)}/feedback`, opinion);
  return response.json();
}

/** What came of a visitor's yes or no to an action; throws TurnError where it is not taken. */
export async function decide(actionId, decision) {
  const response = await post(`/chat/actions/${encodeURIComponent(actionId)}`, decision);
  return response.json();
}

async function post(path, body, signal) {
  const request = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), signal };
  const response = await fetch(path, request).catch((error) => {
    if (error.name === "AbortError") throw error;
    throw new TurnError("The server could not be reached.", true);
  });
  if (!response.ok) throw await refusal(response);
  return response;
}

async function refusal(response) {
  const again = response.status === 409 || response.status >= 500;
  const wait = Number(response.headers.get("Retry-After")) || 0;
  try {
    const { message, param } = (await response.json()).error;
    return new TurnError(message, again, wait, param);
  } catch {
    return new TurnError(`The server answered with ${response.status}.`, again, wait);
  }
}

async function* eventsOf(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let waiting = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const blocks = (waiting + value).split("\n\n");
      waiting = blocks.pop();
      for (const block of blocks) {
        const data = block.split("\n").find((line) => line.startsWith("data: "));
        if (data) yield JSON.parse(data.slice(6));
      }
    }
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new TurnError("The connection was lost before the answer was complete.", true);
  } finally {
    reader.cancel().catch(() => {});
  }
}
