// What an application writes against the declarations; it is compiled, never run.
import { Afterclick, type Change, type ConnectionStatus, type Trouble, type User } from "../../../public/afterclick.js";

export const realtime = new Afterclick({ url: "", token: async () => "…", transport: "auto", debug: false });

export const user: User | null = realtime.user;
export const address: string | null | undefined = realtime.user?.email;
export const connected: boolean = realtime.isConnected;
export const status: ConnectionStatus = realtime.connectionStatus;
export const { transport, streamId, tabId, leader, cursor, reconnects, lastHeartbeat, lastError } = realtime.debug;
export const refreshed: Promise<User | null> = realtime.refresh();

realtime.addEventListener("user", ({ detail }) => { const taken: User | null = detail; return taken; });
realtime.addEventListener("change", ({ detail }) => { const taken: Change = detail; return taken; });
realtime.addEventListener("status", ({ detail }) => { const taken: ConnectionStatus = detail; return taken; });
realtime.addEventListener("error", ({ detail }) => { const taken: Trouble = detail; return taken; });
realtime.close();

// @ts-expect-error There is no such transport.
new Afterclick({ transport: "websocket" });
// @ts-expect-error Nobody but the client says who is logged in.
realtime.user = null;
