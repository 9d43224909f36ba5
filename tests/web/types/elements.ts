// What an application writes against the declarations of the elements and of React; compiled, never run.
import { Afterclick, type User } from "../../../public/afterclick.js";
import { AfterclickToasts, TEXTS, setTexts, type Text } from "../../../public/elements.js";
import { createRealtime, type ReactLike, type Realtime } from "../../../public/react.js";

const realtime = new Afterclick();
for (const name of ["afterclick-status", "afterclick-verification", "afterclick-toasts"] as const) {
  const element = document.createElement(name);
  element.client = realtime;
  element.texts = { title: "Post", resendIn: { one: "{count} Sekunde", other: "{count} Sekunden" } };
  element.texts = null;
  const held: Afterclick | null = element.client;
  console.log(held);
}
document.createElement("afterclick-verification").retryAfter = 60;
const toasts: AfterclickToasts = document.createElement("afterclick-toasts");
toasts.show({ text: "Saved.", kind: "good", stays: Infinity });
toasts.addEventListener("toast", ({ detail }) => { const user: User = detail.user; return [user, detail.text]; });
export const title: Text = TEXTS.title;
setTexts({ live: "Verbunden" });

declare const React: ReactLike;
const { RealtimeProvider, useRealtime } = createRealtime(React);
RealtimeProvider({ client: realtime });
RealtimeProvider({ options: { url: "", token: async () => "…" }, children: null });
export const seen: Realtime = useRealtime();
export const status: string = seen.connectionStatus;
export const refreshed: Promise<User | null> = seen.refreshUserData();

// @ts-expect-error A toast has a text.
toasts.show({ kind: "good" });
// @ts-expect-error A snapshot is not to be written to.
seen.user = null;
