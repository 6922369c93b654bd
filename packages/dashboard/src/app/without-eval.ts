/** Must be imported before the contract: zod otherwise tries `new Function`, which the page's policy forbids and the browser reports. */
import { config } from "zod";

config({ jitless: true });
