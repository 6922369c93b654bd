/** Opens the API reference in a tab of its own. A link cannot carry the credential, so the page is fetched and shown from memory. */
import type { Credential } from "@gantry/client";

import { credentialHeaders } from "../access/login.ts";

export async function openReference(credential: Credential): Promise<void> {
  // Opened within the click: a tab that opens later is taken for a pop-up and blocked.
  const tab = window.open("", "_blank");
  const response = await fetch("/docs", { headers: credentialHeaders(credential) });
  const address = URL.createObjectURL(await response.blob());
  if (tab !== null) tab.location.href = address;
}
