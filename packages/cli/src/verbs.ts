/** Every verb there is. Only the one that is asked for is loaded. */
import type { VerbEntry } from "./verb.ts";

export const verbs: Record<string, VerbEntry> = {
  start: { summary: "Start an instance in the background", load: () => import("./instances/start.ts") },
  serve: { summary: "Run an instance in the foreground", load: () => import("./instances/serve.ts") },
  stop: { summary: "Finish running work and stop an instance", load: () => import("./instances/stop.ts") },
  restart: { summary: "Stop and start an instance; sessions stay", load: () => import("./instances/restart.ts") },
  status: { summary: "Show what an instance is doing", load: () => import("./instances/status.ts") },
  logs: { summary: "Show an instance's log", load: () => import("./instances/logs.ts") },
  run: { summary: "Run a command", load: () => import("./executions/run.ts"), passThrough: true },
  ps: { summary: "List what runs or waits to run", load: () => import("./executions/ps.ts") },
  show: { summary: "Show one execution", load: () => import("./executions/show.ts") },
  output: { summary: "Print what an execution printed, or follow it", load: () => import("./executions/output.ts") },
  wait: { summary: "Wait until an execution has ended", load: () => import("./executions/wait.ts") },
  cancel: { summary: "End executions", load: () => import("./executions/cancel.ts") },
  history: { summary: "List executions, newest first", load: () => import("./executions/history.ts") },
  commands: {
    summary: "List and describe the registered commands",
    verbs: {
      list: { summary: "List the registered commands", load: () => import("./commands/list.ts") },
      show: { summary: "Describe one command", load: () => import("./commands/show.ts") },
    },
  },
  batch: {
    summary: "Run many commands as one, with an order between them",
    verbs: {
      run: { summary: "Run the items of a JSON lines or CSV file", load: () => import("./batches/run.ts") },
      list: { summary: "List batches, newest first", load: () => import("./batches/list.ts") },
      show: { summary: "Show how a batch stands, failures first", load: () => import("./batches/show.ts") },
      items: { summary: "List the items of a batch", load: () => import("./batches/items.ts") },
      watch: { summary: "Follow the progress of a batch", load: () => import("./batches/watch.ts") },
      cancel: { summary: "End a batch and everything it runs", load: () => import("./batches/cancel.ts") },
    },
  },
  schedule: {
    summary: "Run commands at times",
    verbs: {
      create: { summary: "Make a schedule", load: () => import("./schedules/create.ts"), passThrough: true },
      list: { summary: "List schedules with their next and last tick", load: () => import("./schedules/list.ts") },
      show: { summary: "Show everything about one schedule", load: () => import("./schedules/show.ts") },
      update: { summary: "Change a schedule", load: () => import("./schedules/update.ts"), passThrough: true },
      delete: { summary: "Delete schedules", load: () => import("./schedules/delete.ts") },
      pause: { summary: "Let a schedule tick no more until it is resumed", load: () => import("./schedules/pause.ts") },
      resume: { summary: "Let a paused schedule tick again", load: () => import("./schedules/resume.ts") },
      trigger: { summary: "Run a schedule once now", load: () => import("./schedules/trigger.ts") },
      next: { summary: "Show the ticks to come", load: () => import("./schedules/next.ts") },
      ticks: { summary: "Show what became of each tick", load: () => import("./schedules/ticks.ts") },
    },
  },
  providers: {
    summary: "List, check, and call providers",
    verbs: {
      list: { summary: "List providers with their state and load", load: () => import("./providers/list.ts") },
      status: { summary: "Show one provider and its instances", load: () => import("./providers/status.ts") },
      models: { summary: "List the models that providers offer", load: () => import("./providers/models.ts") },
      capabilities: { summary: "List the capabilities that providers offer", load: () => import("./providers/capabilities.ts") },
      health: { summary: "Ask providers how they are and measure the answer", load: () => import("./providers/health.ts") },
      invoke: { summary: "Call a method of a provider", load: () => import("./providers/invoke.ts") },
    },
  },
  open: { summary: "Start a program in a session and attach to it", load: () => import("./sessions/open.ts"), passThrough: true },
  attach: { summary: "Show a session in this terminal and type into it", load: () => import("./sessions/attach.ts") },
  sessions: {
    summary: "List, steer, and end sessions",
    verbs: {
      list: { summary: "List sessions", load: () => import("./sessions/list.ts") },
      show: { summary: "Show everything about one session", load: () => import("./sessions/show.ts") },
      send: { summary: "Type a text into a session and press Enter", load: () => import("./sessions/send.ts"), passThrough: true },
      interrupt: { summary: "Press Ctrl-C in a session", load: () => import("./sessions/interrupt.ts") },
      screen: { summary: "Print what a session shows now", load: () => import("./sessions/screen.ts") },
      kill: { summary: "End sessions and everything they started", load: () => import("./sessions/kill.ts") },
    },
  },
  keys: {
    summary: "Manage API keys",
    verbs: {
      create: { summary: "Make an API key", load: () => import("./access/create.ts") },
      list: { summary: "List API keys", load: () => import("./access/list.ts") },
      revoke: { summary: "Revoke an API key", load: () => import("./access/revoke.ts") },
    },
  },
  config: {
    summary: "Show and check the configuration",
    verbs: {
      show: { summary: "Show the configuration and where each value came from", load: () => import("./instances/config-show.ts") },
      validate: { summary: "Check the configuration without starting anything", load: () => import("./instances/config-validate.ts") },
    },
  },
  version: { summary: "Show the versions of this program and of the running instance", load: () => import("./instances/version.ts") },
};
