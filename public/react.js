/**
 * The client for React 18 and later, made with the React of the page, so that there is one only.
 */

import { Afterclick } from "./afterclick.js";

/** @typedef {import("./react.d.ts").Realtime} Realtime */

/**
 * Before there is a client, on the server too.
 *
 * @type {Realtime}
 */
const NOTHING = Object.freeze({
  user: null,
  isConnected: false,
  connectionStatus: "connecting",
  refreshUserData: () => Promise.resolve(null),
  debug: null,
});

/**
 * The last snapshot of each client: React compares them by identity.
 *
 * @type {WeakMap<Afterclick, Realtime>}
 */
const snapshots = new WeakMap();

/**
 * Makes the provider and the hook.
 *
 * @param {import("./react.d.ts").ReactLike} React
 */
export function createRealtime(React) {
  const { createContext, createElement, useCallback, useContext, useEffect, useRef, useState, useSyncExternalStore } = React;
  /** @type {any} */
  const Client = createContext(undefined);

  /**
   * Gives the components below a client: yours, or one made of options, which it closes.
   *
   * @param {import("./react.d.ts").RealtimeProviderProps} props
   */
  function RealtimeProvider({ client, options, children }) {
    const own = useOwn(client ? null : (options ?? {}));
    return createElement(Client.Provider, { value: client ?? own }, children);
  }

  /**
   * A client made of options, anew where they differ in what they say. It is made in an effect:
   * neither a server, nor a rendering that React throws away, opens a connection that nobody closes.
   *
   * @param {import("./afterclick.d.ts").Options | null} options
   */
  function useOwn(options) {
    const [made, setMade] = useState(/** @type {Afterclick | null} */ (null));
    const latest = useRef(options);
    useEffect(() => { latest.current = options; });
    const key = options && JSON.stringify([options.url, options.transport, options.debug, typeof options.token]);
    useEffect(() => {
      if (key === null) return undefined;
      // Read when it is called: an arrow in the options is another one at each rendering.
      const token = latest.current?.token && (() => latest.current?.token?.());
      const client = new Afterclick({ ...latest.current, token });
      setMade(client);
      return () => {
        setMade(null);
        client.close();
      };
    }, [key]);
    return made;
  }

  /** The user's state and the connection's, drawn anew as they change. */
  function useRealtime() {
    const client = useContext(Client);
    if (client === undefined) throw new Error("useRealtime needs a RealtimeProvider above it");
    const subscribe = useCallback((/** @type {() => void} */ hear) => follow(client, hear), [client]);
    return useSyncExternalStore(subscribe, () => snapshot(client), () => NOTHING);
  }

  return { RealtimeProvider, useRealtime };
}

/** @param {Afterclick | null} client @param {() => void} hear */
function follow(client, hear) {
  const names = ["user", "status", "error"];
  for (const name of names) client?.addEventListener(name, hear);
  return () => { for (const name of names) client?.removeEventListener(name, hear); };
}

/** @param {Afterclick | null} client @returns {Realtime} */
function snapshot(client) {
  if (!client) return NOTHING;
  const held = snapshots.get(client);
  const { user, isConnected, connectionStatus } = client;
  if (held && held.user === user && held.connectionStatus === connectionStatus) return held;
  const fresh = Object.freeze({
    user,
    isConnected,
    connectionStatus,
    refreshUserData: held?.refreshUserData ?? (() => client.refresh()),
    // Looked up when it is read, since it changes with each heartbeat and nothing is drawn for that.
    get debug() { return client.debug; },
  });
  snapshots.set(client, fresh);
  return fresh;
}
