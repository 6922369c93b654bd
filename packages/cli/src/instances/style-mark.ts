/** The mark of each management style: `daemon` runs by itself, `http` belongs to a terminal, a service, or a container. */
import type { ManagementStyle } from "@gantry/contract";

export const styleMark: Record<ManagementStyle, string> = { daemon: "●", http: "◆" };
