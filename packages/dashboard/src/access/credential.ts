/** The pasted key. It lives in sessionStorage: gone when the tab is closed, and unknown to other tabs. */
const slot = "gantry.key";

export function readKey(): string | undefined {
  return sessionStorage.getItem(slot) ?? undefined;
}

export function keepKey(key: string): void {
  sessionStorage.setItem(slot, key);
}

export function forgetKey(): void {
  sessionStorage.removeItem(slot);
}
