/** What `createClient` takes. The same in Node and in browsers, because many projects check their types for both at once. */
import type { HttpTransportOptions } from "./http-transport.ts";
import type { PatienceOptions } from "./patient-transport.ts";

/** Any instance, over HTTP. */
export type HttpClientOptions = HttpTransportOptions & PatienceOptions;

/** In Node only: the local instance of this name, or the one that the working folder belongs to. */
export interface LocalClientOptions extends PatienceOptions {
  instance?: string | undefined;
  /** A configuration file that says which instance, instead of the nearest gantry.toml. */
  configFile?: string | undefined;
  url?: undefined;
  key?: undefined;
  csrf?: undefined;
}

export type ClientOptions = HttpClientOptions | LocalClientOptions;
