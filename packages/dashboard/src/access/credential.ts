/**
 * What this browser signs in with. A pasted key lives in sessionStorage: gone when the tab is closed, and unknown to other tabs. The half of a
 * login lives in localStorage, for all tabs of this origin: without the cookie, which scripts cannot read, it is worth nothing.
 */
import type { Credential } from "@gantry/client";

const keySlot = "gantry.key";
const csrfSlot = "gantry.csrf";

export function readCredential(): Credential | undefined {
  const key = sessionStorage.getItem(keySlot);
  if (key !== null) return { key };
  const csrf = localStorage.getItem(csrfSlot);
  return csrf === null ? undefined : { csrf };
}

export function keepCredential({ key, csrf }: Credential): void {
  if (csrf === undefined) sessionStorage.setItem(keySlot, key);
  else localStorage.setItem(csrfSlot, csrf);
}

export function forgetCredential({ key }: Credential): void {
  if (key === undefined) localStorage.removeItem(csrfSlot);
  else sessionStorage.removeItem(keySlot);
}
