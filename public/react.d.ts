import type { Afterclick, ConnectionStatus, Debug, Options, User } from "./afterclick.js";

/** What a component sees. The same object until something differs. */
export interface Realtime {
  /** The latest state; null before the first, on a server, and when nobody is logged in. */
  readonly user: User | null;
  readonly isConnected: boolean;
  readonly connectionStatus: ConnectionStatus;
  /** Asks the service now; see `Afterclick.refresh`. The same function for as long as the client. */
  readonly refreshUserData: () => Promise<User | null>;
  /** Read afresh at each look, without drawing anew; null before there is a client. */
  readonly debug: Debug | null;
}

/** Give one of the two; without either a client is made for the page's own origin. */
export interface RealtimeProviderProps<Node = any> {
  /** A client of yours, which you close. */
  client?: Afterclick;
  /** Makes a client, which ends with the provider, and is made anew when these say something else. */
  options?: Options;
  children?: Node;
}

/** What is needed of React, 18 or later. */
export interface ReactLike {
  createContext(value: any): any;
  createElement(type: any, props?: any, ...children: any[]): any;
  useCallback<F extends Function>(callback: F, dependencies: readonly unknown[]): F;
  useContext(context: any): any;
  useEffect(effect: () => void | (() => void), dependencies?: readonly unknown[]): void;
  useRef<T>(value: T): { current: T };
  useState<T>(value: T): [T, (value: any) => void];
  useSyncExternalStore<T>(subscribe: (hear: () => void) => () => void, snapshot: () => T, server?: () => T): T;
}

/** Makes the provider and the hook with the React of the page. */
export function createRealtime(React: ReactLike): {
  RealtimeProvider: (props: RealtimeProviderProps) => any;
  /** Throws outside of a `RealtimeProvider`. */
  useRealtime: () => Realtime;
};
