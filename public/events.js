/**
 * Reads server-sent events as HTML §9.2.6 has it.
 *
 * @typedef {{name: string, data: string, retry: number | null}} Event
 */

/**
 * The events of a body, as they come. Ends with the body and throws where the body breaks.
 *
 * @param {ReadableStream<Uint8Array>} body
 * @returns {AsyncGenerator<Event>}
 */
export async function* events(body) {
  const reader = body.getReader();
  const decoder = new TextDecoder(); // Drops a leading byte order mark, as it should.
  let [text, fresh] = ["", empty()];
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return; // What is unfinished by then is no event.
      text += decoder.decode(value, { stream: true });
      for (;;) {
        const end = /\r\n|\n|\r(?!$)/.exec(text); // A CR at the end may have its LF still to come.
        if (!end) break;
        const line = text.slice(0, end.index);
        text = text.slice(end.index + end[0].length);
        if (line) add(fresh, line);
        else {
          if (fresh.lines.length) yield { name: fresh.name || "message", data: fresh.lines.join("\n"), retry: fresh.retry };
          fresh = empty();
        }
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

const empty = () => ({ name: "", lines: /** @type {string[]} */ ([]), retry: /** @type {number | null} */ (null) });

/** @param {ReturnType<typeof empty>} event @param {string} line */
function add(event, line) {
  const [, field, value] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
  if (field === "event") event.name = value;
  else if (field === "data") event.lines.push(value);
  else if (field === "retry" && /^\d+$/.test(value)) event.retry = Number(value);
}
