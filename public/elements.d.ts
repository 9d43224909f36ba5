import type { Afterclick, User } from "./afterclick.js";

/** A text, with `{places}`; or plural forms of one (`Intl.PluralRules`), chosen by `{count}`. */
export type Text = string | { [form in Intl.LDMLPluralRule]?: string };

/**
 * By the keys of `TEXTS`. Beside them: `error:CODE`, for a problem of the service with that code,
 * and `kyc:STATUS`, for a status of the identity check.
 */
export type Texts = { [key: string]: Text };

/** The texts as they are, in English. */
export const TEXTS: Readonly<Texts>;

/** Replaces texts in all elements of the page, those there already too; what is left out stays. */
export function setTexts(texts: Texts): void;

/**
 * What the elements have in common. Attributes: `url`, `transport`, and `debug`, of the client that
 * is made where none is given; `texts`, as JSON; and `lang`, of the element or above it.
 */
declare class RealtimeElement extends HTMLElement {
  /** The client to follow; until one is given, and after null, one shared by the page's elements. */
  get client(): Afterclick | null;
  set client(client: Afterclick | null | undefined);
  /** Texts of this element, which win. */
  get texts(): Texts;
  set texts(texts: Texts | null | undefined);
}

/** `<afterclick-status>`: how the page is connected, and a button that looks now. Parts: `state`, `check`, `said`. */
export class AfterclickStatus extends RealtimeElement {}

/**
 * `<afterclick-verification>`: a banner while the address is not verified.
 *
 * Attributes: `retry-after`, `sign-in-url`, `level`. Slots: the default one, and `help`. Parts:
 * `banner`, `title`, `lead`, `notice`, `form`, `input`, `confirm`, `problem`, `resend`, `said`,
 * `help`, `sign-in`, `dismiss`.
 */
export class AfterclickVerification extends RealtimeElement {
  /** Seconds until a mail may be sent again; a sign-up's mail counts. */
  retryAfter: number;
}

/** A notice that goes by itself. */
export interface Toast {
  kind?: "good" | "note";
  text: string;
  /** Milliseconds while nobody is at it, `Infinity` until it is dismissed; 8,000 unless told. */
  stays?: number;
}

/** Before a toast for a change of the user is shown; `preventDefault()` keeps it away. */
export type ToastEvent = CustomEvent<Toast & { user: User; before: User }>;

/**
 * `<afterclick-toasts>`: says in passing what has changed. Fires `toast`. Parts: `toasts`, `toast`,
 * `text`, `dismiss`.
 */
export class AfterclickToasts extends RealtimeElement {
  /** Shows a toast of the page's own. */
  show(toast: Toast): void;
  addEventListener(type: "toast", listener: (event: ToastEvent) => void, options?: boolean | AddEventListenerOptions): void;
  addEventListener<K extends keyof HTMLElementEventMap>(
    type: K, listener: (event: HTMLElementEventMap[K]) => void, options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | AddEventListenerOptions): void;
}

declare global {
  interface HTMLElementTagNameMap {
    "afterclick-status": AfterclickStatus;
    "afterclick-verification": AfterclickVerification;
    "afterclick-toasts": AfterclickToasts;
  }
}
