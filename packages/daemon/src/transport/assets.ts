/** Serves the dashboard's built files under /ui/. They are the same for everybody and hold no data, so they need no key. */
import { existsSync } from "node:fs";
import { join } from "node:path";

import fastifyStatic from "@fastify/static";
import type { FastifyInstance } from "fastify";

import { pageHeaders } from "./security-headers.ts";

export interface Assets {
  /** Folder with index.html; undefined or empty when the dashboard was not built. */
  directory: string | undefined;
}

export async function registerAssets(app: FastifyInstance, { directory }: Assets): Promise<void> {
  const publicRoute = { config: { public: true } };
  app.get("/ui", publicRoute, (_request, reply) => reply.redirect("/ui/"));
  if (directory === undefined || !existsSync(join(directory, "index.html"))) {
    app.get("/ui/*", publicRoute, (_request, reply) =>
      reply.code(404).type("text/plain").send("The dashboard is not built: run npm run build in the repository.\n"),
    );
    return;
  }
  await app.register(fastifyStatic, { root: directory, serve: false, index: false });
  app.get<{ Params: { "*": string } }>("/ui/*", publicRoute, (request, reply) => {
    reply.headers(pageHeaders);
    const path = request.params["*"];
    // Addresses inside the page are its own business: everything that is no file is answered with the page.
    const isFile = path.startsWith("assets/") || /^[\w-]+\.(?:svg|png|ico|webmanifest)$/.test(path);
    return isFile
      ? reply.sendFile(path, { immutable: path.startsWith("assets/"), maxAge: "1y" })
      : reply.sendFile("index.html", { maxAge: 0 });
  });
}
