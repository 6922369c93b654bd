/** The files of containers and clusters name verbs and folders that exist. */
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";

import { runCli } from "../support/cli.ts";
import { repository } from "../support/repository.ts";

const read = (name: string) => readFileSync(join(repository, name), "utf8");

test("the image starts, asks, and stops an instance by verbs that exist, and runs without root", async () => {
  const lines = read("Dockerfile").split("\n");
  const words = (instruction: string) =>
    lines.filter((line) => line.startsWith(instruction)).map((line) => JSON.parse(line.slice(line.indexOf("["))) as string[]);
  for (const [program, verb] of [...words("CMD"), ...words("HEALTHCHECK")]) {
    expect(program).toBe("gantry");
    const help = await runCli([verb as string, "--help"], { cwd: tmpdir(), env: { GANTRY_HOME: join(tmpdir(), "gantry-no-home") } });
    expect(help).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(`Usage: gantry ${verb}`) });
  }
  expect(lines.findLast((line) => line.startsWith("USER"))).toBe("USER node");
});

test("the compose file and the manifests are YAML with health checks, volumes, and no root", () => {
  const compose = parse(read("compose.yaml")) as { services: { gantry: { volumes: string[]; init: boolean } } };
  expect(compose.services.gantry).toMatchObject({ init: true, volumes: expect.arrayContaining(["gantry-state:/var/lib/gantry"]) });
  expect(read("Dockerfile")).toContain("ENV GANTRY_HOME=/var/lib/gantry");

  const documents = parseAllDocuments(read("deploy/kubernetes/gantry.yaml")).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS() as Record<string, unknown>;
  });
  const [map, set] = documents as [{ kind: string }, { kind: string; spec: { template: { spec: Record<string, unknown> } } }];
  expect([map.kind, set.kind]).toEqual(["ConfigMap", "StatefulSet"]);
  const pod = set.spec.template.spec as { containers: Record<string, { exec?: { command: string[] } }>[]; securityContext: object };
  expect(pod.securityContext).toMatchObject({ runAsNonRoot: true });
  for (const probe of ["startupProbe", "readinessProbe", "livenessProbe"]) {
    expect(pod.containers[0]?.[probe]?.exec?.command.join(" ")).toMatch(/gantry health/);
  }
});
