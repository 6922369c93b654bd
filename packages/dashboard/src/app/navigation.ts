/** The places of the page, in the order of their shortcuts, and the right that each needs. */
import type { Permission } from "@gantry/contract";
import {
  IconCalendarTime,
  IconCommand,
  IconGauge,
  IconHistory,
  IconKey,
  IconPlugConnected,
  IconStack2,
  IconTerminal2,
} from "@tabler/icons-react";

export interface Place {
  to: "/" | "/commands" | "/executions" | "/schedules" | "/batches" | "/sessions" | "/providers" | "/keys";
  label: string;
  icon: typeof IconGauge;
  /** Pressed after g, as in other tools. */
  key: string;
  permission: Permission;
  /** On a phone: behind "More". */
  rare?: boolean;
}

export const places: readonly Place[] = [
  { to: "/", label: "Overview", icon: IconGauge, key: "o", permission: "instances.read" },
  { to: "/commands", label: "Commands", icon: IconCommand, key: "c", permission: "executions.read" },
  { to: "/executions", label: "History", icon: IconHistory, key: "h", permission: "executions.read" },
  { to: "/schedules", label: "Schedules", icon: IconCalendarTime, key: "t", permission: "executions.read", rare: true },
  { to: "/batches", label: "Batches", icon: IconStack2, key: "b", permission: "executions.read", rare: true },
  { to: "/sessions", label: "Sessions", icon: IconTerminal2, key: "s", permission: "sessions.read" },
  { to: "/providers", label: "Providers", icon: IconPlugConnected, key: "p", permission: "providers.read" },
  { to: "/keys", label: "Keys", icon: IconKey, key: "k", permission: "keys.manage", rare: true },
];
