/** Opens the API reference in a tab of its own. A link cannot carry the key, so the page is fetched and shown from memory. */
export async function openReference(key: string): Promise<void> {
  // Opened within the click: a tab that opens later is taken for a pop-up and blocked.
  const tab = window.open("", "_blank");
  const response = await fetch("/docs", { headers: { authorization: `Bearer ${key}` } });
  const address = URL.createObjectURL(await response.blob());
  if (tab !== null) tab.location.href = address;
}
