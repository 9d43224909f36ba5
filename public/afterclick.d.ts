/**
 * How it works. A tab learns by `GET /v1/me` who is logged in, and joins the tabs of that user, of
 * which one leads: it holds the one connection of this browser and hands on what comes
 * (`tabs.js`). The connection is a stream, long polls where streams do not get through, and then a
 * stream again (`connection.js`). Every state, wherever it comes from, passes `judge` (`cursor.js`),
 * so it never goes back. A state of another user means that somebody else is logged in now: whatever
 * belonged to the one before is dropped, together with all calls that are still under way.
 */

/** A user's state, as the service keeps it. */
export interface User {
  id: string;
  email: string | null;
  email_verified: boolean;
  /** RFC 3339, UTC; null while unverified. */
  email_verified_at: string | null;
  /** Owned by the application. */
  kyc: Record<string, unknown>;
  /** Owned by the application. */
  attributes: Record<string, unknown>;
  created_at: string;
  updated_at: string;
  /** Opaque: which state this is. */
  cursor: string;
}

/** Something that happened to the user, with the whole state after it. */
export interface Change {
  cursor: string;
  /** `email.verified`, `kyc.updated`, …, or one of the application's own. */
  type: string;
  data: Record<string, unknown>;
  /** RFC 3339, UTC. */
  at: string;
  user: User;
}

/**
 * - `connecting`: on the way to the first event, or back to the next one.
 * - `live`: by a stream. `polling`: by long polls. `shared`: another tab holds the connection.
 * - `offline`: the service cannot be reached, or has sent this browser away.
 * - `signed-out`: nobody is logged in here.
 * - `closed`: by `close()`.
 */
export type ConnectionStatus =
  | "connecting" | "live" | "polling" | "shared" | "offline" | "signed-out" | "closed";

/** What went wrong. The client mends it by itself; this is for showing and for logs. */
export interface Trouble {
  /**
   * `network`, `timeout`, `mute` (a stream without events), `ended` (a stream without a goodbye),
   * `bad_answer` (from something else than the service, it seems), `token_failed`, the `code` of a
   * problem or a goodbye of the service, or `http_` and a status.
   */
  code: string;
  /** The service's own words, the browser's, or the code again. */
  message: string;
}

export interface Options {
  /** Where the service is; empty for the page's own origin. */
  url?: string;
  /**
   * Gives an access token: asked at first, and again where the last one has expired or is refused.
   * Nothing (null, undefined, or "") says that nobody is logged in. Without it the session's cookie
   * is the credential.
   */
  token?: () => string | null | undefined | Promise<string | null | undefined>;
  /** `auto` streams, and polls where streams do not get through. */
  transport?: "auto" | "sse" | "poll";
  /** Logs each event by `console.debug`. */
  debug?: boolean;
}

/** For the curious and for support. */
export interface Debug {
  /** How this browser is connected now, be it by another tab. */
  transport: "sse" | "poll" | null;
  /** The `X-Request-Id` of the stream. */
  streamId: string | null;
  tabId: string;
  /** Whether this tab holds the connection. */
  leader: boolean;
  cursor: string | null;
  /** How often this tab has connected again. */
  reconnects: number;
  /** RFC 3339, UTC. */
  lastHeartbeat: string | null;
  lastError: Trouble | null;
}

export interface AfterclickEvents {
  /** The user's state is another: newer, or that of another user; null when nobody is logged in. */
  user: CustomEvent<User | null>;
  /** Something happened; once each, in order. */
  change: CustomEvent<Change>;
  status: CustomEvent<ConnectionStatus>;
  error: CustomEvent<Trouble>;
}

/** Follows the state of whoever is logged in; see the README. */
export class Afterclick extends EventTarget {
  constructor(options?: Options);
  /** The latest state, which never goes back; null before the first, and when nobody is logged in. */
  readonly user: User | null;
  /** Whether changes arrive: `live`, `polling`, or `shared`. */
  readonly isConnected: boolean;
  readonly connectionStatus: ConnectionStatus;
  readonly debug: Debug;
  /**
   * Asks the service now. Null when nobody is logged in; rejects when it cannot be asked. Also takes
   * up again what was signed out or sent away.
   */
  refresh(): Promise<User | null>;
  /**
   * Calls the service as the user, as `fetch` does: `path` is below `url`, and the cookie or the
   * token goes with it. A refused token is asked for anew once. Rejects after `close()`.
   */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** Ends it for good. */
  close(): void;
  addEventListener<K extends keyof AfterclickEvents>(
    type: K,
    listener: ((event: AfterclickEvents[K]) => void) | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener<K extends keyof AfterclickEvents>(
    type: K,
    listener: ((event: AfterclickEvents[K]) => void) | null,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | EventListenerOptions,
  ): void;
}
