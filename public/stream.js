/**
 * Follows `/v1/stream` with a plain EventSource, and mends what a plain EventSource leaves broken:
 * it gives up for ever on any answer but 200, and does not notice a stream that has gone mute.
 */

/** The service sends something every 15 s; a stream without a word for longer than this is broken. */
const MUTE = 40_000;

/** The longest pause before a closed stream is opened again, in milliseconds. */
const LONGEST_PAUSE = 30_000;

/** The changes that the service itself writes. A backend's own types show by the heartbeat. */
const CHANGES = [
  "user.created", "email.verified", "email.changed", "kyc.updated", "user.updated", "transaction.updated",
];

/**
 * @param {object} hooks
 * @param {() => string | undefined} hooks.cursor  the newest cursor held
 * @param {(name: string, data: any) => void} hooks.onEvent  `snapshot`, `heartbeat`, or a change's type
 * @param {(state: "connecting" | "live" | "closed") => void} hooks.onState
 * @param {(code: string) => void} hooks.onEnd  the service said goodbye for good
 * @param {() => Promise<boolean>} hooks.mayReturn  asked before a closed stream is opened again
 * @returns {() => void}  stops following
 */
export function follow(hooks) {
  let source = null;
  let broken = 0;
  let timer = 0;

  const rest = (span, then) => {
    clearTimeout(timer);
    timer = setTimeout(then, span);
  };
  const shut = () => {
    clearTimeout(timer);
    source?.close();
    source = null;
  };
  const again = () => {
    shut();
    hooks.onState("connecting");
    broken += 1;
    const most = Math.min(LONGEST_PAUSE, 1_000 * 2 ** broken);
    rest(500 + Math.random() * most, async () => {
      const waiting = timer;
      if (await hooks.mayReturn() && waiting === timer) open();
    });
  };
  const heard = (name, data) => {
    broken = 0;
    rest(MUTE, again);
    hooks.onState("live");
    hooks.onEvent(name, data);
  };
  const goodbye = ({ code, reconnect, retry_ms: pause }) => {
    if (reconnect) {
      hooks.onState("connecting");
      rest(pause + MUTE, again);
      return;
    }
    shut();
    hooks.onState("closed");
    hooks.onEnd(code);
  };
  const open = () => {
    const cursor = hooks.cursor();
    const own = new EventSource(cursor ? `/v1/stream?last_event_id=${encodeURIComponent(cursor)}` : "/v1/stream");
    source = own;
    rest(MUTE, again);
    for (const name of ["snapshot", "heartbeat", ...CHANGES]) {
      own.addEventListener(name, (event) => heard(name, JSON.parse(event.data)));
    }
    own.addEventListener("goodbye", (event) => goodbye(JSON.parse(event.data)));
    own.onerror = () => {
      if (own !== source) return;
      if (own.readyState === EventSource.CLOSED) again();
      else hooks.onState("connecting");
    };
  };

  hooks.onState("connecting");
  open();
  return shut;
}
