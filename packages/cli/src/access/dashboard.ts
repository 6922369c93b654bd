/** `gantry dashboard`: opens the page signed in, through a link that is good once and for a minute. */
import { Option } from "commander";

import type { Verb } from "../verb.ts";
import { openInBrowser } from "./open-in-browser.ts";

interface DashboardOptions {
  role: "viewer" | "relay" | "runner" | "operator" | "admin";
  print?: boolean;
}

export const verb: Verb = (command, context) => {
  command
    .option("--print", "print the link instead of opening it")
    .addOption(
      new Option("--role <role>", "what the page may do").choices(["viewer", "relay", "runner", "operator", "admin"]).default("admin"),
    )
    .addHelpText(
      "after",
      `
The browser stays signed in for a week, or until it is signed out there or with: gantry keys logout <login>
Through ssh, forward the port and open the link at home: ssh -L 8765:127.0.0.1:8765 host gantry dashboard --print

Examples:
  gantry dashboard
  gantry dashboard --role viewer
  gantry dashboard --print`,
    )
    .action(async ({ role, print = false }: DashboardOptions) => {
      const { client } = await context.connect();
      const { url, file } = await client.access.createLogin({ role });
      if (!print) {
        const failure = await openInBrowser(file);
        if (failure === undefined) {
          process.stderr.write(`Opened ${url.split("#")[0]} in your browser, signed in as ${role}.\n`);
          return;
        }
        process.stderr.write(`${failure} Open this link in one within a minute; it works once:\n`);
      }
      process.stdout.write(`${url}\n`);
    });
};
