/** Writes an execution's output to this process's own standard streams, byte for byte. */
import type { OutputRecord } from "@gantry/contract";

/** Waits for a slow reader, who thereby slows the daemon's sending. */
export async function passOn({ stream, text, base64 }: OutputRecord): Promise<void> {
  const target = stream === "stdout" ? process.stdout : process.stderr;
  const data = text ?? Buffer.from(base64 ?? "", "base64");
  if (!target.write(data)) await new Promise((resolve) => target.once("drain", resolve));
}
